"""The menu: what a user's posts open, and nothing that they do not.

A link's rule is read off the view that it leads to, so that menu and door agree.
"""

from functools import cache, lru_cache

from django.template.loader import render_to_string
from django.urls import resolve, reverse

from accounts.rights import RIGHTS, Right, Role
from dashboard.help.pages import help_url

MENU = [
    (
        "工作台",
        [
            ("dashboard:dashboard", "一屏统览", {"icon": "layout-dashboard"}),
            ("dashboard:map", "地图", {"icon": "map-2"}),
            ("dashboard:report_list", "报告和报表", {"icon": "report"}),
            ("dashboard:work", "今日工作", {"icon": "checklist"}),
            ("dashboard:search", "搜索", {"icon": "search"}),
        ],
    ),
    (
        "台账",
        [
            ("enterprises:business_list", "企业商户", {"icon": "buildings"}),
            ("enterprises:merchant_list", "商户", {"icon": "building-store"}),
            ("enterprises:enterprise_list", "企业", {"icon": "briefcase"}),
            ("grids:building_list", "楼宇", {"icon": "building-skyscraper"}),
            ("party:plan_item_list", "一楼一方案", {"icon": "clipboard-list"}),
            ("party:organization_list", "党组织", {"icon": "sitemap"}),
            ("enterprises:coverage_work", "覆盖办理", {"icon": "checklist"}),
            ("grids:grid_list", "网格", {"icon": "hexagons"}),
            ("visits:visit_list", "走访", {"icon": "route"}),
            ("visits:door_list", "门口情况", {"icon": "door-exit"}),
            ("visits:double_list", "重复走访", {"icon": "git-merge"}),
        ],
    ),
    (
        "三级议事",
        [
            ("visits:demand_list", "诉求", {"icon": "inbox"}),
            ("issues:triage", "诉求梳理", {"icon": "arrows-sort"}),
            ("visits:telling_list", "等着回告", {"icon": "send"}),
            ("issues:matter_list", "事项", {"icon": "stack-2"}),
            ("issues:issue_list", "议题", {"icon": "messages"}),
            ("issues:issue_board", "议题看板", {"icon": "layout-dashboard"}),
            ("issues:measure_list", "措施", {"icon": "list-check"}),
            ("issues:meeting_list", "会议", {"icon": "calendar-event"}),
            ("issues:body_list", "议事主体", {"icon": "users-group"}),
            ("issues:part_list", "措施分工", {"icon": "subtask"}),
        ],
    ),
    (
        "服务",
        [
            ("services:order_board", "点单派单", {"icon": "layout-kanban"}),
            ("services:order_list", "点单台账", {"icon": "bell-ringing"}),
            ("party:station_list", "党群阵地", {"icon": "building-community"}),
            ("services:activity_list", "活动", {"icon": "confetti"}),
            ("services:need_list", "资源对接", {"icon": "arrows-exchange"}),
        ],
    ),
    (
        "天天帮办",
        [
            ("cases:case_list", "帮办", {"icon": "user-check"}),
            ("cases:item_list", "帮办事项", {"icon": "list-details"}),
            ("cases:helper_list", "帮办员", {"icon": "users"}),
            ("cases:count_list", "帮办统计", {"icon": "number"}),
        ],
    ),
    (
        "管理",
        [
            ("enterprises:import_list", "导入", {"icon": "table-import"}),
            ("enterprises:template_list", "区级看板", {"icon": "file-spreadsheet"}),
            ("accounts:account_list", "账号", {"icon": "users"}),
            ("accounts:audit_list", "审计", {"icon": "shield-check"}),
            ("dashboard:token_list", "接口令牌", {"icon": "key"}),
            ("dashboard:holiday_list", "节假日", {"icon": "calendar-event"}),
            ("dashboard:job_list", "后台任务", {"icon": "refresh"}),
            ("dashboard:value_list", "常用值", {"icon": "list-details"}),
        ],
    ),
    (
        "我",
        [
            ("notices:notice_list", "待办和通知", {"icon": "bell"}),
            ("dashboard:me", "我的岗位", {"icon": "user"}),
        ],
    ),
]

