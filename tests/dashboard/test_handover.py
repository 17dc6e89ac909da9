"""Somebody changes post: what goes over in one act, what stays and is said."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from accounts.rights import Role
from dashboard import handover
from enterprises.models import Caretaker
from tests.factories import (
    NOON,
    TODAY,
    BusinessFactory,
    OfficerFactory,
    PostFactory,
    UserFactory,
)
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db
BEFORE = dt.date(2025, 3, 1)


@pytest.fixture
def admin(street):
    return PostFactory(role=Role.SECURITY_ADMIN, grid=street).user


@pytest.fixture
def post(grid):
    return PostFactory(role=Role.GRID_STAFF, grid=grid, since=BEFORE)


@pytest.fixture
def to():
    return UserFactory(display_name="接手的")


def care(post, **of):
    return Caretaker.objects.create(user=post.user, grid=post.grid, since=BEFORE, **of)


def hand(post, to, admin):
    return handover.hand_over(post, to=to, reason="岗位调整", by=admin, at=NOON)


def test_the_visits_owed_are_owed_by_the_successor_from_today(post, to, admin, tower):
    business = BusinessFactory(grid=post.grid)
    care(post, business=business)
    care(post, building=tower, floor="8")
    hand(post, to, admin)
    in_force = Caretaker.objects.in_force(TODAY)
    assert not in_force.filter(user=post.user).exists()
    passed = set(in_force.filter(user=to).values_list("business", "building", "floor"))
    assert passed == {(business.pk, None, ""), (None, tower.pk, "8")}
    day_before = TODAY - dt.timedelta(days=1)
    assert Caretaker.objects.in_force(day_before).filter(user=post.user).count() == 2
    entry = Entry.objects.get(verb="post.handed_over")
    assert entry.data == {"user": to.pk, "reason": "岗位调整"}


def test_the_successor_has_the_post_and_the_other_has_none(post, to, admin):
    successor = hand(post, to, admin)
    assert (successor.user, successor.role, successor.grid) == (
        to,
        post.role,
        post.grid,
    )
    assert not post.user.posts.in_force(TODAY).exists()


def test_who_has_the_same_post_already_gets_no_second(post, to, admin):
    mine = PostFactory(user=to, role=post.role, grid=post.grid, since=BEFORE)
    assert hand(post, to, admin) == mine
    assert to.posts.count() == 1


def test_an_office_goes_with_the_post(grid, branch, to, admin):
    office = OfficerFactory(
        post__role=Role.BRANCH_SECRETARY,
        post__grid=grid,
        post__since=BEFORE,
        organization=branch,
    )
    successor = hand(office.post, to, admin)
    assert [row.organization for row in successor.offices.all()] == [branch]


def test_what_lies_in_another_grid_stays(post, to, admin, other_grid):
    away = BusinessFactory(grid=other_grid)
    Caretaker.objects.create(
        user=post.user, grid=other_grid, business=away, since=BEFORE
    )
    hand(post, to, admin)
    assert not Caretaker.objects.filter(user=to).exists()


def test_ending_a_post_passes_nothing_on(post, admin):
    from party import posts

    care(post, business=BusinessFactory(grid=post.grid))
    posts.end(post, on=TODAY, reason="调离", by=admin, at=NOON)
    assert Caretaker.objects.get().user == post.user


def test_it_is_listed_in_counts_before(client_of, post, admin):
    care(post, business=BusinessFactory(grid=post.grid, name="机密茶行"))
    assert handover.duties(post, TODAY) == [("走访责任（家）", 1, "")]


@pytest.mark.parametrize("role", [Role.GRID_CHIEF, Role.STREET_LEADER])
def test_nobody_but_the_administrator_hands_over(post, to, grid, role):
    with pytest.raises(PermissionDenied):
        hand(post, to, PostFactory(role=role, grid=grid).user)


def test_not_to_oneself_nor_to_a_disabled_account(post, to, admin):
    to.is_active = False
    to.save()
    for taker in (post.user, to):
        with pytest.raises(handover.Refused):
            hand(post, taker, admin)
    with pytest.raises(handover.Refused):
        hand(post, admin, admin)


def test_an_ended_post_hands_nothing_over(post, to, admin):
    post.until = TODAY
    post.save()
    with pytest.raises(handover.Refused):
        hand(post, to, admin)
