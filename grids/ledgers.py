"""What the grid and building ledgers show."""

from accounts.rights import Right
from grids.bulk import EDITS
from grids.filters import BuildingFilter, GridFilter
from grids.models import Building, Grid
from tianshan.ledgers.ledger import Column, Ledger
from tianshan.ledgers.ledger import register as add
from tianshan.values.extra import Carrier, carry

GRIDS = Ledger(
    key="grids",
    title="网格",
    unit="个",
    page="grids:grid_list",
    rows=lambda user: Grid.objects.visible_to(user).for_list(),
    filters=GridFilter,
    hint="名称、编码",
    columns=[
        Column("name", "名称", lambda row: row.name, link=True, sort=("path",)),
        Column("code", "编码", lambda row: row.code, sort=("code",)),
        Column("kind", "类别", lambda row: row.get_kind_display(), sort=("kind",)),
        Column("parent", "上级", lambda row: row.parent.name if row.parent else ""),
        Column("live_on", "启用日", lambda row: row.live_on, sort=("live_on",)),
    ],
)

BUILDINGS = Ledger(
    key="buildings",
    title="楼宇台账",
    unit="处",
    page="grids:building_list",
    rows=lambda user: Building.objects.visible_to(user).for_list(),
    filters=BuildingFilter,
    hint="名称、俗称、地址、拼音首字母",
    empty="还没有楼宇。导入台账时，“楼宇”工作表里的楼宇会一并写入。",
    actions=[("导入台账", "table-import", "enterprises:import_new", Right.IMPORT)],
    edits=EDITS,
    carries=("building",),
    columns=[
        Column(
            "name",
            "楼宇(市场、街区)名称",
            lambda row: row.name,
            link=True,
            sort=("pinyin",),
        ),
        Column("kind", "类型", lambda row: row.get_kind_display(), sort=("kind",)),
        Column("address", "地址", lambda row: row.address),
        Column(
            "floors", "地上层数", lambda row: row.floors, number=True, sort=("floors",)
        ),
        Column("aliases", "曾用名/俗称", lambda row: "、".join(row.aliases)),
        Column(
            "area", "建筑面积（㎡）", lambda row: row.area, number=True, sort=("area",)
        ),
        Column(
            "units",
            "单元（铺位）数",
            lambda row: row.units,
            number=True,
            sort=("units",),
            shown=False,
        ),
        Column(
            "ownership",
            "产权",
            lambda row: row.get_ownership_display(),
            sort=("ownership",),
            shown=False,
        ),
        Column("property_manager", "物业管理", lambda row: row.property_manager),
        Column(
            "honours",
            "荣誉",
            lambda row: "、".join(honour.name for honour in row.honours_held),
        ),
        Column("grid", "网格", lambda row: row.grid.name, sort=("grid__path",)),
    ],
)


def register():
    add(GRIDS)
    add(BUILDINGS)
    labels = {column.label for column in BUILDINGS.columns}
    carry(
        Carrier(
            key="building",
            label="楼宇",
            model=Building,
            taken=labels.__contains__,
        )
    )
