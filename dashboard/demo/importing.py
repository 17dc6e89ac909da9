"""A ledger of the tea market that the clerk has uploaded and not yet written: some new
shops, some changes, and cells that want to be put right in the page."""

import io

from enterprises import imports
from enterprises.models import Business
from grids.models import Grid
from tianshan.files.writing import Column, write_xlsx

MARKET = "天山茶城"
COLUMNS = [
    *("单位名称", "统一社会信用代码", "所在楼宇/市场", "室号/摊位号"),
    *("行业类别", "从业人员数", "联系人", "联系电话", "备注"),
]


def waiting(accounts, *, grid, noon, today):
    """Keep the file as a batch with its preview; the ledger stays as it is."""
    shops = (
        Business.objects.operating().filter(building__name=MARKET).exclude(code=None)
    )
    rows = [_same(shop) for shop in shops.order_by("pk")[:14]]
    for row, (place, value) in zip(
        rows,
        [
            (5, 6),  # another number of people
            (8, "换了店招，兼营茶点"),
            (7, "19900006632"),
            (5, "四个"),  # no number
            (2, "天山荼城"),  # misspelt
            (7, "1990000663"),  # a digit is missing
        ],
        strict=False,
    ):
        row[place] = value
    rows += [
        ["山前小茶", None, MARKET, "A38", "茶叶零售", 2, "陈女士", "19900003801", None],
        ["听泉茶寮", None, MARKET, "B41", "茶馆", 5, "方先生", "19900004102", None],
    ]
    stream = io.BytesIO()
    write_xlsx(
        stream,
        title="商户",
        columns=[Column(label) for label in COLUMNS],
        rows=rows,
    )
    imports.upload(
        name=f"天山茶城商户台账_{today.month}月.xlsx",
        content=stream.getvalue(),
        grid=Grid.objects.get(code=grid),
        known_since=today,
        by=accounts["grid_clerk"],
        at=noon(today, 9),
        ask=True,
    )


def _same(shop):
    """The shop as the ledger has it."""
    return [
        *(shop.name, shop.code, MARKET, shop.room, shop.trade),
        *(shop.staff_count, shop.contact_name, shop.contact_phone, shop.note),
    ]
