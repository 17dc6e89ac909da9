"""What can happen to visits and demands."""

import datetime as dt
import hashlib
import json
import unicodedata
import uuid
from collections import defaultdict

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Max, OuterRef, Q, Subquery
from django.utils import timezone

from accounts.models import User
from accounts.rights import Right, may
from enterprises import actions as enterprises
from enterprises.models import Business, Coverage
from grids.rules import Rules
from tianshan.audit import record
from tianshan.ledgers import touched
from tianshan.pinyin import search_text
from tianshan.values import shift
from tianshan.workdays import Calendar
from visits.models import (
    Demand,
    DemandCategory,
    DemandDue,
    Rating,
    Secret,
    Visit,
)

# What lists and pages hold in place of a confidential demand's text.
HIDDEN_WORDS = "保密诉求，内容只给经办人看"
HIDDEN_OUTCOME = "已有结果，内容保密"

# How far a device's clock may run ahead of ours before the claim is refused.
CLOCK_SLACK = dt.timedelta(minutes=10)
# Working days that an asker has for rating, from the day of being told.
RATED_WITHIN = 10
# What a device may claim to have kept unsent; older claims come from a wrong clock.
OLDEST_CLAIM = dt.timedelta(days=366)

# What hangs on telling in the rooms above; they fill both in their AppConfig.ready.
# First, before any demand is locked, with `(demand ids)`, to lock their own rows; then,
# once an asker has been told or no longer counts as told, with `(demand, by=, at=)`.
BEFORE_TELLING = []
AFTER_TELLING = []
# What a room above does with an urgent demand at once, with `(demand, by=, at=)`; and
# before a demand in a matter is answered by itself: then it leaves the matter. It may
# refuse.
HAND_OVER_URGENT = []
BEFORE_ANSWERING = []


def lock_above(demand_ids):
    for lock in BEFORE_TELLING if demand_ids else ():
        lock(demand_ids)


class Refused(Exception):
    """An act that cannot be now; the message is for the user."""


class KeyReused(Refused):
    """The same client key came with other content (409); `record` is the stored one."""

    def __init__(self, message, record=None):
        super().__init__(message)
        self.record = record


def _business(business, *, by, having):
    """Lock the business; only who sees it with the right may go on.

    What it was merged into meanwhile stands for it: a phone may not know yet.
    """
    rows = Business.objects.select_for_update(of=["self"]).select_related("grid")
    business = rows.get(pk=business.pk)
    if business.merged_into_id:
        business = rows.get(pk=business.merged_into_id)
    visible = Business.objects.visible_to(by, having)
    if not visible.filter(pk=business.pk).exists():
        raise PermissionDenied
    return business


