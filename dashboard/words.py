"""Rights in the words of those who hold them."""

from accounts.rights import (
    BY_GRID,
    BY_ORGANIZATION,
    BY_STATION,
    BY_UNIT,
    RIGHTS,
    Right,
    Role,
)
from dashboard.models import Standing
from party.models.station import NARROWED_BY

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


def rights_in_words(role):
    return [words for right, words in WORDS.items() if right in RIGHTS[role]]


def reach_in_words(post):
    """What a post lets its holder see, and why no more than that."""
    if post.role in BY_GRID:
        return f"{post.grid.name}及下级网格里的全部记录。"
    if post.role in BY_ORGANIZATION:
        return "本人任职的党组织所覆盖的、所辖楼宇里的企业商户，和它们的诉求、议题。"
    if post.role in BY_UNIT:
        return "由本单位主办措施的议题。"
    if post.role in BY_STATION:
        return f"本人任职的阵地的预订、点单和活动，和{post.grid.name}的网格、楼宇。"
    if post.role == Role.HELPER:
        return f"分派给本人的帮办，和{post.grid.name}的网格、楼宇。"
    if not RIGHTS[post.role] & {Right.SEE_BUSINESSES, Right.SEE_TERRITORY}:
        return "按三员分立和最少知悉，这个岗位不看企业商户的资料。"
    return f"{post.grid.name}的网格和楼宇。"


def posts_in_words(user, day):
    """Each post that the user has, had or will have: what it lets see and do, and where
    that comes from. Rights that are in force stand first."""
    lines = []
    for post in user.posts.select_related("grid").order_by("-since", "-pk"):
        ended = bool(post.until and post.until <= day)
        lines.append(
            {
                "post": post,
                "state": "ended" if ended else "coming" if post.since > day else "now",
                "reach": reach_in_words(post),
                "narrowed": narrowed_in_words(post),
                "rights": rights_in_words(post.role),
            }
        )
    return sorted(
        lines, key=lambda line: ("now", "coming", "ended").index(line["state"])
    )


def narrowed_in_words(post):
    """Of a narrow role, what its post is narrowed to; None of others."""
    for roles, model in NARROWED_BY:
        if post.role in roles:
            named = [
                str(row).removesuffix(f" {post}")
                for row in model.objects.filter(post=post)
            ]
            return "、".join(named) or "还没有指定，所以什么也看不到"
    return None


def conditions_in_words(row, day):
    """Each condition of a Standing on the day: met or not, since when, whose turn."""
    failed = row.failures(day)
    late = Standing.Condition.UNVISITED in failed
    lines = [
        {
            "label": "按期走访",
            "met": not late,
            "words": f"期限 {row.visited_until}，已过 {(day - row.visited_until).days} 天"
            if late
            else f"到 {row.visited_until} 前再走访一次即可",
            "who": "走访责任人",
        }
    ]
    for condition, label, start in (
        (Standing.Condition.OVERDUE, "诉求不超期", row.overdue_from),
        (Standing.Condition.UNTOLD, "结果已告知", row.untold_from),
    ):
        if condition in failed:
            words = f"自 {start} 起"
        elif start:
            words = f"{start} 起将不达标，请赶在之前办"
        else:
            words = "没有在办的"
        lines.append(
            {
                "label": label,
                "met": condition not in failed,
                "words": words,
                "who": "答复诉求的党组织或台账员",
            }
        )
    if row.absent_from:
        lines.append(_taking_part(row, absent=Standing.Condition.ABSENT in failed))
    return lines


def _taking_part(row, *, absent):
    words = f"自 {row.absent_from} 起满一年没有参加过活动"
    if not absent:
        words = f"到 {row.absent_from} 前再参加一场即可"
    return {
        "label": "参加服务活动",
        "met": not absent,
        "words": words,
        "who": "办活动的网格和阵地",
    }
