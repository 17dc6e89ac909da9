"""Extra fields of the demo's ledgers, defined and answered as their keepers would."""

from enterprises import actions as enterprises
from enterprises.models import Business
from grids import actions as grids
from grids.models import Building
from tianshan.values.actions import add_field
from tianshan.values.models import ExtraField

Type = ExtraField.Type
ANSWERED = 24


def load(world):
    """Fields of shops and buildings, some answered; told when all else is there."""
    admin, clerk = world["accounts"]["system_admin"], world["accounts"]["grid_clerk"]
    at = world["noon"](world["today"])

    def add(of, label, type, **facts):
        return add_field(of=of, label=label, type=type, by=admin, at=at, **facts)

    shops = {"kinds": [Business.Kind.MERCHANT]}
    fields = [
        add("business", "铺面来源", Type.CHOICE, choices=["自有", "租赁", "联营"]),
        add("business", "租约到期", Type.DATE, **shops, help="租赁的填合同到期日"),
        add("business", "夜间营业", Type.YES_NO, **shops),
        add(
            *("business", "房东电话", Type.TEXT),
            visibility=ExtraField.Visibility.PERSONAL,
            **shops,
        ),
    ]
    fee = add("building", "物业费（元/平方米·月）", Type.DECIMAL)

    def put(act, row, answers):
        act(
            row,
            fields=[*fields, fee],
            answers=answers,
            unseen=lambda _: lambda _: False,
            by=clerk,
            at=at,
        )

    source, lease, late, landlord = (field.key for field in fields)
    merchants = Business.objects.visible_to(clerk).filter(kind="merchant")
    for place, shop in enumerate(merchants.order_by("pk")[:ANSWERED]):
        answers = {source: ("租赁", "自有", "联营")[place % 3], late: place % 4 == 0}
        if place % 3 == 0:
            answers[lease] = f"{world['today'].year + 1}-{place % 12 + 1:02d}-28"
            answers[landlord] = f"199{place:08d}"
        put(enterprises.answer_extra, shop, answers)
    for place, building in enumerate(Building.objects.visible_to(clerk).order_by("pk")):
        put(grids.answer_extra, building, {fee.key: 2.5 + place})