def digest_of(**content):
    """SHA-256 of a submission's content, the same whatever the order of its keys."""
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def log_visit(
    business,
    *,
    client_key,
    outcome,
    visited_on,
    filled_at,
    by,
    at,
    method=Visit.Method.ON_SPOT,
    people_met="",
    note="",
    facts_confirmed=False,
    facts=None,
    facts_seen=None,
    demands=(),
    told=(),
    company=(),
    promise=None,
    kept=(),
    claimed_at=None,
    digest=None,
):
    """Log one call on one business, with what was corrected and what was asked for.

    The same `client_key` of the same visitor with the same content is one visit,
    however often it comes: returns `(visit, created)`. Other content under the key
    raises KeyReused. `facts` is `{field: value}` as corrected at the door,
    `facts_seen` what the form showed; `demands` a list of {"category", "words"} with "confidential" where it is;
    `told` the earlier demands whose outcome was told on this occasion; `company` the
    users and member units that came along, `promise` {"words", "due_on"} what was
    promised now, `kept` the earlier promises that are kept by now. `claimed_at` is
    what the device's clock said where that cannot be, `digest` that of the submission
    where the content is not all of it.
    Raises enterprises' Conflict when another has corrected the same facts meanwhile.
    """
    facts = dict(facts or {})
    # Only where there are any: what phones sent before there were such things keeps
    # its digest.
    also = {
        "company": sorted(str(one) for one in company),
        "promise": promise,
        "kept": sorted(made.pk for made in kept),
    }
    digest = digest or digest_of(
        **{name: value for name, value in also.items() if value},
        business=business.pk,
        outcome=outcome,
        method=method,
        people_met=people_met,
        visited_on=visited_on,
        note=note,
        facts_confirmed=facts_confirmed,
        facts=facts,
        demands=[
            [d["category"].pk, d["words"], *(["confidential"] if secret(d) else [])]
            for d in demands
        ],
        told=sorted(demand.pk for demand in told),
    )
    if known := known_visit(by, client_key, digest):
        return known, False

    absent = outcome == Visit.Outcome.ABSENT
    if filled_at < at - OLDEST_CLAIM:
        raise Refused("填写时间在一年以前，请核对手机的时钟，再重新打开这一页。")
    if visited_on > timezone.localdate(at) or filled_at > at + CLOCK_SLACK:
        raise Refused("走访时间在将来，请核对日期和手机的时钟。")
    if not absent and not people_met:
        raise Refused("请选见到了谁；没遇到人，结果选“无人”。")
    if absent and demands:
        raise Refused("没有遇到人，就不能记诉求；见到了请改选“有诉求”。")
    if absent and told:
        raise Refused("没有遇到人，就没有告诉到；见到了请改选结果。")
    if absent and (promise or kept):
        raise Refused("没有遇到人，就没有答应什么、办到什么；见到了请改选结果。")
    if outcome == Visit.Outcome.DEMAND and not demands:
        raise Refused("选了“有诉求”，请写下诉求的类别和原话。")
    if demands:
        outcome = Visit.Outcome.DEMAND

    try:
        with transaction.atomic():
            # Before the business, as every step of a demand takes them.
            lock_above([demand.pk for demand in told])
            if told:
                told = Demand.objects.select_for_update().filter(
                    pk__in=[demand.pk for demand in told], business=business
                )
                told = list(told.order_by("pk"))
            business = _business(business, by=by, having=Right.LOG_VISITS)
            state = facts.pop("state", business.state)
            shown = (facts_seen or {}).get("state", business.state)
            if business.state not in (shown, state):
                raise enterprises.Conflict(business, {"state": business.state})
            changed = {}
            if facts:
                changed = enterprises.edit(
                    business,
                    changes=facts,
                    seen=facts_seen or {},
                    by=by,
                    at=at,
                    having=Right.LOG_VISITS,
                )
            if state != business.state:
                changed["state"] = [business.state, state]
                enterprises.set_state(
                    business,
                    state=state,
                    since=visited_on,
                    by=by,
                    at=at,
                    having=Right.LOG_VISITS,
                )
            visit = Visit.objects.create(
                business=business,
                grid=business.grid,
                building=business.building,
                visitor=by,
                method=method,
                outcome=outcome,
                people_met="" if absent else people_met,
                visited_on=visited_on,
                filled_at=filled_at,
                claimed_at=claimed_at,
                arrived_at=at,
                note=note,
                facts_confirmed=facts_confirmed,
                facts_changed=changed,
                client_key=client_key,
                digest=digest,
            )
            record("visit.logged", visit, by=by, at=at, outcome=outcome, told=len(told))
            for demand in demands:
                raise_demand(
                    business,
                    category=demand["category"],
                    words=demand["words"],
                    source=Demand.Source.VISIT
                    if method == Visit.Method.ON_SPOT
                    else Demand.Source.CALL,
                    raised_on=visited_on,
                    by=by,
                    at=at,
                    visit=visit,
                    handler=_handler(business, by) if secret(demand) else None,
                )
            on_spot = method == Visit.Method.ON_SPOT
            for demand in told:
                tell(
                    demand,
                    how=Demand.Told.VISIT if on_spot else Demand.Told.PHONE,
                    on=visited_on,
                    visit=visit,
                    by=by,
                    at=at,
                    having=Right.LOG_VISITS,
                )
            # Late, for they stand on the steps of this module.
            from visits import company as companions
            from visits import promises, telling

            companions.write_down(visit, company)
            if promise:
                promises.promise(visit, **promise, by=by, at=at)
            promises.keep_on(visit, kept, by=by, at=at)
            if absent:
                telling.count_absence(visit, by=by, at=at)
            touched([business.pk])
            return visit, True
    except IntegrityError:
        # The same record on two connections at once: the other one won.
        if known := known_visit(by, client_key, digest):
            return known, False
        raise
    except enterprises.Conflict:
        # Somebody else's save, or the same record on another connection: see which.
        if known := known_visit(by, client_key, digest):
            return known, False
        raise
    except enterprises.Refused as refused:
        raise Refused(str(refused)) from refused


def secret(asked):
    """Is one of a visit's `demands` confidential?"""
    return bool(asked.get("confidential"))


def _handler(business, by):
    from visits import confidential

    handler = confidential.handler_for(business, by)
    if handler is None:
        raise Refused("这一家现在没有人能经办保密诉求，请告诉台账员。")
    return handler


def known_visit(by, client_key, digest):
    """The visit that came under the key before, None if none did."""
    visit = Visit.objects.filter(visitor=by, client_key=client_key).first()
    if visit and visit.digest != digest:
        raise KeyReused(
            "这条走访已经存过，内容和这次不同。请到“走访台账”里看已存的那一条。",
            visit,
        )
    return visit


