"""Parts of measures: confirmed, refused, studied, reported on, given more time, ended.

The table of steps stands in `issues.models.part`. Here: who takes them. The holder of a
part is its unit or organisation; the grid clerk may act for it, and so may the part's
own link (`public.part_links`). All else is for the body that owns the matter.
"""

import datetime as dt

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from issues.models import Level, MeasurePart
from issues.models.part import STEPS, TOLD, Evidence, How, PartAct, PartStep, State
from issues.place import body_over
from issues.taking import Refused, acts_for_body, lock_matter, said
from party.models import MemberUnit
from tianshan.audit import record
from tianshan.files.keeping import keep_picture
from tianshan.workdays.calendar import Calendar

FOLDER = "evidence"
STUDY_MOST = 10  # working days
PAUSE_MOST = 30  # working days of a part, all its pauses together
REFUSALS = 2  # so many, and the joint meeting decides

HOLDERS = frozenset(
    {
        PartStep.CONFIRM,
        PartStep.REFUSE,
        PartStep.STUDY,
        PartStep.REPORT,
        PartStep.ASK_EXTENSION,
        PartStep.FINISH,
    }
)
BY_LINK = frozenset(
    {PartStep.CONFIRM, PartStep.REFUSE, PartStep.STUDY, PartStep.REPORT}
)


# --- who -----------------------------------------------------------------------------


def acts_for(part, step, user):
    """For whom the user takes the step: "" for his own, a name; None: he may not."""
    if step in HOLDERS:
        if MeasurePart.objects.held_by(user).filter(pk=part.pk).exists():
            return ""
        if MeasurePart.objects.acted_for_by(user).filter(pk=part.pk).exists():
            return str(part.holder)
        return None
    body = part.measure.matter.owner
    if step == PartStep.REASSIGN and refusals_of(part) >= REFUSALS:
        body = conference_of(part.measure.matter) or body
    return acts_for_body(body, user)


def conference_of(matter):
    """The joint meeting of the matter's grid, or of the next grid above that has one."""
    return body_over(matter.grid, Level.CONFERENCE)


def refusals_of(part):
    return part.log.filter(step=PartStep.REFUSE).count()


def take(part, step, *, by, how, link):
    """Lock the part and its matter, then ask who may, and whether it may be now.

    Locks go from above to below: matter, part. Answers the part and who takes the step.
    """
    matter = lock_matter(part.measure.matter)
    part = (
        MeasurePart.objects.select_for_update(of=["self"])
        .select_related("measure", "unit", "organization")
        .get(pk=part.pk)
    )
    part.measure.matter = matter
    if link is not None and step in BY_LINK:
        taker = {"for_whom": str(part.holder), "how": How.LINK, "link": link}
    elif by is None or (for_whom := acts_for(part, step, by)) is None:
        raise PermissionDenied
    elif for_whom and step in HOLDERS:
        if how not in TOLD:
            raise Refused("代单位办理，请选对方是怎么答复的。")
        taker = {"for_whom": for_whom, "how": how}
    else:
        taker = {"for_whom": for_whom, "how": How.OWN}
    if step not in part.open_steps:
        raise Refused(overtaken(part))
    return part, {"by": by, **taker}


def overtaken(part):
    """What happened to the part last, for one whose step is no longer open."""
    last = part.log.select_related("by").last()
    when = f"{timezone.localtime(last.at):%m-%d %H:%M}"
    return (
        f"这项分工状态已变化：{when} {last.who}办了“{last.get_step_display()}”，"
        f"现在是“{part.get_state_display()}”。请看过再办。"
    )


def write(part, step, *, at, taker, words="", until=None, **changes):
    """Write the step down and the part with it; the audit line names the part alone."""
    to = STEPS[step][1] or part.state
    for name, value in changes.items():
        setattr(part, name, value)
    act = PartAct.objects.create(
        part=part,
        step=step,
        from_state="" if step == PartStep.ASSIGN else part.state,
        to_state=to,
        holder=str(part.holder),
        at=at,
        words=words,
        until=until,
        **taker,
    )
    part.state = to
    part.save(update_fields=["state", *changes])
    record(
        f"part.{VERBS[step]}",
        part,
        by=taker["by"],
        at=at,
        on_behalf_of=taker["for_whom"],
        measure=part.measure_id,
        lead=part.lead,
        how=taker["how"],
        **({"reason": words} if words else {}),
    )
    return act


