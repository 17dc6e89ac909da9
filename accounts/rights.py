"""Roles and rights in one table that a secretary could check.

A role is held through a post (`grids.Post`). Three questions, three places:
*see* is `Model.objects.visible_to(user)`, *may* is this table, *now* is the step table
of the model.
"""

from enum import StrEnum

from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import JsonResponse


class Role(models.TextChoices):
    GRID_STAFF = "grid_staff", "网格员"
    PARTY_WORKER = "party_worker", "专职党群工作者"
    GRID_CLERK = "grid_clerk", "台账员"
    BRANCH_SECRETARY = "branch_secretary", "党支部书记"
    BUILDING_SECRETARY = "building_secretary", "楼宇党委书记"
    GRID_CHIEF = "grid_chief", "网格长"
    UNIT_OFFICER = "unit_officer", "成员单位联络员"
    STATION_STAFF = "station_staff", "阵地工作人员"
    CASE_COORDINATOR = "case_coordinator", "帮办协调员"
    HELPER = "helper", "帮办员"
    STREET_LEADER = "street_leader", "街道领导"
    SECURITY_ADMIN = "security_admin", "安全管理员"
    AUDITOR = "auditor", "审计员"
    SYSTEM_ADMIN = "system_admin", "系统管理员"


class Right(StrEnum):
    SEE_TERRITORY = "see_territory"  # grids and buildings
    EDIT_BUILDINGS = "edit_buildings"  # their facts and honours
    SEE_PLANS = "see_plans"  # 一楼一方案
    KEEP_PLANS = "keep_plans"  # draft, confirm, carry out
    SEE_BUSINESSES = "see_businesses"
    SEE_PARTY = "see_party"
    MANAGE_PARTY = "manage_party"  # set up, change and dissolve organisations
    KEEP_ORGANIZATION = "keep_organization"  # one's own: its facts, pioneer posts
    MANAGE_COVERAGE = "manage_coverage"  # take in, backstop, end; advisers
    EDIT_BUSINESSES = "edit_businesses"
    MARK_PRIORITY = "mark_priority"
    SEE_MEMBERS = "see_members"  # Party membership and politics: restricted
    ASSIGN_CARETAKERS = "assign_caretakers"  # who owes the visits of a business
    IMPORT = "import"
    BULK_EDIT = "bulk_edit"  # many rows at once, on top of the right to edit one
    MERGE = "merge"  # two rows for one business
    LOG_VISITS = "log_visits"
    CHECK_VISITS = "check_visits"  # doors, doubles, what others wrote down wrongly
    CALL = "call"  # a phone number within one's own caseload, logged by itself
    SEE_DEMANDS = "see_demands"
    ANSWER_DEMANDS = "answer_demands"
    PROPOSE_ISSUES = "propose_issues"
    SORT_DEMANDS = "sort_demands"  # 周梳理: answer, join, new matter, decline
    SEE_ISSUES = "see_issues"
    DECIDE_IN_BRANCH = "decide_in_branch"  # level 1, 临时党支部会议
    DECIDE_IN_COMMITTEE = "decide_in_committee"  # level 2, 楼宇党委例会
    DECIDE_IN_CONFERENCE = "decide_in_conference"  # level 3, 网格党建联席会
    ACT_ON_BEHALF = "act_on_behalf"  # for the chair of a body; recorded as such
    CALL_TOGETHER = "call_together"  # 召集: a body meets over an issue
    HAND_OUT = "hand_out"  # 交办: a measure straight to a unit
    SUPERVISE = "supervise"  # 督办: it leads every list until answered
    KEEP_MEETINGS = "keep_meetings"  # agenda, attendance, outcomes, minutes
    KEEP_BODIES = "keep_bodies"  # who deliberates, chairs and sits in which body
    DO_PARTS = "do_parts"  # what one's unit or organisation has of a measure
    SEE_STATIONS = "see_stations"
    KEEP_STATIONS = "keep_stations"  # facts, functions, rooms, hours
    BOOK_ROOMS = "book_rooms"
    SEE_SERVICES = "see_services"  # activities, orders, needs and offers
    KEEP_MENU = "keep_menu"  # brands, and what can be ordered of them
    HOLD_ACTIVITIES = "hold_activities"  # announce, sign up, check in, close
    ORDER = "order"  # for a business that asks
    DISPATCH = "dispatch"  # 网格派单: an order to a station
    SERVE = "serve"  # 阵地接单: take or refuse what is dispatched to one's station
    KEEP_RESOURCES = "keep_resources"  # who offers what, needs, matches
    OFFER = "offer"  # one's own unit, for a need
    ASSIGN_CASES = "assign_cases"  # help cases: the list without content, helpers
    HANDLE_CASES = "handle_cases"  # the help cases assigned to oneself
    COUNT_CASES = "count_cases"  # how many, where there are enough to hide in
    SEE_FIGURES = "see_figures"
    SEE_REPORTS = "see_reports"  # and have them made, of the grids that one governs
    FILL_FORMS = "fill_forms"  # 填报: upward forms, their templates, who asked for them
    CHECK_FORMS = "check_forms"  # 审核, by another person
    SIGN_FORMS = "sign_forms"  # 签发, by a third
    KEEP_WALLS = "keep_walls"  # links to totals, for screens without an account
    KEEP_TOKENS = "keep_tokens"  # for other systems: masked ledgers, figures, the map
    MANAGE_ACCOUNTS = "manage_accounts"
    READ_AUDIT = "read_audit"
    RUN_SYSTEM = "run_system"


