from django.apps import AppConfig


class IssuesConfig(AppConfig):
    name = "issues"
    verbose_name = "议事"

    def ready(self):
        from issues import (
            actions,
            cadence_figures,
            figures,
            ledgers,
            meeting_ledgers,
            moments,
            reminders,
            todo,
            urgent,
            way,
        )
        from visits import actions as visits
        from visits import dropping, steps
        from visits import way as visits_way

        ledgers.register()
        figures.register()
        meeting_ledgers.register()
        cadence_figures.register()
        moments.register()
        todo.load()
        reminders.load()
        visits.BEFORE_TELLING.append(actions.lock_issues_of)
        visits.AFTER_TELLING.append(actions.settle)
        visits_way.TELLERS.append(way.of_demand)
        visits.HAND_OVER_URGENT.append(urgent.hand_over)
        visits.BEFORE_ANSWERING.append(actions.leave)
        steps.NOT_OFFERED.append(actions.not_while_inside)
        dropping.BEFORE_DROPPING.append(actions.leave)