VERBS = {
    PartStep.ASSIGN: "assigned",
    PartStep.CONFIRM: "confirmed",
    PartStep.REFUSE: "refused",
    PartStep.STUDY: "studied",
    PartStep.REASSIGN: "reassigned",
    PartStep.REPORT: "reported",
    PartStep.ASK_EXTENSION: "extension_asked",
    PartStep.GRANT_EXTENSION: "extension_granted",
    PartStep.DENY_EXTENSION: "extension_denied",
    PartStep.PAUSE: "paused",
    PartStep.RESUME: "resumed",
    PartStep.FINISH: "finished",
    PartStep.EXCUSE: "excused",
}


def held(holder):
    """The field of a part that names such a holder."""
    return {
        "unit": holder if isinstance(holder, MemberUnit) else None,
        "organization": None if isinstance(holder, MemberUnit) else holder,
    }


def assign(measure, holder, *, lead, content, due_on, by, at, for_whom=""):
    """A part of the measure, from now on with that holder, who is to confirm it.

    What a body's own organisation has just decided to do itself needs no confirming.
    """
    today = timezone.localdate(at)
    if holder is None:
        raise Refused("每项分工都要写明由谁办。")
    if due_on < today:
        raise Refused("分工的期限不能早于今天。")
    if due_on > measure.due_on:
        raise Refused("协办的期限不能晚于措施的期限。")
    part = MeasurePart.objects.create(
        measure=measure,
        lead=lead,
        content=said(content, "请写明要做什么。"),
        assigned_on=today,
        due_on=due_on,
        **held(holder),
    )
    how = How.MEETING if by else How.RULE
    taker = {"by": by, "for_whom": for_whom, "how": how}
    write(part, PartStep.ASSIGN, at=at, taker=taker, words=part.content[:300])
    if (
        part.organization_id
        and part.organization_id == measure.matter.owner.organization_id
    ):
        write(part, PartStep.CONFIRM, at=at, taker=taker, words="议事主体自己办")
    return part


# --- the holder ----------------------------------------------------------------------


@transaction.atomic
def confirm(part, *, by, at, how="", link=None):
    """Its holder takes the part on."""
    part, taker = take(part, PartStep.CONFIRM, by=by, how=how, link=link)
    write(part, PartStep.CONFIRM, at=at, taker=taker, study_until=None)
    return part


@transaction.atomic
def refuse(part, *, reason, instead, by, at, how="", link=None):
    """Its holder says why not, and who should do it; the body decides who will.

    The second refusal puts the measure before the next joint meeting
    (`fixing.refused_twice`). What that has decided is not refused again.
    """
    part, taker = take(part, PartStep.REFUSE, by=by, how=how, link=link)
    if refusals_of(part) >= REFUSALS:
        raise Refused("这项分工退回过两次，已由联席会定下由谁办，不能再退回。")
    reason = said(reason, "请写明为什么办不了。")
    instead = said(instead, "请写明应当由哪个单位办。")
    words = f"{reason}（建议由{instead}办）"
    if len(words) > 300:
        raise Refused("理由太长，请写得短一些。")
    write(part, PartStep.REFUSE, at=at, taker=taker, words=words, study_until=None)
    return part


@transaction.atomic
def study(part, *, until, reason, by, at, how="", link=None):
    """Its holder takes the part back to think it over, once, until a day."""
    part, taker = take(part, PartStep.STUDY, by=by, how=how, link=link)
    today = timezone.localdate(at)
    last = min(Calendar.load().add(today, STUDY_MOST), part.due_on)
    if not today < until <= last:
        raise Refused(
            f"研究到哪天，请选明天到 {last:%Y-%m-%d} 之间的一天"
            f"（最多 {STUDY_MOST} 个工作日，也不晚于期限）。"
        )
    if part.log.filter(step=PartStep.STUDY, holder=str(part.holder)).exists():
        raise Refused("已经带回研究过一次，请确认或退回。")
    words = said(reason, "请写明要研究什么。")
    write(
        part,
        PartStep.STUDY,
        at=at,
        taker=taker,
        words=words,
        until=until,
        study_until=until,
    )
    return part


