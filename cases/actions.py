"""What can happen to a help case. Audit lines hold numbers, states and reasons alone."""

import datetime as dt
import re
import unicodedata

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.rights import Right, may
from cases.models import (
    Consent,
    ConsentItem,
    HelpCase,
    Identity,
    StandIn,
    StepRead,
    Tally,
    around,
)
from grids.models import Neighborhood
from tianshan.audit import read, record
from tianshan.backup import erasures
from tianshan.notices import notify

State = HelpCase.State
# An identity number or a disability card's, which begins with one.
NUMBER = re.compile(r"\d{14}|\d{17}[\dXx]")
LONGEST = dt.timedelta(hours=12)
OTHER_WORDS = "征询同意的话刚改过，请照现在的重新念一遍。"


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


def without_numbers(text):
    """The text, trimmed; refused when a certificate's number stands in it."""
    plain = re.sub(r"[\s\-_.]", "", unicodedata.normalize("NFKC", text))
    if NUMBER.search(plain):
        raise Refused("不要写身份证号、残疾证号，这里不存证件号码。")
    return text.strip()


def _lock(case):
    return (
        HelpCase.objects.select_for_update(of=["self"])
        .select_related("item", "neighborhood")
        .get(pk=case.pk)
    )


def _now(case, step):
    if step not in case.open_steps:
        raise Refused(f"这件帮办现在是“{case.get_state_display()}”，请刷新后再办理。")
    return case


def _take(case, step, *, by, at):
    """Lock the case, ask whether it is this helper's now, then whether the step is open."""
    case = _lock(case)
    if not HelpCase.objects.readable_by(by, at).filter(pk=case.pk).exists():
        raise PermissionDenied
    return _now(case, step)


def _take_to_assign(case, step, *, by):
    case = _lock(case)
    if not HelpCase.objects.assignable_by(by).filter(pk=case.pk).exists():
        raise PermissionDenied
    return _now(case, step)


# --- registered and assigned -----------------------------------------------------------


@transaction.atomic
def register(*, item, place, neighborhood, expires_on, facts, by, at, helper=None):
    """Write a case down. A helper's own is assigned to him at once; the coordinator may
    name a helper, and reads nothing of what she wrote down here again."""
    coordinates = _is_around(neighborhood, by, Right.ASSIGN_CASES)
    if not coordinates and not _is_around(neighborhood, by, Right.HANDLE_CASES):
        raise PermissionDenied
    if not coordinates:
        helper = by
    if not facts["name"].strip():
        raise Refused("请写怎么称呼。")
    case = HelpCase.objects.create(
        item=item,
        place=place,
        neighborhood=neighborhood,
        expires_on=expires_on,
        registered_by=by,
        registered_at=at,
    )
    identity = Identity(case=case)
    identity.put({field: without_numbers(text) for field, text in facts.items()})
    identity.save()
    record("case.registered", case, by=by, at=at, item=item.name)
    return _give(case, helper, by=by, at=at) if helper else case


def _is_around(neighborhood, user, right):
    return Neighborhood.objects.filter(
        pk__in=around(user, right), id=neighborhood.pk
    ).exists()


@transaction.atomic
def assign(case, *, helper, by, at):
    """Give the case to a helper; whoever had it opens it no more."""
    case = _take_to_assign(case, "assign", by=by)
    if case.helper_id == helper.pk and _is_around(
        case.neighborhood, helper, Right.HANDLE_CASES
    ):
        raise Refused(f"这件帮办已经是{helper}的。")
    return _give(case, helper, by=by, at=at)


def _give(case, helper, *, by, at):
    if not _is_around(case.neighborhood, helper, Right.HANDLE_CASES):
        raise Refused(f"{helper}现在不是这里的帮办员，请另选。")
    before = case.helper_id
    case.helper, case.assigned_by, case.assigned_at = helper, by, at
    case.state, case.began_at = State.ASSIGNED, None
    case.save(
        update_fields=["helper", "assigned_by", "assigned_at", "state", "began_at"]
    )
    _end_stand_ins(case, at)
    record("case.assigned", case, by=by, at=at, helper=helper.pk, before=before)
    if helper != by:
        notify(
            [helper],
            key=f"case-{case.pk}-{at.isoformat()}",
            words="有一件帮办分派给您",
            url=case.get_absolute_url(),
            at=at,
        )
    return case