@transaction.atomic
def void_visit(visit, *, reason, by, at, with_demands=False):
    """Void a visit that should not stand; its row and its reason stay for good.

    What it did is undone: demands told on it wait to be told again, facts that it
    corrected are as before, unless somebody has changed them since. Demands written
    down on it are recorded as mistakes with the same reason, if the caller says so
    by `with_demands`; else it is refused while there are any. Returns the labels of
    the facts that were left.
    """
    # Late, for it stands on the steps of this module.
    from visits import of_visits

    # Demands before their business, as every act takes them.
    rows = of_visits.lock_demands(visit)
    told = [demand for demand in rows if demand.told_visit_id == visit.pk]
    visit = Visit.objects.select_for_update().get(pk=visit.pk)
    business = _business(visit.business, by=by, having=Right.LOG_VISITS)
    if not reason.strip():
        raise Refused("请写明作废的原因。")
    if visit.voided_at:
        raise Refused("这条走访已经作废。")
    asked = of_visits.asked_on(visit)
    if asked and not with_demands:
        raise Refused(
            f"这次走访还记了 {len(asked)} 件诉求。请勾选“一并记为误记”，"
            "或先到诉求里办完。"
        )
    of_visits.drop(asked, reason=reason, by=by, at=at)
    visit.voided_at, visit.voided_by, visit.void_reason = at, by, reason
    visit.save(update_fields=["voided_at", "voided_by", "void_reason"])
    record("visit.voided", visit, by=by, at=at, reason=reason)
    for demand in told:
        untell(demand, by=by, at=at)
    from visits import doubles, promises, telling

    telling.forget_absence(visit, by=by, at=at)
    promises.let_go(visit, by=by, at=at)
    doubles.let_go(visit, by=by, at=at)
    left = enterprises.put_back(
        business,
        changes=visit.facts_changed,
        since=visit.visited_on,
        by=by,
        at=at,
        having=Right.LOG_VISITS,
    )
    touched([business.pk])
    return left


# --- demands -----------------------------------------------------------------------


def who_answers(business):
    """The name of who owes the answer: the covering organisation, else the grid."""
    first = (
        Coverage.objects.in_force()
        .filter(business=business)
        .select_related("organization")
        .ranked()
        .first()
    )
    return first.organization.name if first else f"{business.grid.name}台账员"


@transaction.atomic
def raise_demand(
    business,
    *,
    category,
    words,
    source,
    raised_on,
    by,
    at,
    visit=None,
    said_by="",
    handler=None,
    client_key=None,
    digest="",
):
    """Write down what a business asks for; the clock of its category starts.

    Ordinary ones have 5 working days, hard ones 15 (settings of the grid). One raised
    face to face has had its first word. With a `handler` it is confidential: he alone
    reads the words and deals with it.
    """
    business = _business(business, by=by, having=Right.LOG_VISITS)
    if raised_on > timezone.localdate(at):
        raise Refused("提出日期在将来，请核对。")
    return _write_down(
        business,
        category=category,
        words=words,
        source=source,
        raised_on=raised_on,
        by=by,
        at=at,
        visit=visit,
        said_by=said_by,
        handler=handler,
        client_key=client_key or uuid.uuid4(),
        digest=digest,
    )


@transaction.atomic
def receive_demand(business, *, category, words, at):
    """Write down what came by the shop's card: `(demand, created)`.

    No user stands behind it; the room above has asked whether the card is good. The
    same words of the same shop on the same day, not yet dealt with, are one demand.
    """
    business = Business.objects.select_for_update(of=["self"]).get(pk=business.pk)
    day = timezone.localdate(at)
    waiting = Demand.objects.in_ledgers().unsorted()
    today = waiting.filter(business=business, source=Demand.Source.CARD, raised_on=day)
    for known in today.order_by("pk"):
        if plain_words(known.words) == plain_words(words):
            return known, False
    demand = _write_down(
        business,
        category=category,
        words=words,
        source=Demand.Source.CARD,
        raised_on=day,
        by=None,
        at=at,
    )
    return demand, True


