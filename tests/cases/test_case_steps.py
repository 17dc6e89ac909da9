"""Assigned, opened, agreed to, read aloud, finished: and nothing out of its turn."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.rights import Role
from cases import actions
from cases.models import (
    Consent,
    ConsentItem,
    HelpCase,
    Identity,
    StandIn,
    StepRead,
)
from tests.cases.conftest import FACTS
from tianshan.audit.models import Entry, Reading
from tianshan.notices.models import Notice

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def now():
    return timezone.now()


def finish(case, *, by, at=None, **changes):
    at = at or now()
    said = {
        "result": HelpCase.Result.APPROVED,
        "pressed_by": HelpCase.Pressed.SELF,
        "began_at": at - 9 * MINUTE,
        "ended_at": at,
        "read_back": True,
    }
    return actions.finish(case, **said | changes, by=by, at=at)


def test_a_case_goes_from_the_coordinator_to_its_end(
    register, helper, coordinator, agreed
):
    case = register()
    assert case.state == HelpCase.State.WAITING

    actions.assign(case, helper=helper, by=coordinator, at=now())
    agreed(case)
    case = finish(case, by=helper)

    assert (case.state, case.minutes) == (HelpCase.State.FINISHED, 9)
    assert case.read_back_by == helper
    verbs = Entry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == [
        "case.registered",
        "case.assigned",
        "case.started",
        "case.consent_asked",
        "case.steps_read",
        "case.finished",
    ]


def test_the_helper_is_told_that_there_is_one_and_no_more(case, helper):
    notice = Notice.objects.get(to=helper)
    assert notice.words == "有一件帮办分派给您"
    assert str(case.pk) in notice.url


def test_each_opening_is_noted(case, helper):
    opened = actions.open_content(case, ["name", "phone"], by=helper, at=now())
    assert opened == FACTS
    lines = [(line.field, line.by, line.why) for line in case.readings()]
    assert sorted(field for field, *_ in lines) == ["name", "phone"]
    assert {line[1:] for line in lines} == {(helper, "办理")}


@pytest.mark.parametrize("who", ["coordinator", "second", "leader", "clerk"])
def test_nobody_but_its_helper_opens_a_case(case, who, request):
    user = request.getfixturevalue(who)
    with pytest.raises(PermissionDenied):
        actions.open_content(case, ["name"], by=user, at=now())
    with pytest.raises(PermissionDenied):
        actions.start(case, by=user, at=now())
    assert not Reading.objects.exists()


# --- what stands in the way of the end ---------------------------------------------------


@pytest.mark.parametrize("answer", [None, Consent.Answer.NO])
def test_without_each_needed_consent_nothing_is_finished(case, helper, answer):
    actions.start(case, by=helper, at=now())
    read = dict.fromkeys(case.item.steps, StepRead.Outcome.READ)
    actions.read_steps(case, outcomes=read, by=helper, at=now())
    items = list(ConsentItem.objects.active())
    for missing in [one for one in items if one.needed == ConsentItem.Needed.ALWAYS]:
        said = dict.fromkeys(items, Consent.Answer.YES) | {missing: answer}
        said = {item: given for item, given in said.items() if given}
        Consent.objects.all().delete()
        actions.ask_consent(case, answers=said, by=helper, at=now())
        with pytest.raises(actions.Refused, match=missing.label):
            finish(case, by=helper)


def test_the_helpers_finger_needs_a_consent_of_its_own(case, helper):
    actions.start(case, by=helper, at=now())
    read = dict.fromkeys(case.item.steps, StepRead.Outcome.SKIPPED)
    actions.read_steps(case, outcomes=read, by=helper, at=now())
    always = ConsentItem.objects.filter(needed=ConsentItem.Needed.ALWAYS)
    said = dict.fromkeys(always, Consent.Answer.YES)
    actions.ask_consent(case, answers=said, by=helper, at=now())
    with pytest.raises(actions.Refused, match="由帮办员代按"):
        finish(case, by=helper, pressed_by=HelpCase.Pressed.HELPER)
    assert finish(case, by=helper).state == HelpCase.State.FINISHED


def test_the_last_answer_holds(case, helper, agreed):
    agreed(case)
    item = ConsentItem.objects.filter(needed=ConsentItem.Needed.ALWAYS).first()
    actions.ask_consent(case, answers={item: Consent.Answer.NO}, by=helper, at=now())
    with pytest.raises(actions.Refused, match=item.label):
        finish(case, by=helper)
    answers = case.consents.filter(item=item).values_list("answer", flat=True)
    assert list(answers) == ["yes", "no"]


def test_unread_steps_and_a_result_not_read_back_refuse_the_end(case, helper, agreed):
    agreed(case)
    with pytest.raises(actions.Refused, match="读给本人听"):
        finish(case, by=helper, read_back=False)
    case.steps_read.first().delete()
    with pytest.raises(actions.Refused, match="还有 1 步没有读"):
        finish(case, by=helper)


@pytest.mark.parametrize("minutes", [(0, 0), (10, 5), (-5, 5), (60 * 13, 0)])
def test_the_minutes_are_minutes(case, helper, agreed, minutes):
    agreed(case)
    at = now()
    since, until = (at - ago * MINUTE for ago in minutes)
    if minutes == (10, 5):
        since, until = until, since
    with pytest.raises(actions.Refused, match="核对"):
        finish(case, by=helper, at=at, began_at=since, ended_at=until)


def test_the_database_refuses_an_end_that_was_not_read_back(case):
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        HelpCase.objects.filter(pk=case.pk).update(
            state=HelpCase.State.FINISHED, closed_on=timezone.localdate()
        )


def in_state(case, state, helper, agreed, finished, coordinator):
    if state == HelpCase.State.WAITING:
        actions.take_back(case, by=coordinator, at=now())
    elif state == HelpCase.State.WORKING:
        agreed(case)
    elif state == HelpCase.State.FINISHED:
        finished(case)
    elif state == HelpCase.State.ENDED:
        actions.end(case, why=HelpCase.Ended.ELSEWHERE, by=helper, at=now())
    case.refresh_from_db()
    assert case.state == state
    return case


ACTS = {
    "assign": lambda case, who: actions.assign(
        case, helper=who["second"], by=who["coordinator"], at=now()
    ),
    "let_stand_in": lambda case, who: actions.let_stand_in(
        case,
        user=who["second"],
        why=StandIn.Why.AWAY,
        hours=3,
        by=who["coordinator"],
        at=now(),
    ),
    "edit": lambda case, who: actions.edit(
        case, facts=FACTS, expires_on=None, by=who["helper"], at=now()
    ),
    "start": lambda case, who: actions.start(case, by=who["helper"], at=now()),
    "ask_consent": lambda case, who: actions.ask_consent(
        case, answers={}, by=who["helper"], at=now()
    ),
    "read_steps": lambda case, who: actions.read_steps(
        case, outcomes={}, by=who["helper"], at=now()
    ),
    "finish": lambda case, who: finish(case, by=who["helper"]),
    "end": lambda case, who: actions.end(
        case, why=HelpCase.Ended.CHANGED_MIND, by=who["helper"], at=now()
    ),
    "erase": lambda case, who: actions.erase(
        case, why=HelpCase.Erased.ASKED, by=who["coordinator"], at=now()
    ),
}


def test_every_step_of_the_table_has_its_act():
    assert set(ACTS) == set(HelpCase.STEPS)


@pytest.mark.parametrize(
    ("step", "state"),
    [
        (step, state)
        for step, states in HelpCase.STEPS.items()
        for state in HelpCase.State
        if state not in states
    ],
)
def test_a_step_is_refused_from_every_other_state(
    case, step, state, helper, second, coordinator, agreed, finished
):
    case = in_state(case, state, helper, agreed, finished, coordinator)
    who = {"helper": helper, "second": second, "coordinator": coordinator}
    with pytest.raises((actions.Refused, PermissionDenied)):
        ACTS[step](case, who)
    case.refresh_from_db()
    assert case.state == state


# --- numbers of certificates ---------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "证号 31010519480101123X",
        "31010519480101123143",  # a disability card: kind and grade at the end
        "310105 19480101 1234",
        "３１０１０５１９４８０１０１１２３４",
        "310105-19480101-123x",
    ],
)
@pytest.mark.parametrize("field", ["note", "name", "address"])
def test_the_number_of_a_certificate_is_never_taken(register, helper, words, field):
    with pytest.raises(actions.Refused, match="不存证件号码"):
        register(helper, facts=FACTS | {field: words})
    assert not Identity.objects.exists()


# --- the helper leaves, another stands in --------------------------------------------------


def test_a_helper_who_changes_post_opens_nothing_and_his_cases_wait(
    case, helper, second, coordinator, agreed
):
    agreed(case)
    post = helper.posts.get()
    post.until = timezone.localdate()
    post.since = post.until - dt.timedelta(days=30)
    post.save()
    vars(helper).pop("posts_in_force", None)

    with pytest.raises(PermissionDenied):
        actions.open_content(case, ["name"], by=helper, at=now())
    with pytest.raises(PermissionDenied):
        finish(case, by=helper)
    assert list(HelpCase.objects.assignable_by(coordinator).waiting()) == [case]

    case = actions.assign(case, helper=second, by=coordinator, at=now())
    assert case.state == HelpCase.State.ASSIGNED
    assert not HelpCase.objects.waiting().exists()
    assert actions.open_content(case, ["name"], by=second, at=now()) == FACTS


def test_a_helper_who_is_posted_elsewhere_opens_nothing_here(
    case, helper, coordinator, other_grid
):
    post = helper.posts.get()
    post.grid = other_grid  # whose neighbourhoods are others
    post.save()
    vars(helper).pop("posts_in_force", None)
    assert not HelpCase.objects.visible_to(helper).exists()
    assert HelpCase.objects.waiting().get() == case


def test_a_helper_whose_account_is_closed_leaves_his_cases_waiting(case, helper):
    helper.is_active = False
    helper.save()
    assert HelpCase.objects.waiting().get() == case


def test_assigning_anew_ends_the_firsts_access_at_once(
    case, helper, second, coordinator
):
    actions.assign(case, helper=second, by=coordinator, at=now())
    assert not HelpCase.objects.visible_to(helper).exists()


def test_a_stand_in_opens_it_for_some_hours_and_the_reason_is_kept(
    case, helper, second, coordinator
):
    at = now()
    actions.let_stand_in(
        case, user=second, why=StandIn.Why.AWAY, hours=3, by=coordinator, at=at
    )
    actions.open_content(case, ["name"], by=second, at=at + 179 * MINUTE)
    with pytest.raises(PermissionDenied):
        actions.open_content(case, ["name"], by=second, at=at + 180 * MINUTE)
    case.refresh_from_db()
    assert case.helper == helper
    assert [line.why for line in case.readings()] == ["代办：帮办员请假"]


def test_a_stand_in_is_taken_back_early(case, second, coordinator):
    at = now()
    actions.let_stand_in(
        case, user=second, why=StandIn.Why.BUSY, hours=3, by=coordinator, at=at
    )
    actions.end_stand_in(case, by=coordinator, at=at + MINUTE)
    with pytest.raises(PermissionDenied):
        actions.open_content(case, ["name"], by=second, at=at + 2 * MINUTE)


@pytest.mark.parametrize("hours", [0, 9, 24 * 30])
def test_a_stand_in_is_for_some_hours(case, second, coordinator, hours):
    with pytest.raises(actions.Refused, match="最多 8 小时"):
        actions.let_stand_in(
            case, user=second, why="busy", hours=hours, by=coordinator, at=now()
        )


def test_helpers_do_not_let_each_other_in(case, helper, second):
    with pytest.raises(PermissionDenied):
        actions.let_stand_in(
            case, user=second, why="busy", hours=1, by=helper, at=now()
        )


def test_only_a_helper_in_post_is_given_a_case(case, coordinator, clerk, other_grid):
    from tests.cases.conftest import holder

    for user in (clerk, holder(Role.HELPER, other_grid, "elsewhere")):
        with pytest.raises(actions.Refused, match="不是这里的帮办员"):
            actions.assign(case, helper=user, by=coordinator, at=now())


def test_a_helpers_own_case_is_his_at_once(register, helper):
    case = register(by=helper, place="stand")
    assert (case.helper, case.state) == (helper, HelpCase.State.ASSIGNED)


def test_a_stranger_writes_no_case_down(register, clerk):
    with pytest.raises(PermissionDenied):
        register(by=clerk)
