from django.apps import AppConfig


class ServicesConfig(AppConfig):
    name = "services"
    verbose_name = "服务"

    def ready(self):
        from accounts.rights import Right
        from services import (
            activity_ledger,
            activity_reminders,
            imports,
            order_figures,
            order_ledger,
            order_moments,
            order_reminders,
            order_todo,
            orders,
            resource_ledger,
            resource_moments,
            resources,
        )
        from visits import actions as visits
        from visits import dropping, turning, way

        activity_ledger.register()
        activity_reminders.register()
        imports.register_kinds()
        resource_ledger.register()
        order_ledger.register()
        order_figures.register()
        order_moments.register()
        order_todo.load()
        order_reminders.load()
        way.TELLERS += [order_moments.of_demand, resource_moments.of_demand]
        visits.BEFORE_TELLING += [orders.lock_orders_of, resources.lock_needs_of]
        dropping.BEFORE_DROPPING += [orders.leave, resources.leave]
        turning.TURNERS += [
            turning.Turner(
                "order",
                "转为点单",
                "bell-ringing",
                "services:order_from_demand",
                Right.ANSWER_DEMANDS,
            ),
            turning.Turner(
                "need",
                "转为需求",
                "search",
                "services:need_from_demand",
                Right.ANSWER_DEMANDS,
            ),
        ]