# Rights in the words of those who hold them.
WORDS = {
    Right.SEE_TERRITORY: "看网格和楼宇",
    Right.EDIT_BUILDINGS: "改楼宇资料",
    Right.SEE_PLANS: "看一楼一方案",
    Right.KEEP_PLANS: "编修、确认、推进一楼一方案",
    Right.SEE_BUSINESSES: "看企业商户和走访",
    Right.SEE_PARTY: "看党组织",
    Right.MANAGE_PARTY: "设立、修改、撤销党组织",
    Right.KEEP_ORGANIZATION: "改本组织的情况和先锋岗位",
    Right.MANAGE_COVERAGE: "纳入、兜底、终止覆盖，派党建指导员",
    Right.EDIT_BUSINESSES: "改企业商户资料",
    Right.MARK_PRIORITY: "把企业商户列为重点",
    Right.SEE_MEMBERS: "看党员和政治面貌",
    Right.ASSIGN_CARETAKERS: "指定走访责任人",
    Right.IMPORT: "导入台账",
    Right.BULK_EDIT: "批量改企业商户、楼宇",
    Right.MERGE: "合并重复的企业商户",
    Right.LOG_VISITS: "记走访、记诉求",
    Right.CHECK_VISITS: "核实门口情况、重复走访，更正他人记错的",
    Right.CALL: "看自己范围内的联系电话，每次都留记录",
    Right.SEE_DEMANDS: "看诉求",
    Right.ANSWER_DEMANDS: "答复诉求、不予受理、记回告",
    Right.PROPOSE_ISSUES: "提议题、并事项",
    Right.SORT_DEMANDS: "梳理诉求",
    Right.SEE_ISSUES: "看事项、议题和措施",
    Right.DECIDE_IN_BRANCH: "定一级议题（临时党支部会议）",
    Right.DECIDE_IN_COMMITTEE: "定二级议题（楼宇党委例会）",
    Right.DECIDE_IN_CONFERENCE: "定三级议题（网格党建联席会）",
    Right.ACT_ON_BEHALF: "代主持人、代没有账号的单位办理，都留记录",
    Right.CALL_TOGETHER: "召集议事主体",
    Right.HAND_OUT: "把措施直接交办给单位",
    Right.SUPERVISE: "督办",
    Right.KEEP_MEETINGS: "拟会议、排议程、记结果、出纪要",
    Right.KEEP_BODIES: "设议事主体，定主持人和成员",
    Right.DO_PARTS: "确认、推进本单位的措施分工",
    Right.SEE_STATIONS: "看党群阵地和场地预订",
    Right.KEEP_STATIONS: "改阵地资料、功能、场地和开放时间",
    Right.BOOK_ROOMS: "订场地",
    Right.SEE_SERVICES: "看活动、点单和资源对接",
    Right.KEEP_MENU: "管服务品牌和服务菜单",
    Right.HOLD_ACTIVITIES: "办活动：发布、报名、签到、收尾",
    Right.ORDER: "代企业商户点单、登记需求",
    Right.DISPATCH: "派单",
    Right.SERVE: "接本阵地的单",
    Right.KEEP_RESOURCES: "管资源提供方和对接",
    Right.OFFER: "以本单位名义为需求提供资源",
    Right.ASSIGN_CASES: "登记、分派帮办，看到期清单，定临时帮办员；看不到帮办内容",
    Right.HANDLE_CASES: "办分派给本人的帮办",
    Right.COUNT_CASES: "看帮办统计，不足 5 件的不显示",
    Right.SEE_FIGURES: "看统览和统计数",
    Right.SEE_REPORTS: "看报告和对上报表，做月报、季报、年报",
    Right.FILL_FORMS: "填报对上报表，管报表模板和索表登记",
    Right.CHECK_FORMS: "审核别人填的对上报表",
    Right.SIGN_FORMS: "签发对上报表",
    Right.KEEP_WALLS: "发、停大屏链接：不用登录，只有合计数",
    Right.KEEP_TOKENS: "发、停接口令牌：别的系统只读，电话等照样遮盖",
    Right.MANAGE_ACCOUNTS: "管账号和岗位",
    Right.READ_AUDIT: "看审计记录",
    Right.RUN_SYSTEM: "管节假日、常用值和系统任务",
}