@transaction.atomic
def report(part, *, words, by, at, pictures=(), how="", link=None):
    """How far the part is, in words, and in photos if there are any."""
    part, taker = take(part, PartStep.REPORT, by=by, how=how, link=link)
    words = said(words, "请写明办到哪一步。")
    act = write(part, PartStep.REPORT, at=at, taker=taker, words=words)
    for picture in pictures:
        Evidence.objects.create(
            act=act,
            name=keep_picture(FOLDER, picture),
            width=picture.width,
            height=picture.height,
        )
    return part


@transaction.atomic
def finish(part, *, result, by, at, how=""):
    """A supporting part is done. The lead's ends with the measure itself."""
    part, taker = take(part, PartStep.FINISH, by=by, how=how, link=None)
    if part.lead:
        raise Refused("主办的分工随措施一起办结，请在措施上登记完成。")
    end(part, result=result, at=at, taker=taker)
    return part


def end(part, *, result, at, taker):
    """The part is done; locked and asked before."""
    result = said(result, "请写明完成情况。")
    write(
        part,
        PartStep.FINISH,
        at=at,
        taker=taker,
        words=result,
        ended_on=timezone.localdate(at),
        result=result,
        study_until=None,
    )


# --- the body ------------------------------------------------------------------------


@transaction.atomic
def reassign(part, *, holder, reason, by, at):
    """Give a refused part to another, or to the same again; the new one confirms.

    After a second refusal this is the joint meeting's alone.
    """
    part, taker = take(part, PartStep.REASSIGN, by=by, how="", link=None)
    if holder is None:
        raise Refused("请选由谁办。")
    measure = part.measure
    if part.lead:
        same = {f"lead_{name}": value for name, value in held(holder).items()}
        for name, value in same.items():
            setattr(measure, name, value)
        measure.save(update_fields=list(same))
    write(
        part,
        PartStep.REASSIGN,
        at=at,
        taker=taker,
        words=said(reason, "请写明为什么由它办。"),
        **held(holder),
    )
    if part.lead:
        owe_anew(measure, by=by, at=at)
    return part


@transaction.atomic
def excuse(part, *, reason, by, at):
    """The meeting's word: this part need not be done, the lead may close without it."""
    part, taker = take(part, PartStep.EXCUSE, by=by, how="", link=None)
    if part.lead:
        raise Refused("主办的分工不能免办，请办结事项或改派主办。")
    write(
        part,
        PartStep.EXCUSE,
        at=at,
        taker=taker | {"how": How.MEETING},
        words=said(reason, "请写明哪次会议、为什么免办。"),
        ended_on=timezone.localdate(at),
        study_until=None,
    )
    return part


def owe_anew(measure, *, by, at):
    from issues.fixing import owe_by_measures

    owe_by_measures(measure.matter, by=by, at=at)


# --- how long it was with whom --------------------------------------------------------


def spans(part, *, now):
    """`[(who, from, to)]`: with whom the part was, each beginning where the last ended.

    A refused part is with the body until it is given to another.
    """
    body = str(part.measure.matter.owner)
    found = []
    for act in part.log.all():
        who = body if act.to_state == State.REFUSED else act.holder
        if found and found[-1][0] == who:
            continue
        if found:
            found[-1] = (*found[-1][:2], act.at)
        found.append((who, act.at, None))
    last = part.log.last()
    end = last.at if last and not part.is_open else now
    if found:
        found[-1] = (*found[-1][:2], end)
    return found


def time_by_holder(part, *, now):
    """`{who: how long}`; together the whole time from the assignment on."""
    total = {}
    for who, since, until in spans(part, now=now):
        total[who] = total.get(who, dt.timedelta()) + (until - since)
    return total
