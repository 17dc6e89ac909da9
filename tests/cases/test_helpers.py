"""Colleagues help until a day; then, or when they are let go, nothing opens any more."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts.rights import Right, Role
from cases import actions, helpers
from cases.models import HelpCase
from grids.models import Post
from tests.cases.conftest import holder
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


@pytest.fixture
def colleague(street):
    return holder(Role.PARTY_WORKER, street, "colleague")


def appoint(user, by, days=30):
    at = timezone.now()
    until = timezone.localdate(at) + days * DAY
    post = helpers.appoint(user, until=until, by=by, at=at)
    vars(user).pop("posts_in_force", None)
    return post


def test_a_colleague_helps_until_the_day_and_not_on_it(
    register, colleague, coordinator
):
    assert not colleague.may(Right.HANDLE_CASES)
    post = appoint(colleague, coordinator)
    assert colleague.may(Right.HANDLE_CASES)
    case = register(colleague)
    assert list(HelpCase.objects.readable_by(colleague)) == [case]

    today = timezone.localdate()
    Post.objects.filter(pk=post.pk).update(since=today - 30 * DAY, until=today)
    vars(colleague).pop("posts_in_force", None)
    assert not HelpCase.objects.visible_to(colleague).exists()
    assert HelpCase.objects.assignable_by(coordinator).waiting().get() == case


def test_who_is_let_go_opens_nothing_from_that_moment(register, colleague, coordinator):
    post = appoint(colleague, coordinator)
    case = register(colleague)
    helpers.dismiss(post, by=coordinator, at=timezone.now())
    case.refresh_from_db()
    assert (case.state, case.helper) == (HelpCase.State.WAITING, None)
    assert not HelpCase.objects.visible_to(colleague).exists()
    verbs = Entry.objects.order_by("pk").values_list("verb", flat=True)
    assert list(verbs)[-2:] == ["case.taken_back", "helper.dismissed"]


def test_who_is_let_go_stands_in_no_more(register, helper, colleague, coordinator):
    post = appoint(colleague, coordinator)
    case = register(helper)
    at = timezone.now()
    actions.let_stand_in(
        case, user=colleague, why="busy", hours=3, by=coordinator, at=at
    )
    helpers.dismiss(post, by=coordinator, at=timezone.now())
    with pytest.raises(PermissionDenied):
        actions.open_content(case, ["name"], by=colleague, at=timezone.now())


@pytest.mark.parametrize("days", [-1, 0, 185])
def test_the_end_is_a_day_within_half_a_year(colleague, coordinator, days):
    with pytest.raises(actions.Refused, match="以内"):
        appoint(colleague, coordinator, days)


@pytest.mark.parametrize(
    "role", [Role.SECURITY_ADMIN, Role.AUDITOR, Role.SYSTEM_ADMIN, Role.HELPER]
)
def test_administrators_stay_apart_and_nobody_is_a_helper_twice(
    coordinator, street, role
):
    with pytest.raises(actions.Refused, match="不能做临时帮办员"):
        helpers.appoint(
            holder(role, street, "somebody"),
            until=timezone.localdate() + DAY,
            by=coordinator,
            at=timezone.now(),
        )


def test_only_the_coordinator_appoints_and_lets_go(colleague, coordinator, helper):
    with pytest.raises(PermissionDenied):
        appoint(colleague, helper)
    post = appoint(colleague, coordinator)
    with pytest.raises(PermissionDenied):
        helpers.dismiss(post, by=helper, at=timezone.now())


def test_a_permanent_post_is_not_the_coordinators_to_end(coordinator, helper):
    with pytest.raises(PermissionDenied):
        helpers.dismiss(helper.posts.get(), by=coordinator, at=timezone.now())


def test_the_page_appoints_and_ends(client_of, coordinator, colleague):
    client = client_of(coordinator)
    until = timezone.localdate() + 10 * DAY
    client.post("/cases/helpers/", {"user": colleague.pk, "until": until.isoformat()})
    post = Post.objects.get(user=colleague, role=Role.HELPER)
    assert post.until == until
    page = client.get("/cases/helpers/").text
    assert "colleague" in page
    client.post(f"/cases/helpers/{post.pk}/end/")
    post.refresh_from_db()
    assert post.until == post.since + DAY