def take_back(case, *, by, at):
    """The case, which is locked, waits for another helper."""
    before = case.helper_id
    case.helper, case.assigned_by, case.assigned_at = None, None, None
    case.state, case.began_at = State.WAITING, None
    case.save(
        update_fields=["helper", "assigned_by", "assigned_at", "state", "began_at"]
    )
    _end_stand_ins(case, at)
    record("case.taken_back", case, by=by, at=at, before=before)


def _end_stand_ins(case, at):
    case.stand_ins.in_force(at).update(ended_at=at)


@transaction.atomic
def let_stand_in(case, *, user, why, hours, by, at):
    """Another helper may open the case for some hours; it stays its helper's."""
    case = _take_to_assign(case, "let_stand_in", by=by)
    if user.pk == case.helper_id:
        raise Refused(f"{user}就是这件帮办的帮办员，不用代。")
    if not _is_around(case.neighborhood, user, Right.HANDLE_CASES):
        raise Refused(f"{user}现在不是这里的帮办员，请另选。")
    if not 1 <= hours <= StandIn.MOST_HOURS:
        raise Refused(f"代办一次最多 {StandIn.MOST_HOURS} 小时。")
    if case.stand_ins.in_force(at).exists():
        raise Refused("已经有人在代办，请先收回。")
    stand_in = StandIn.objects.create(
        case=case,
        user=user,
        why=why,
        since=at,
        until=at + dt.timedelta(hours=hours),
        by=by,
    )
    record(
        "case.stood_in",
        case,
        by=by,
        at=at,
        user=user.pk,
        reason=stand_in.get_why_display(),
    )
    notify(
        [user],
        key=f"case-{case.pk}-{at.isoformat()}",
        words="有一件帮办请您代办",
        url=case.get_absolute_url(),
        at=at,
    )
    return stand_in


@transaction.atomic
def end_stand_in(case, *, by, at):
    case = _take_to_assign(case, "let_stand_in", by=by)
    if not case.stand_ins.in_force(at).exists():
        raise Refused("现在没有人在代办。")
    _end_stand_ins(case, at)
    record("case.stand_in_ended", case, by=by, at=at)
    return case


# --- read --------------------------------------------------------------------------------


@transaction.atomic
def open_content(case, fields, *, by, at, why=""):
    """What is sealed in the case, as `{field: text}`; that these were seen is noted,
    and for what, by default the work on it."""
    identity = Identity.objects.visible_to(by, at).filter(case=case).first()
    if identity is None:
        raise PermissionDenied
    opened = identity.opened()
    for field in fields:
        read(identity, field, by=by, at=at, why=why or _why(case, by))
    return opened


def _why(case, user):
    if case.helper_id == user.pk:
        return "办理"
    return f"代办：{case.stand_ins.filter(user=user).first().get_why_display()}"


@transaction.atomic
def edit(case, *, facts, expires_on, by, at):
    """Correct what is known of the person and of the certificate."""
    case = _take(case, "edit", by=by, at=at)
    identity = Identity.objects.select_for_update().get(case=case)
    identity.opened()  # a row that the keys do not open is not written over
    if not facts["name"].strip():
        raise Refused("请写怎么称呼。")
    identity.put({field: without_numbers(text) for field, text in facts.items()})
    identity.save()
    case.expires_on = expires_on
    case.save(update_fields=["expires_on"])
    record("case.edited", case, by=by, at=at)
    return case


# --- done --------------------------------------------------------------------------------


@transaction.atomic
def start(case, *, by, at):
    """The helper is with the person."""
    case = _take(case, "start", by=by, at=at)
    case.state, case.began_at = State.WORKING, at
    case.save(update_fields=["state", "began_at"])
    record("case.started", case, by=by, at=at)
    return case


def answers_of(case):
    """`{consent item's key: Consent}`, the last answer to each."""
    return {row.item_id: row for row in case.consents.order_by("at", "pk")}