def _write_down(
    business,
    *,
    category,
    words,
    source,
    raised_on,
    by,
    at,
    visit=None,
    said_by="",
    handler=None,
    client_key=None,
    digest="",
):
    """The demand and its deadline; the business is locked and the right asked for."""
    if not words.strip():
        raise Refused("请写下诉求的原话。")
    grid = business.grid
    days, kind = _time_for(category, grid, raised_on)
    due_on = Calendar.load().add(raised_on, days)
    if handler and not may_answer(handler, business):
        raise Refused(f"{handler.display_name}不能办这一家的诉求，请另选经办人。")
    owed_by = handler.display_name if handler else who_answers(business)
    demand = Demand.objects.create(
        business=business,
        grid=grid,
        visit=visit,
        category=category,
        words=HIDDEN_WORDS if handler else words,
        confidential=handler is not None,
        handler=handler,
        urgent=category.urgent,
        said_by=said_by,
        source=source,
        recorded_by=by,
        raised_on=raised_on,
        first_word_on=raised_on if source in Demand.FACE_TO_FACE else None,
        due_on=due_on,
        owed_by=owed_by,
        client_key=client_key,
        digest=digest,
    )
    if handler:
        Secret.objects.create(demand=demand, words=words)
    DemandDue.objects.create(
        demand=demand,
        due_on=due_on,
        workdays=days,
        owed_by=owed_by,
        since=raised_on,
        reason=f"{kind}诉求，{days} 个工作日",
        by=by,
    )
    record(
        "demand.raised",
        demand,
        by=by,
        at=at,
        category=category.name,
        **({"handler": handler.display_name} if handler else {}),
    )
    touched([business.pk])
    _hand_over(demand, by=by, at=at)
    return demand


def _time_for(category, grid, day):
    """`(working days, what kind)` that the category gives to a demand of the day."""
    rules = Rules.load().on(grid, day)
    if category.urgent:
        return rules.urgent_within, "紧急安全"
    if category.hard:
        return rules.hard_within, "疑难"
    return rules.ordinary_within, "一般"


def _hand_over(demand, *, by, at):
    """An urgent demand waits for no sorting; a confidential one stays its handler's."""
    if demand.urgent and not demand.confidential:
        for hand_over in HAND_OVER_URGENT:
            hand_over(demand, by=by, at=at)


@transaction.atomic
def mark_urgent(demand, *, by, at):
    """There is danger to people: from now on the short deadline, and round the sorting."""
    demand = take_step(demand, "mark_urgent", by=by, having=Right.SORT_DEMANDS)
    if demand.urgent:
        raise Refused("这件诉求已经标为紧急安全。")
    if demand.confidential:
        raise Refused("保密诉求由经办人直接办，不另标紧急。")
    demand.urgent = True
    demand.save(update_fields=["urgent"])
    record("demand.urgent", demand, by=by, at=at)
    day = timezone.localdate(at)
    days = Rules.load().on(demand.grid, day).urgent_within
    due_on = min(demand.due_on, Calendar.load().add(day, days))
    demand = owe(
        demand,
        due_on=due_on,
        owed_by=demand.owed_by,
        reason=f"标为紧急安全，{days} 个工作日",
        by=by,
        at=at,
    )
    _hand_over(demand, by=by, at=at)
    return demand


def may_answer(user, business):
    """May the user deal with what this business asks for?"""
    mine = Business.objects.visible_to(user, Right.ANSWER_DEMANDS)
    return mine.filter(pk=business.pk).exists()


@transaction.atomic
def take_demand(
    business,
    *,
    category,
    words,
    source,
    raised_on,
    by,
    at,
    said_by="",
    handler=None,
    client_key=None,
    digest=None,
):
    """Write down a demand that came by itself: `(demand, created)`.

    The same `client_key` of the same person with the same content is one demand; other
    content under it raises KeyReused. So are the same words of the same business, not
    yet dealt with.
    """
    digest = digest or digest_of(
        business=business.pk,
        category=category.pk,
        words=words,
        source=source,
        raised_on=raised_on,
        said_by=said_by,
        handler=handler.pk if handler else None,
    )
    business = _business(business, by=by, having=Right.LOG_VISITS)
    if known := known_demand(by, client_key, digest):
        return known, False
    same = Demand.objects.unsorted().filter(
        business=business,
        category=category,
        source=source,
        raised_on=raised_on,
        recorded_by=by,
    )
    same = same.filter(secret__words=words) if handler else same.filter(words=words)
    if known := same.first():
        return known, False
    demand = raise_demand(
        business,
        category=category,
        words=words,
        source=source,
        raised_on=raised_on,
        said_by=said_by,
        handler=handler,
        client_key=client_key,
        digest=digest,
        by=by,
        at=at,
    )
    return demand, True


def known_demand(by, client_key, digest):
    """The demand that came under the key before, None if none did."""
    if client_key is None:
        return None
    demand = Demand.objects.filter(recorded_by=by, client_key=client_key).first()
    if demand and demand.digest != digest:
        raise KeyReused(
            "这件诉求已经存过，内容和这次不同。请到“诉求台账”里看已存的那一件。",
            demand,
        )
    return demand


