"""What this room tells of a business's timeline: what its demands were joined to."""

from django.utils import timezone

from accounts.rights import Right, may
from issues.models import Matter, MatterDemand
from tianshan.ledgers.moments import MOST, Moment, tell


def matters(user, business):
    if not may(user, Right.SEE_ISSUES):
        return []
    links = (
        MatterDemand.objects.filter(
            demand__business=business, matter__in=Matter.objects.visible_to(user)
        )
        .select_related("matter__issue")
        .order_by("-joined_at", "-pk")
    )
    told = []
    for link in links[:MOST]:
        matter = link.matter
        told.append(
            Moment(
                day=timezone.localdate(link.joined_at),
                title=f"诉求并入 {matter.title}",
                words=f"议题“{matter.issue.title}”，{matter.issue.get_state_display()}"
                if matter.issue
                else "直接办理",
                url=matter.get_absolute_url(),
                icon="git-merge",
                dot="key",
                tag=("mute", "已移出") if link.left_at else ("line", "议题"),
            )
        )
        if matter.ended_on and not link.left_at:
            told.append(
                Moment(
                    day=matter.ended_on,
                    title=f"{matter.title}：{matter.get_ending_display()}",
                    words=f"{matter.before} → {matter.after}" if matter.after else "",
                    url=matter.get_absolute_url(),
                    icon="circle-check",
                    dot="ok",
                    tag=("ok", "办结"),
                )
            )
    return told


def register():
    tell("issues", "议题", matters)
