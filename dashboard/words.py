"""Rights in the words of those who hold them."""

from accounts.rights import (
    BY_GRID,
    BY_ORGANIZATION,
    BY_STATION,
    BY_UNIT,
    RIGHTS,
    WORDS,
    Right,
    Role,
)
from dashboard.models import Standing
from party.models.station import NARROWED_BY


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