def take_step(demand, step, *, by, having=Right.ANSWER_DEMANDS, unread=False):
    """Lock the demand, then ask whether this step, by this person, is open.

    `having=None`: a room above has asked for its own right, over the demand's matter.
    A confidential one moves through its handler alone, unless the step is `unread`.
    """
    demand = (
        Demand.objects.select_for_update(of=["self"])
        .select_related("business", "grid")
        .get(pk=demand.pk)
    )
    in_sight = having is None or (
        Demand.objects.visible_to(by, having).filter(pk=demand.pk).exists()
    )
    hidden = demand.confidential and demand.handler_id != by.pk
    if not in_sight or (hidden and not unread):
        raise PermissionDenied
    if step not in demand.open_steps:
        raise Refused(f"这件诉求现在是“{demand.get_state_display()}”，请刷新后再办理。")
    return demand


def come_to(demand, state, *, words, on, resolved):
    """Something came of it: from here the asker is to be told (3 working days)."""
    if not words.strip():
        raise Refused("请写明结果，要原样告诉提出的人。")
    demand.state = state
    demand.outcome, demand.outcome_on, demand.resolved = words, on, resolved
    if demand.confidential:
        Secret.objects.filter(demand=demand).update(outcome=words)
        demand.outcome = HIDDEN_OUTCOME
    demand.first_outcome_on = demand.first_outcome_on or on
    demand.first_word_on = demand.first_word_on or on
    within = Rules.load().on(demand.grid, on).told_within
    demand.tell_by = Calendar.load().add(on, within)
    # After a second answer it waits to be told again.
    demand.told_from = demand.told_how = ""
    demand.told_on = demand.told_by = demand.told_visit = demand.rate_by = None
    demand.unreached_on = None
    demand.save(
        update_fields=[
            "state",
            "outcome",
            "outcome_on",
            "first_outcome_on",
            "resolved",
            "first_word_on",
            "tell_by",
            *TELLING,
        ]
    )
    touched([demand.business_id])
    return demand


@transaction.atomic
def answer(demand, *, words, by, at, resolved=True):
    """Answer a demand at once, or once more; the asker is to be told.

    `resolved`: did what was asked for come about? That it cannot be done is an answer
    too, and no solution.
    """
    lock_above([demand.pk])
    demand = take_step(demand, "answer", by=by)
    for before in BEFORE_ANSWERING:
        before(demand, by=by, at=at)
    on = timezone.localdate(at)
    come_to(demand, Demand.State.ANSWERED, words=words, on=on, resolved=resolved)
    record("demand.answered", demand, by=by, at=at, resolved=resolved)
    return demand


@transaction.atomic
def decline(demand, *, reason, by, at):
    """Decline a demand; the reason goes to the asker."""
    demand = take_step(demand, "decline", by=by)
    if len(reason.strip()) < 15:
        raise Refused("不予受理要说清原因，至少 15 个字，会原样告诉提出的人。")
    on = timezone.localdate(at)
    come_to(demand, Demand.State.DECLINED, words=reason, on=on, resolved=False)
    record("demand.declined", demand, by=by, at=at)
    return demand


# What an answer overwrites.
ANSWERING = [
    "state",
    "outcome",
    "outcome_on",
    "first_outcome_on",
    "resolved",
    "first_word_on",
    "tell_by",
    "told_on",
    "told_how",
    "told_by_id",
    "told_from",
    "told_visit_id",
    "unreached_on",
    "rate_by",
]


def answer_of(demand):
    """What an answer overwrites, for `take_back` to restore; no confidential words."""
    return {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in ((name, getattr(demand, name)) for name in ANSWERING)
    }


@transaction.atomic
def take_back(demand, *, before, by, at):
    """Take back an answer or a declining that nobody was told of: all is as before.

    `before` is what `answer_of` said of the demand then.
    """
    lock_above([demand.pk])
    demand = take_step(demand, "take_back", by=by)
    if demand.confidential:
        raise Refused("保密诉求的答复不能撤销，请再答复一次。")
    if demand.attempts.standing().filter(on__gte=demand.outcome_on).exists():
        raise Refused("已经联系过提出的人，不能撤销。")
    for name, value in before.items():
        setattr(demand, name, Demand._meta.get_field(name).to_python(value))
    demand.save(update_fields=before)
    record("demand.answer_taken_back", demand, by=by, at=at)
    touched([demand.business_id])
    return demand


@transaction.atomic
def tell(demand, *, how, on, by, at, having=Right.LOG_VISITS, visit=None):
    """Record that the asker has been told what came of the demand.

    `visit` is the one on which it was told, if it was.
    """
    lock_above([demand.pk])
    demand = take_step(demand, "tell", by=by, having=having)
    if on > timezone.localdate(at):
        raise Refused("回告日期在将来，请核对。")
    if on < demand.outcome_on:
        raise Refused(f"结果是 {demand.outcome_on} 才有的，回告日期不能更早。")
    return told_now(demand, how=how, on=on, visit=visit, by=by, at=at)


