"""What this room reminds of: what falls due, is late, waits, was sent up or back.

To the officers of whoever holds a part; where it has no account, to the grid's clerk,
who acts for it. To the chair of the body that has to decide.
"""

import datetime as dt

from django.db.models import F, Q

from accounts.rights import BY_ORGANIZATION, RIGHTS, Role
from grids.models import Post
from issues import cadence, parts
from issues.models import Extension, IssueStep, MeasurePart, Meeting, Supervision
from issues.models.part import UNANSWERED, State
from issues.models.rules import DECIDES, Step
from tianshan.notices.reminders import BEFORE, LINES, READERS, Reminder
from tianshan.workdays.calendar import Calendar
from visits.reminders import clerks_of, officers_of, over, people

AFTER = dt.timedelta(days=7)  # so long a step is still news
MOVED = (Step.ESCALATE, Step.SEND_BACK, Step.CALL_TOGETHER)  # to another body
TITLES = 5  # that a group is told


def holders_of(part):
    """Whoever speaks for the part's holder; else the clerks who may act for it."""
    return people(_speakers(part)) or clerks_of(part.measure.matter.grid)


def _speakers(seat):
    """Posts that speak for the unit or organisation of a part, or of a body's member."""
    if seat.unit_id:
        return Post.objects.filter(
            role=Role.UNIT_OFFICER, unit_offices__unit=seat.unit_id
        )
    return officers_of(seat.organization_id)


def chairs_of(body):
    """Who decides in the body; where nobody does, the clerks of its grid."""
    right = DECIDES[body.level]
    if body.chair_id:
        posts = Post.objects.filter(pk=body.chair_id)
    elif body.organization_id:
        roles = [role for role in BY_ORGANIZATION if right in RIGHTS[role]]
        posts = Post.objects.filter(
            role__in=roles, offices__organization=body.organization_id
        )
    else:
        posts = over(body.grid, Role.GRID_CHIEF)
    return people(posts) or clerks_of(body.grid)


def read(day):
    """All of the day; each key comes to a person once."""
    tomorrow = Calendar.load().add(day, 1)
    for part in MeasurePart.objects.open().for_list():
        yield from _of_part(part, day, tomorrow)
    for asked in Extension.objects.undecided():
        part = MeasurePart.objects.for_list().get(pk=asked.part_id)
        yield Reminder(
            chairs_of(part.measure.matter.owner),
            f"extension-{asked.pk}",
            f"{part.holder}申请延期：{part.content}",
            part.get_absolute_url(),
        )
    yield from _of_issues(day)
    yield from _of_meetings(day, tomorrow)


def _of_issues(day):
    moved = IssueStep.objects.filter(
        step__in=MOVED, at__date__gt=day - AFTER, to_body=F("issue__body")
    )
    for step in moved.select_related("issue", "to_body__grid"):
        words = f"{step.get_step_display()}，由{step.to_body}研商：{step.issue}"
        url = step.issue.get_absolute_url()
        yield Reminder(chairs_of(step.to_body), f"issue-step-{step.pk}", words, url)
    waiting = Supervision.objects.waiting()
    for one in waiting.select_related("issue__body__grid", "measure"):
        lead = MeasurePart.objects.filter(measure=one.measure, lead=True).first()
        yield Reminder(
            holders_of(lead) if lead else chairs_of(one.issue.body),
            f"supervision-{one.pk}",
            f"督办等您答复：{one.measure or one.issue}",
            one.issue.get_absolute_url(),
        )


def _of_meetings(day, tomorrow):
    coming = Meeting.objects.filter(
        state=Meeting.State.NOTIFIED, on__range=(day, tomorrow)
    )
    for meeting in coming.select_related("body__grid"):
        body = meeting.body
        sitting = body.members.filter(Q(until=None) | Q(until__gt=meeting.on))
        told = set(chairs_of(body)).union(*map(people, map(_speakers, sitting)))
        if body.clerk_id:
            told.update(people(Post.objects.filter(pk=body.clerk_id)))
        when = "今天" if meeting.on == day else f"{meeting.on:%m-%d}"
        yield Reminder(
            tuple(told),
            f"meeting-{meeting.pk}-{meeting.on.isoformat()}-{when[:2]}",
            f"{when} {meeting.at:%H:%M} 在{meeting.place}开会：{meeting.title}",
            meeting.get_absolute_url(),
        )


def _of_part(part, day, tomorrow):
    holders = holders_of(part)
    url, what = part.get_absolute_url(), part.content
    last = part.log.last()
    if part.state in UNANSWERED:
        words = f"等{part.holder}确认分工：{what}"
        yield Reminder(holders, f"part-{part.pk}-asked-{last.pk}", words, url)
    if part.state == State.REFUSED:
        body = part.measure.matter.owner
        if parts.refusals_of(part) >= parts.REFUSALS:
            body = parts.conference_of(part.measure.matter) or body
        words = f"{part.holder}退回分工，等您改派：{what}"
        yield Reminder(chairs_of(body), f"part-{part.pk}-refused-{last.pk}", words, url)
        return
    if part.pause_on(day):
        return
    due = part.due_on
    if day <= due <= tomorrow:
        when = "今天到期" if due == day else f"{due:%m-%d} 到期"
        key = f"part-{part.pk}-due-{due.isoformat()}-{when[:2]}"
        yield Reminder(holders, key, f"分工{when}：{what}", url)
    elif due < day:
        late = f"part-{part.pk}-late-{due.isoformat()}"
        yield Reminder(holders, late, f"分工已超期：{what}", url)
        chairs = chairs_of(part.measure.matter.owner)
        words = f"{part.holder}的分工已超期：{what}"
        yield Reminder(chairs, f"{late}-chair", words, url)


def lines(code, day):
    """What a grid's group is told: totals and titles, no asker and no officer."""
    tomorrow = Calendar.load().add(day, 1)
    here = MeasurePart.objects.open().filter(
        measure__matter__grid__code__startswith=code
    )
    here = here.for_list()
    late = [part for part in here if part.due_on < day and not part.pause_on(day)]
    soon = [part for part in here if day <= part.due_on <= tomorrow]
    waiting = [part for part in here if part.state in UNANSWERED]
    for label, found in (("超期", late), ("今明到期", soon), ("等确认", waiting)):
        if found:
            yield f"措施分工{label} {len(found)} 项"
            for part in found[:TITLES]:
                yield f"- {part.holder}：{part.content}"


def load():
    BEFORE.append(cadence.keep_all)
    READERS.append(read)
    LINES.append(lines)