_R = Right
_LEDGERS = frozenset(
    {
        _R.SEE_TERRITORY,
        _R.SEE_PLANS,
        _R.SEE_BUSINESSES,
        _R.SEE_PARTY,
        _R.SEE_DEMANDS,
        _R.SEE_ISSUES,
        _R.SEE_STATIONS,
        _R.SEE_SERVICES,
        _R.SEE_FIGURES,
    }
)
_BOOKS = frozenset({_R.BOOK_ROOMS, _R.HOLD_ACTIVITIES, _R.ORDER})
_FIELD = (
    _LEDGERS | _BOOKS | {_R.LOG_VISITS, _R.EDIT_BUSINESSES, _R.CALL, _R.SEE_REPORTS}
)
_FORMS = frozenset({_R.FILL_FORMS, _R.CHECK_FORMS})
_SERVICES = frozenset({_R.KEEP_STATIONS, _R.KEEP_MENU, _R.DISPATCH, _R.KEEP_RESOURCES})
_BUILDINGS = frozenset({_R.EDIT_BUILDINGS, _R.KEEP_PLANS})
_PARTY = frozenset(
    {_R.MANAGE_PARTY, _R.KEEP_ORGANIZATION, _R.MANAGE_COVERAGE, _R.SEE_MEMBERS}
)

RIGHTS = {
    Role.GRID_STAFF: _FIELD,
    Role.PARTY_WORKER: _FIELD | _PARTY | _SERVICES | _FORMS | {_R.ANSWER_DEMANDS},
    Role.GRID_CLERK: _FIELD
    | _PARTY
    | _SERVICES
    | _BUILDINGS
    | _FORMS
    | {
        _R.ACT_ON_BEHALF,
        _R.IMPORT,
        _R.BULK_EDIT,
        _R.MERGE,
        _R.CHECK_VISITS,
        _R.MARK_PRIORITY,
        _R.ASSIGN_CARETAKERS,
        _R.ANSWER_DEMANDS,
        _R.PROPOSE_ISSUES,  # on the chief's behalf
        _R.SORT_DEMANDS,
        _R.KEEP_MEETINGS,
        _R.KEEP_BODIES,
        _R.KEEP_WALLS,
        _R.KEEP_TOKENS,
    },
    Role.BRANCH_SECRETARY: _LEDGERS
    | _BOOKS
    | {
        _R.LOG_VISITS,
        _R.CALL,
        _R.ANSWER_DEMANDS,
        _R.PROPOSE_ISSUES,
        _R.SORT_DEMANDS,
        _R.KEEP_ORGANIZATION,
        _R.SEE_MEMBERS,
        _R.DECIDE_IN_BRANCH,
        _R.KEEP_MEETINGS,
        _R.DO_PARTS,
    },
    Role.BUILDING_SECRETARY: _LEDGERS
    | _BOOKS
    | _BUILDINGS
    | {
        _R.LOG_VISITS,
        _R.CALL,
        _R.ANSWER_DEMANDS,
        _R.PROPOSE_ISSUES,
        _R.SORT_DEMANDS,
        _R.KEEP_ORGANIZATION,
        _R.MANAGE_COVERAGE,
        _R.SEE_MEMBERS,
        _R.DECIDE_IN_COMMITTEE,
        _R.KEEP_MEETINGS,
        _R.DO_PARTS,
    },
    Role.GRID_CHIEF: _FIELD
    | _PARTY
    | _SERVICES
    | _BUILDINGS
    | {
        _R.CHECK_VISITS,
        _R.MARK_PRIORITY,
        _R.ASSIGN_CARETAKERS,
        _R.ANSWER_DEMANDS,
        _R.PROPOSE_ISSUES,
        _R.SORT_DEMANDS,
        _R.DECIDE_IN_COMMITTEE,  # a market's governance committee, which he calls
        _R.DECIDE_IN_CONFERENCE,
        _R.KEEP_MEETINGS,
        _R.KEEP_BODIES,
        _R.CHECK_FORMS,
        _R.SIGN_FORMS,
        _R.KEEP_WALLS,
    },
    Role.UNIT_OFFICER: frozenset(
        {
            _R.SEE_TERRITORY,
            _R.SEE_ISSUES,
            _R.SEE_STATIONS,
            _R.SEE_PLANS,
            _R.DO_PARTS,
            _R.OFFER,
        }
    ),
    Role.STATION_STAFF: frozenset(
        {
            _R.SEE_TERRITORY,
            _R.SEE_STATIONS,
            _R.KEEP_STATIONS,
            _R.BOOK_ROOMS,
            _R.SEE_SERVICES,
            _R.HOLD_ACTIVITIES,
            _R.SERVE,
        }
    ),
    Role.CASE_COORDINATOR: frozenset(
        {_R.SEE_TERRITORY, _R.ASSIGN_CASES, _R.COUNT_CASES}
    ),
    Role.HELPER: frozenset({_R.SEE_TERRITORY, _R.HANDLE_CASES}),
    Role.STREET_LEADER: _LEDGERS
    | {
        _R.SEE_MEMBERS,
        _R.CALL_TOGETHER,
        _R.HAND_OUT,
        _R.SUPERVISE,
        _R.COUNT_CASES,
        _R.SEE_REPORTS,
        _R.SIGN_FORMS,
        _R.KEEP_WALLS,
        _R.KEEP_TOKENS,
    },
    Role.SECURITY_ADMIN: frozenset({_R.MANAGE_ACCOUNTS}),
    Role.AUDITOR: frozenset({_R.READ_AUDIT}),
    Role.SYSTEM_ADMIN: frozenset({_R.RUN_SYSTEM}),
}

