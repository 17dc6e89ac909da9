"""What this room tells of a demand's way: its matter, its issue, meetings, measures."""

from django.utils import timezone

from issues.models import Matter, MatterDemand
from visits.way import DELIBERATED, ENDED, JOINED, MEASURE, Stop


def of_demand(user, demand):
    """Of each matter that the demand is in, or was in, as far as the user sees it."""
    links = MatterDemand.objects.filter(demand=demand).select_related(
        "matter__issue__body"
    )
    seen = Matter.objects.visible_to(user)
    seen = set(
        seen.filter(pk__in=[link.matter_id for link in links]).values_list(
            "pk", flat=True
        )
    )
    for link in links:
        matter = link.matter
        named = f"“{matter.title}”" if matter.pk in seen else "（不在您能看的范围）"
        url = matter.get_absolute_url() if matter.pk in seen else ""
        joined = timezone.localdate(link.joined_at)
        yield Stop(joined, JOINED, f"并入事项{named}", url=url, icon="link", dot="key")
        if link.left_at:
            left = timezone.localdate(link.left_at)
            yield Stop(left, JOINED, f"移出事项{named}", url=url, icon="arrow-back-up")
        elif matter.pk in seen:
            yield from _of_matter(matter)


def _of_matter(matter):
    issue = matter.issue
    if issue:
        yield Stop(
            issue.raised_on,
            JOINED,
            f"列入议题“{issue.title}”",
            who=f"{issue.body}研商",
            url=issue.get_absolute_url(),
            icon="flag",
        )
        for said in issue.deliberations.select_related("body"):
            yield Stop(
                said.held_on,
                DELIBERATED,
                f"{said.get_level_display()}：{said.body}",
                words=said.opinion,
                url=issue.get_absolute_url(),
                icon="messages",
                dot="key",
            )
    for measure in matter.measures.for_list():
        yield Stop(
            measure.decided_on,
            MEASURE,
            f"定措施：{measure.content}",
            who=f"{measure.lead}主办，{measure.due_on:%Y-%m-%d} 到期",
            url=measure.get_absolute_url(),
            icon="clipboard-check",
        )
        if measure.done_on:
            yield Stop(
                measure.done_on,
                MEASURE,
                f"措施完成：{measure.content}",
                words=measure.result,
                url=measure.get_absolute_url(),
                icon="checkbox",
                dot="ok",
            )
    if matter.ended_on:
        changed = f"{matter.before} → {matter.after}" if matter.before else matter.after
        yield Stop(
            matter.ended_on,
            ENDED,
            f"事项办结：{matter.get_ending_display()}",
            words=changed,
            url=matter.get_absolute_url(),
            icon="flag",
            dot="ok",
        )
    if issue and issue.closed_on:
        yield Stop(
            issue.closed_on,
            ENDED,
            "议题办结",
            url=issue.get_absolute_url(),
            icon="circle-check",
            dot="ok",
        )
