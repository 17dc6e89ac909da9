from django.apps import AppConfig


class IssuesConfig(AppConfig):
    name = "issues"
    verbose_name = "议事"

    def ready(self):
        from issues import actions, figures, ledgers, moments, way
        from visits import actions as visits
        from visits import dropping
        from visits import way as visits_way

        ledgers.register()
        figures.register()
        moments.register()
        visits.BEFORE_TELLING.append(actions.lock_issues_of)
        visits.AFTER_TELLING.append(actions.settle)
        visits_way.TELLERS.append(way.of_demand)
        dropping.BEFORE_DROPPING.append(actions.leave)