# How wide a role looks: over a grid and all below it, or only at what a row in the
# room of the narrower thing names (OrganizationOfficer, UnitOfficer, StationStaff).
BY_GRID = frozenset(
    {
        Role.GRID_STAFF,
        Role.PARTY_WORKER,
        Role.GRID_CLERK,
        Role.GRID_CHIEF,
        Role.STREET_LEADER,
    }
)
BY_ORGANIZATION = frozenset({Role.BRANCH_SECRETARY, Role.BUILDING_SECRETARY})
BY_UNIT = frozenset({Role.UNIT_OFFICER})
BY_STATION = frozenset({Role.STATION_STAFF})


def roles_with(right):
    """The roles that carry the right, in order."""
    return sorted(role for role, rights in RIGHTS.items() if right in rights)


def posts_with(user, right, *, among=None):
    """The user's posts in force whose role carries the right, of the roles `among`."""
    if not user.is_authenticated:
        return []
    return [
        post
        for post in user.posts_in_force
        if right in RIGHTS[post.role] and (among is None or post.role in among)
    ]


def may(user, right):
    """Does any post of the user carry the right? On which rows is `visible_to`'s."""
    return bool(posts_with(user, right))


def _ruled(view, rule):
    view.rule = rule
    return view


def needs(*rights):
    """A view for those who hold at least one of the rights; 403 for others."""

    def decorate(view):
        def ruled(request, *args, **kwargs):
            if not any(may(request.user, right) for right in rights):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        ruled.__name__ = view.__name__
        ruled.__doc__ = view.__doc__
        ruled.__module__ = view.__module__
        return _ruled(ruled, frozenset(rights))

    return decorate


def for_devices(*rights):
    """A view that a script calls: 401 without a session, 403 without any of the rights,
    both as JSON and neither a redirect, so that a queue knows what to wait for."""

    def decorate(view):
        def ruled(request, *args, **kwargs):
            if not request.user.is_authenticated:
                return JsonResponse({"reason": "请先登录。"}, status=401)
            if not any(may(request.user, right) for right in rights):
                return JsonResponse({"reason": "您的岗位不能办这件事。"}, status=403)
            return view(request, *args, **kwargs)

        ruled.__name__ = view.__name__
        ruled.__doc__ = view.__doc__
        ruled.__module__ = view.__module__
        ruled.login_required = False
        return _ruled(ruled, "devices")

    return decorate


def signed_in(view):
    """A view for everybody with an account."""
    return _ruled(view, "signed_in")


def anyone(view):
    """A view that needs no account. Say why beside it."""
    view.login_required = False
    return _ruled(view, "anyone")
