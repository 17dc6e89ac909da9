"""The pictures of the help: whose screen, of which page, how large.

`make pictures` takes them anew from the demo; tests/browser/test_help_pictures.py takes
each of them in every run, so that none shows a page that is gone.
"""

from dataclasses import dataclass

PHONE, DESK = (390, 640), (1180, 720)


@dataclass(frozen=True)
class Picture:
    """`opens`: the first link on the page that begins so and names a row is followed."""

    key: str
    account: str
    page: str
    words: str
    size: tuple = DESK
    opens: str = ""
    at: str = ""  # what is scrolled to

    @property
    def width(self):
        return self.size[0]

    @property
    def height(self):
        return self.size[1]

    @property
    def file(self):
        return f"help/{self.key}.webp"


_ALL = [
    Picture("today", "grid_staff", "/work/", "今日工作", PHONE),
    Picture("route", "grid_staff", "/visits/plan/", "走访路线", PHONE),
    Picture("visit", "grid_staff", "/work/", "记走访", PHONE, "/visits/new/?"),
    Picture("demand_new", "grid_staff", "/demands/new/", "记诉求", PHONE),
    Picture("telling_phone", "grid_staff", "/demands/telling/", "等着回告", PHONE),
    Picture("shop", "grid_staff", "/merchants/", "一家商户", PHONE, "/businesses/"),
    Picture("demands", "branch_secretary", "/", "诉求台账"),
    Picture("triage", "branch_secretary", "/demands/triage/", "诉求梳理"),
    Picture("telling", "branch_secretary", "/demands/telling/", "等着回告"),
    Picture("issue", "branch_secretary", "/issues/", "一个议题", opens="/issues/"),
    Picture("meeting", "branch_secretary", "/meetings/", "会议", opens="/meetings/"),
    Picture("parts", "branch_secretary", "/measures/parts/", "措施分工"),
    Picture("screen", "street_leader", "/dashboard/", "一屏统览"),
    Picture("brief", "street_leader", "/dashboard/brief/", "检查前五分钟", PHONE),
    Picture("map", "street_leader", "/map/", "地图"),
    Picture("board", "street_leader", "/issues/board/", "议题看板"),
    Picture("reports", "street_leader", "/reports/", "报告和报表"),
    Picture("orders", "party_worker", "/orders/board/", "点单派单"),
    Picture("imports", "grid_clerk", "/imports/", "导入"),
    Picture("plans", "building_secretary", "/buildings/plans/", "一楼一方案"),
    Picture("chief_triage", "grid_chief", "/demands/triage/", "诉求梳理"),
    Picture("unit_parts", "unit_officer", "/measures/parts/", "措施分工"),
    Picture("station", "station_staff", "/orders/board/", "点单派单"),
    Picture("cases", "case_coordinator", "/cases/", "帮办"),
    Picture("helper_cases", "helper", "/cases/", "帮办"),
    Picture("accounts", "security_admin", "/accounts/", "账号"),
    Picture("audit", "auditor", "/audit/", "审计"),
    Picture("holidays", "system_admin", "/holidays/", "节假日"),
]
PICTURES = {picture.key: picture for picture in _ALL}