def told_now(demand, *, how, on, by, at, visit=None):
    """The asker knows what came of it; from here he has 10 working days to rate it.

    Who has rated two answers is not asked a third time.
    """
    demand.told_from, demand.state = demand.state, Demand.State.TOLD
    demand.told_on, demand.told_how, demand.told_by = on, how, by
    demand.told_visit = visit
    demand.unreached_on = None
    demand.rate_by = None
    if demand.ratings.by_askers().count() < Rating.MOST:
        demand.rate_by = Calendar.load().add(on, RATED_WITHIN)
    demand.save(update_fields=TELLING)
    record("demand.told", demand, by=by, at=at, how=how)
    touched([demand.business_id])
    for after in AFTER_TELLING:
        after(demand, by=by, at=at)
    return demand


TELLING = [
    "state",
    "told_on",
    "told_how",
    "told_by",
    "told_from",
    "told_visit",
    "unreached_on",
    "rate_by",
]


def untell(demand, *, by, at):
    """Take back that an asker was told; the demand is locked, and those above it."""
    if "untell" not in demand.open_steps:
        return
    demand.state, demand.told_from = demand.told_from, ""
    demand.told_on = demand.told_by = demand.told_visit = demand.rate_by = None
    demand.told_how = ""
    demand.save(update_fields=TELLING)
    record("demand.untold", demand, by=by, at=at)
    touched([demand.business_id])
    for after in AFTER_TELLING:
        after(demand, by=by, at=at)


# Steps that belong to a matter, called by the room above.


@transaction.atomic
def owe(demand, *, due_on, owed_by, reason, by, at, workdays=None):
    """Set a new deadline and who owes it, from today on; the old ones stay on show.

    `workdays` is given where the date was counted from the day it was raised.
    """
    demand = Demand.objects.select_for_update().get(pk=demand.pk)
    if (demand.due_on, demand.owed_by) == (due_on, owed_by):
        return demand
    demand.due_on, demand.owed_by = due_on, owed_by
    demand.save(update_fields=["due_on", "owed_by"])
    DemandDue.objects.create(
        demand=demand,
        due_on=due_on,
        workdays=workdays,
        owed_by=owed_by,
        since=timezone.localdate(at),
        reason=reason,
        by=by,
    )
    record("demand.owed", demand, by=by, at=at, due_on=due_on.isoformat())
    touched([demand.business_id])
    return demand


def workdays_of(demand):
    """The working days that its deadline in force was counted with; None if set."""
    return demand.dues.order_by("-since", "-pk").values_list("workdays", flat=True)[0]


@transaction.atomic
def join(demand, *, having, by, at):
    """The demand becomes part of a matter; the room above keeps the link.

    One whose asker was not satisfied stays so until the matter has ended.
    """
    demand = take_step(demand, "join", by=by, having=having)
    if demand.confidential:
        raise Refused("保密诉求由经办人单独办，不并入事项。要并入，先取消保密。")
    if demand.state not in Demand.UNSATISFIED:
        demand.state = Demand.State.JOINED
    demand.first_word_on = demand.first_word_on or timezone.localdate(at)
    demand.save(update_fields=["state", "first_word_on"])
    record("demand.joined", demand, by=by, at=at)
    touched([demand.business_id])
    return demand


@transaction.atomic
def take_out(demand, *, having, by, at, due=None, first_word_on=None):
    """Undo a joining: the demand waits again, as it was before it joined.

    The room above says which deadline was in force then, and the day of the first word.
    """
    demand = take_step(demand, "take_out", by=by, having=having)
    if demand.state not in Demand.UNSATISFIED:
        demand.state = Demand.State.NEW
        demand.first_word_on = first_word_on
    demand.save(update_fields=["state", "first_word_on"])
    record("demand.taken_out", demand, by=by, at=at)
    due = due or demand.dues.first()
    return owe_as(demand, due, "移出事项，恢复原期限", by=by, at=at)


def owe_as(demand, due, reason, *, by, at):
    """The deadline that was in force once is in force again."""
    due_on = due.due_on
    if due.workdays is not None:  # a holiday may have been entered meanwhile
        due_on = Calendar.load().add(demand.raised_on, due.workdays)
    return owe(
        demand,
        due_on=due_on,
        workdays=due.workdays,
        owed_by=due.owed_by,
        reason=reason,
        by=by,
        at=at,
    )


@transaction.atomic
def end(demand, *, outcome, resolved, having, by, at):
    """The matter of the demand has ended; the asker is to be told of it."""
    demand = take_step(demand, "end", by=by, having=having)
    on = timezone.localdate(at)
    come_to(demand, Demand.State.ENDED, words=outcome, on=on, resolved=resolved)
    record("demand.ended", demand, by=by, at=at)
    return demand