@transaction.atomic
def ask_consent(case, *, answers, by, at):
    """Keep what was answered to each thing read aloud: `{ConsentItem: Answer}`."""
    case = _take(case, "ask_consent", by=by, at=at)
    asked = {item.pk for item in answers}
    if ConsentItem.objects.active().filter(pk__in=asked).count() != len(asked):
        raise Refused(OTHER_WORDS)
    before = answers_of(case)
    for item, answer in answers.items():
        if item.pk not in before or before[item.pk].answer != answer:
            Consent.objects.create(
                case=case, item=item, answer=answer, read_by=by, at=at
            )
    record("case.consent_asked", case, by=by, at=at)
    return case


@transaction.atomic
def read_steps(case, *, outcomes, by, at):
    """Keep which steps were read aloud: `{step: StepRead.Outcome}`."""
    case = _take(case, "read_steps", by=by, at=at)
    for step, outcome in outcomes.items():
        StepRead.objects.update_or_create(
            case=case, step=step, defaults={"outcome": outcome, "by": by, "at": at}
        )
    record("case.steps_read", case, by=by, at=at)
    return case


def missing_before_finish(case, pressed_by):
    """What stands in the way of finishing, in words."""
    answers = answers_of(case)
    Needed, Answer = ConsentItem.Needed, Consent.Answer
    needed = {Needed.ALWAYS}
    if pressed_by == HelpCase.Pressed.HELPER:
        needed.add(Needed.IF_PRESSED)
    missing = []
    for item in ConsentItem.objects.active():
        answer = answers.get(item.pk)
        if item.needed in needed and (answer is None or answer.answer != Answer.YES):
            missing.append(f"还没有同意：{item.label}")
    heard = set(case.steps_read.values_list("step", flat=True))
    left = [step for step in case.item.steps if step not in heard]
    if left:
        missing.append(f"还有 {len(left)} 步没有读")
    return missing


@transaction.atomic
def finish(case, *, result, pressed_by, began_at, ended_at, read_back, by, at):
    """Done, and the result read back to the person; not without the consent."""
    case = _take(case, "finish", by=by, at=at)
    if missing := missing_before_finish(case, pressed_by):
        raise Refused("；".join(missing) + "。")
    if not read_back:
        raise Refused("请把结果读给本人听，再办结。")
    if not began_at < ended_at <= at or ended_at - began_at > LONGEST:
        raise Refused("请核对从几点到几点：结束要晚于开始，不能晚于现在。")
    case.state, case.closed_on = State.FINISHED, timezone.localdate(at)
    case.result, case.pressed_by = result, pressed_by
    case.began_at, case.ended_at = began_at, ended_at
    case.read_back_at, case.read_back_by = at, by
    case.save(
        update_fields=[
            "state",
            "closed_on",
            "result",
            "pressed_by",
            "began_at",
            "ended_at",
            "read_back_at",
            "read_back_by",
        ]
    )
    _end_stand_ins(case, at)
    record("case.finished", case, by=by, at=at, result=result)
    return case


@transaction.atomic
def end(case, *, why, by, at):
    """Not done, and why: by its helper, or by the coordinator where nobody has it."""
    case = _lock(case)
    opens = HelpCase.objects.readable_by(by, at).filter(pk=case.pk).exists()
    assigns = HelpCase.objects.assignable_by(by).waiting().filter(pk=case.pk).exists()
    if not opens and not assigns:
        raise PermissionDenied
    _now(case, "end")
    return _end(case, why=why, by=by, at=at)


def _end(case, *, why, by, at):
    case.state, case.ended_why = State.ENDED, why
    case.closed_on, case.began_at = timezone.localdate(at), None
    case.save(update_fields=["state", "ended_why", "closed_on", "began_at"])
    _end_stand_ins(case, at)
    record("case.ended", case, by=by, at=at, reason=case.get_ended_why_display())
    return case


