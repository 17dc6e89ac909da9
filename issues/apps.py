from django.apps import AppConfig


class IssuesConfig(AppConfig):
    name = "issues"
    verbose_name = "议事"

    def ready(self):
        from issues import actions, figures, ledgers, moments
        from visits import actions as visits
        from visits import dropping

        ledgers.register()
        figures.register()
        moments.register()
        visits.BEFORE_TELLING.append(actions.lock_issues_of)
        visits.AFTER_TELLING.append(actions.settle)
        dropping.BEFORE_DROPPING.append(actions.leave)