@transaction.atomic
def recount(*, date, by, at):
    """Count anew the deadlines that a changed day may move; called when it is saved.

    A date that a matter's measure set stays as people set it. Returns how many moved.
    """
    calendar, rules, moved = Calendar.load(), Rules.load(), 0
    waiting = Demand.objects.select_for_update(of=["self"]).select_related("grid")
    waiting = waiting.order_by("business", "pk")
    latest = DemandDue.objects.filter(demand=OuterRef("pk")).order_by("-since", "-pk")
    counted = waiting.open().filter(raised_on__lt=date)
    for demand in counted.annotate(workdays=Subquery(latest.values("workdays")[:1])):
        if demand.workdays is None:
            continue
        due_on = calendar.add(demand.raised_on, demand.workdays)
        if due_on != demand.due_on:
            moved += 1
            owe(
                demand,
                due_on=due_on,
                workdays=demand.workdays,
                owed_by=demand.owed_by,
                reason="节假日安排有变，重新计算",
                by=by,
                at=at,
            )
    told = waiting.filter(state=Demand.State.TOLD, told_on__lt=date)
    for demand in told.exclude(rate_by=None):
        rate_by = calendar.add(demand.told_on, RATED_WITHIN)
        if rate_by != demand.rate_by:
            demand.rate_by = rate_by
            demand.save(update_fields=["rate_by"])
    for demand in waiting.untold().filter(outcome_on__lt=date):
        within = rules.on(demand.grid, demand.outcome_on).told_within
        tell_by = calendar.add(demand.outcome_on, within)
        if tell_by != demand.tell_by:
            moved += 1
            demand.tell_by = tell_by
            demand.save(update_fields=["tell_by"])
            record(
                "demand.recounted", demand, by=by, at=at, tell_by=tell_by.isoformat()
            )
            touched([demand.business_id])
    return moved


# --- categories of demands, a list of values ---------------------------------------


def _category(category, *, by):
    """Lock a category; only who keeps the lists of values may go on."""
    if not may(by, Right.RUN_SYSTEM):
        raise PermissionDenied
    return DemandCategory.objects.select_for_update().get(pk=category.pk)


@transaction.atomic
def add_category(*, name, hard, by, at, urgent=False):
    """Offer a new category, last in the list."""
    if not may(by, Right.RUN_SYSTEM):
        raise PermissionDenied
    last = DemandCategory.objects.aggregate(last=Max("position"))["last"] or 0
    category = DemandCategory.objects.create(
        name=name, hard=hard, urgent=urgent, position=last + 10
    )
    record("category.added", category, by=by, at=at, name=name, hard=hard)
    return category


@transaction.atomic
def edit_category(category, *, name, hard, active, by, at, urgent=False):
    """Rename a category, make it ordinary, hard or urgent, switch it on or off.

    Demands keep their category under its new name, and the deadline that they were
    promised; a category switched off is offered no longer.
    """
    category = _category(category, by=by)
    if not active and not _others_offered(category):
        raise Refused("至少要留一个启用的类别，不然记不了诉求。")
    wanted = {"name": name, "hard": hard, "urgent": urgent, "active": active}
    changed = {
        field: [getattr(category, field), value]
        for field, value in wanted.items()
        if getattr(category, field) != value
    }
    if changed:
        for field, (_, after) in changed.items():
            setattr(category, field, after)
        category.save(update_fields=list(changed))
        record("category.edited", category, by=by, at=at, changed=changed)
    return category


def _others_offered(category):
    # Locked, so that two cannot each switch off what the other still counts on.
    others = DemandCategory.objects.select_for_update().offered()
    return bool(others.exclude(pk=category.pk))


@transaction.atomic
def move_category(category, *, up, by, at):
    """Move a category one place up or down in the list that people choose from."""
    category = _category(category, by=by)
    if shift(DemandCategory.objects.all(), category, up=up):
        record("category.moved", category, by=by, at=at, up=up)


@transaction.atomic
def delete_category(category, *, by, at):
    """Delete a category under which nothing was ever asked."""
    category = _category(category, by=by)
    if category.demands.exists():
        raise Refused(f"“{category}”已经用过，不能删除；不再用的请停用。")
    if not _others_offered(category):
        raise Refused("至少要留一个启用的类别，不然记不了诉求。")
    record("category.deleted", category, by=by, at=at, name=category.name)
    category.delete()


# --- the past, from files ------------------------------------------------------------
# An import has locked the businesses and asked for the right over its grid.


def visitors_called(names):
    """`{name: user}` of accounts by user name or by what people call them, if one."""
    found = defaultdict(set)
    users = User.objects.filter(Q(username__in=names) | Q(display_name__in=names))
    for user in users:
        for name in {user.username, user.display_name} & set(names):
            found[name].add(user)
    return {name: users.pop() for name, users in found.items() if len(users) == 1}