@transaction.atomic
def erase(case, *, why, by, at):
    """Take away who it was, for good; item, month, neighbourhood, place and minutes stay.

    By its helper or the coordinator when the person asks, by the portal (`by=None`)
    when it was kept long enough. No key is needed for it.
    """
    case = _lock(case)
    if by is not None and not HelpCase.objects.visible_to(by, at).filter(pk=case.pk):
        raise PermissionDenied
    _now(case, "erase")
    identity = Identity.objects.select_for_update().get(case=case)
    for field in Identity.FIELDS:
        setattr(identity, field, b"")
    identity.data_key, identity.sealed_with, identity.phone_hash = None, "", None
    identity.save()
    case.erased_at, case.erased_why, case.expires_on = at, why, None
    case.save(update_fields=["erased_at", "erased_why", "expires_on"])
    record("case.erased", case, by=by, at=at, reason=case.get_erased_why_display())
    erasures.note(erased_of(case))
    return case


def erased_of(case):
    """How an erased case is listed outside the database."""
    return erasures.Erased(
        kind="case",
        pk=case.pk,
        made_at=case.registered_at.isoformat(),
        at=case.erased_at.isoformat(),
        why=case.erased_why,
    )


@transaction.atomic
def erase_again(erased, *, at):
    """After a restore: what was erased since the backup was made. In the backup the
    case may be open still; False where there is nothing to erase."""
    case = HelpCase.objects.filter(
        pk=erased.pk, registered_at=erased.made_at, erased_at=None
    ).first()
    if case is None:
        return False
    case = _lock(case)
    if case.state in HelpCase.OPEN:
        _end(_now(case, "end"), why=HelpCase.Ended.CHANGED_MIND, by=None, at=at)
    erase(case, why=erased.why, by=None, at=at)
    return True


# --- at a stand ----------------------------------------------------------------------------


@transaction.atomic
def tally(*, item, place, neighborhood, on, people, by, at):
    """How many were helped at a stand, without a name."""
    mine = _is_around(neighborhood, by, Right.HANDLE_CASES)
    if not mine and not _is_around(neighborhood, by, Right.ASSIGN_CASES):
        raise PermissionDenied
    row = Tally.objects.create(
        item=item,
        place=place,
        neighborhood=neighborhood,
        on=on,
        people=people,
        by=by,
        at=at,
    )
    record("case.tallied", row, by=by, at=at)
    return row


# --- the catalogue ---------------------------------------------------------------------------


@transaction.atomic
def keep_item(item, *, by, at):
    """Save an item of the catalogue, new or changed."""
    if not may(by, Right.ASSIGN_CASES):
        raise PermissionDenied
    verb = "case.item_changed" if item.pk else "case.item_added"
    item.save()
    record(verb, item, by=by, at=at)
    return item


@transaction.atomic
def keep_words(item, *, label, script, needed, position, by, at):
    """Save words of consent, new or changed: what is asked from now on.

    What was read aloud stays as it was. Other words are another row, which open cases
    are asked anew; whether they are needed, and when they are read, may change by itself.
    """
    before = _words_in_use(item, by=by)
    words = {"label": label.strip(), "script": script.strip()}
    same = before and words == {"label": before.label, "script": before.script}
    kept = before if same else ConsentItem(**words)
    kept.needed, kept.position = needed, position
    if before and not same:
        before.active = False
        before.save(update_fields=["active"])
    kept.save()
    _words_suffice()
    verb = "case.words_changed" if before else "case.words_added"
    record(verb, kept, by=by, at=at, before=before and before.pk)
    return kept


@transaction.atomic
def stop_words(item, *, by, at):
    """These are read no more; who agreed to them still has."""
    item = _words_in_use(item, by=by)
    item.active = False
    item.save(update_fields=["active"])
    _words_suffice()
    record("case.words_stopped", item, by=by, at=at)
    return item


def _words_in_use(item, *, by):
    """Lock all words, of which enough must be left, and find these among them."""
    if not may(by, Right.ASSIGN_CASES):
        raise PermissionDenied
    in_use = {row.pk: row for row in ConsentItem.objects.active().select_for_update()}
    if item is None:
        return None
    if item.pk not in in_use:
        raise Refused("这段话已经改过或者不再念了，请回到清单，从现在的那段改。")
    return in_use[item.pk]


def _words_suffice():
    """Nothing is done for somebody who was not asked, nor sent off by another's finger."""
    Needed = ConsentItem.Needed
    for needed in (Needed.ALWAYS, Needed.IF_PRESSED):
        if not ConsentItem.objects.active().filter(needed=needed).exists():
            raise Refused(f"至少要留一条“{needed.label}”的。")