# The four that a thumb reaches on a phone; what a role lacks is filled from the menu.
DOCK = {
    Role.GRID_STAFF: ["work", "merchant_list", "demand_list", "visit_list"],
    Role.PARTY_WORKER: ["work", "merchant_list", "demand_list", "visit_list"],
    Role.GRID_CLERK: ["merchant_list", "enterprise_list", "import_list", "dashboard"],
    Role.BRANCH_SECRETARY: ["demand_list", "merchant_list", "issue_list", "dashboard"],
    Role.BUILDING_SECRETARY: [
        "demand_list",
        "building_list",
        "issue_list",
        "dashboard",
    ],
    Role.GRID_CHIEF: ["dashboard", "demand_list", "issue_list", "measure_list"],
    Role.STREET_LEADER: ["dashboard", "issue_list", "measure_list", "building_list"],
    Role.STATION_STAFF: ["order_board", "station_list", "notice_list", "me"],
    Role.CASE_COORDINATOR: ["case_list", "helper_list", "notice_list", "item_list"],
    Role.HELPER: ["case_list", "item_list", "notice_list", "me"],
    Role.UNIT_OFFICER: ["part_list", "notice_list", "measure_list", "issue_list"],
}


@cache
def _door(name):
    """A page's address and the rights that open it, any one of them."""
    url = reverse(name)
    return url, resolve(url).func.rule


def _opens(rule, rights):
    return rule == "signed_in" or bool(rule & rights)


def navigation(request):
    """For base.html: `menu`, `dock`, `scope_label`, `my_posts`, `search_url`,
    `route_url`, `entry_url` (where a demand that came in is written down), `help_url`."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    posts = user.posts_in_force
    rights = frozenset().union(*(RIGHTS[post.role] for post in posts))
    current = _current(request.path)
    search, rule = _door("dashboard:search")
    entry, may_enter = _door("visits:demand_new")
    return {
        **_drawn(rights, posts[0].role if posts else None, current),
        "scope_label": "、".join(dict.fromkeys(post.grid.name for post in posts)),
        "my_posts": posts,
        "entry_url": entry if _opens(may_enter, rights) else "",
        "search_url": search if _opens(rule, rights) else "",
        "help_url": help_url(posts[0].role if posts else None, request.path),
        "route_url": reverse("dashboard:route") if Right.LOG_VISITS in rights else "",
    }


@lru_cache(maxsize=500)
def _drawn(rights, role, current):
    """The menus: the same for all of the same rights on the same page."""
    groups = []
    for label, entries in MENU:
        items = [_item(*entry, rights=rights, current=current) for entry in entries]
        if items := [item for item in items if item]:
            groups.append({"label": label, "items": items})
    return {
        "menu": render_to_string("web/menu.html", {"sections": groups}),
        "dock": render_to_string(
            "web/dock.html", {"sections": groups, "dock": _dock(groups, role)}
        ),
    }


def _item(name, label, options, *, rights, current):
    url, rule = _door(name)
    if not _opens(rule, rights):
        return None
    return {
        "name": name.partition(":")[2],
        "url": url,
        "label": label,
        "icon": options["icon"],
        "current": url == current,
    }


def _current(path):
    """The page of the entry that leads here; of two above one another, the nearer."""
    above = [page for page in _pages() if path == page or _leads(page, path)]
    return max(above, key=len, default=None)


def _leads(url, path):
    return url.count("/") >= 2 and path.startswith(url)


@cache
def _pages():
    return [_door(name)[0] for _, entries in MENU for name, *_ in entries]


def _dock(groups, role):
    items = [item for group in groups for item in group["items"]]
    first = DOCK.get(role, [])
    chosen = [item for name in first for item in items if item["name"] == name]
    return (chosen + [item for item in items if item not in chosen])[:4]