def visits_of(business_ids):
    """`{(business id, day): [visits]}` that are there, those of a revoked import not."""
    found = defaultdict(list)
    rows = Visit.objects.filter(business__in=business_ids).select_related("visitor")
    for visit in rows.exclude(source=Visit.Source.IMPORTED, voided_at__isnull=False):
        found[visit.business_id, visit.visited_on].append(visit)
    return found


def plain_words(words):
    """Words to compare: a file's come without full-width marks and doubled blanks."""
    return "".join(unicodedata.normalize("NFKC", words).split())


def demands_of(business_ids):
    """`{(business id, day, words): demand}` that are there."""
    rows = Demand.objects.in_ledgers().filter(business__in=business_ids)
    return {
        (row.business_id, row.raised_on, plain_words(row.words)): row for row in rows
    }


@transaction.atomic
def take_in_visits(rows, *, by, at):
    """Write down visits of the past; they count by their own dates.

    `rows` are dicts: business, visitor, visitor_said, visited_on, method, outcome,
    people_met, note. Nothing else that a visit can do is done.
    """
    visits = []
    for row in rows:
        business, absent = row["business"], row["outcome"] == Visit.Outcome.ABSENT
        visits.append(
            Visit(
                **{**row, "people_met": "" if absent else row["people_met"]},
                grid=business.grid,
                building=business.building,
                source=Visit.Source.IMPORTED,
                filled_at=at,
                arrived_at=at,
                client_key=uuid.uuid4(),
                digest=digest_of(business=business.pk, day=row["visited_on"]),
            )
        )
    Visit.objects.bulk_create(visits, batch_size=1000)
    for visit in visits:
        record("visit.taken_in", visit, by=by, at=at)
    touched(visit.business_id for visit in visits)
    return visits


@transaction.atomic
def take_back_visits(ids, *, by, at):
    """Void visits with the import that brought them."""
    visits = Visit.objects.select_for_update().filter(pk__in=ids, voided_at=None)
    visits = list(visits.order_by("pk"))
    Visit.objects.filter(pk__in=[visit.pk for visit in visits]).update(
        voided_at=at, voided_by=by, void_reason="撤回导入"
    )
    for visit in visits:
        record("visit.taken_back", visit, by=by, at=at)
    touched(visit.business_id for visit in visits)


@transaction.atomic
def take_in_demands(rows, *, by, at):
    """Write down demands of the past, as far as they had come by then.

    `rows` are dicts: business, category, words, source, raised_on, outcome,
    outcome_on, told_on. One without an outcome is open, and its clock has run since.
    """
    calendar, rules = Calendar.load(), Rules.load()
    demands, reasons = [], []
    for row in rows:
        business, category, grid = (
            row["business"],
            row["category"],
            row["business"].grid,
        )
        then = rules.on(grid, row["raised_on"])
        days = then.hard_within if category.hard else then.ordinary_within
        demand = Demand(
            **{**row, "outcome": row["outcome"] or ""},
            grid=grid,
            recorded_by=by,
            first_word_on=row["outcome_on"],
            due_on=calendar.add(row["raised_on"], days),
            owed_by=who_answers(business),
        )
        if row["source"] in Demand.FACE_TO_FACE:
            demand.first_word_on = row["raised_on"]
        if row["outcome_on"]:
            demand.state = Demand.State.ANSWERED
            demand.first_outcome_on, demand.resolved = row["outcome_on"], True
            within = rules.on(grid, row["outcome_on"]).told_within
            demand.tell_by = calendar.add(row["outcome_on"], within)
        if row["told_on"]:
            demand.state, demand.told_from = Demand.State.TOLD, demand.state
            demand.told_by = by
            demand.rate_by = calendar.add(row["told_on"], RATED_WITHIN)
        demand.search = search_text(demand.words)
        demands.append(demand)
        reasons.append((days, "疑难" if category.hard else "一般"))
    Demand.objects.bulk_create(demands, batch_size=1000)
    DemandDue.objects.bulk_create(
        [
            DemandDue(
                demand=demand,
                due_on=demand.due_on,
                workdays=days,
                owed_by=demand.owed_by,
                since=demand.raised_on,
                reason=f"{kind}诉求，{days} 个工作日",
                by=by,
            )
            for demand, (days, kind) in zip(demands, reasons, strict=True)
        ],
        batch_size=1000,
    )
    for demand in demands:
        record("demand.taken_in", demand, by=by, at=at, category=demand.category.name)
    touched(demand.business_id for demand in demands)
    return demands


@transaction.atomic
def take_back_demands(ids, *, by, at):
    """Withdraw demands with the import that brought them; the rows stay."""
    demands = list(Demand.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    Demand.objects.filter(pk__in=[demand.pk for demand in demands]).update(gone_at=at)
    for demand in demands:
        record("demand.taken_back", demand, by=by, at=at)
    touched(demand.business_id for demand in demands)
