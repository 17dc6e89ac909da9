"""Posts given and ended, the three administrators apart, and what each post opens."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied

from accounts.rights import Role
from party import posts
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
DAY = dt.timedelta(days=1)


@pytest.fixture
def admin(street):
    return PostFactory(role=Role.SECURITY_ADMIN, grid=street).user


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def give(admin, grid):
    def given(user, role=Role.GRID_STAFF, **more):
        more = {"grid": grid, "since": TODAY, "by": admin, "at": NOON} | more
        return posts.give(user, role=role, **more)

    return given


def test_a_post_opens_from_its_first_to_before_its_last_day(give, person):
    post = give(person, since=TODAY + DAY, until=TODAY + 3 * DAY)
    held = [post in person.posts.in_force(TODAY + n * DAY) for n in range(4)]
    assert held == [False, True, True, False]
    entry = Entry.objects.get(verb="post.given")
    assert entry.data == {"user": person.pk, "kind": "grid_staff"}


def test_a_narrow_role_is_narrowed_or_refused(give, person, branch):
    with pytest.raises(posts.Refused, match="党组织"):
        give(person, Role.BRANCH_SECRETARY)
    post = give(person, Role.BRANCH_SECRETARY, narrowed_to=branch)
    assert [office.organization for office in post.offices.all()] == [branch]


@pytest.mark.parametrize("other", [Role.AUDITOR, Role.SYSTEM_ADMIN, Role.GRID_STAFF])
def test_the_three_administrators_hold_nothing_else(give, person, other):
    give(person, Role.SECURITY_ADMIN)
    with pytest.raises(posts.Refused, match="三员分立"):
        give(person, other)


def test_who_has_another_post_becomes_no_administrator(give, person):
    give(person, until=TODAY + 3 * DAY)
    with pytest.raises(posts.Refused, match="三员分立"):
        give(person, Role.AUDITOR, since=TODAY + 2 * DAY)
    give(person, Role.AUDITOR, since=TODAY + 3 * DAY)


def test_nobody_gives_or_ends_a_post_of_their_own(give, admin):
    with pytest.raises(posts.Refused, match="自己"):
        give(admin, Role.STREET_LEADER)
    post = admin.posts.get()
    with pytest.raises(posts.Refused, match="自己"):
        posts.end(post, on=TODAY + DAY, reason="误点", by=admin, at=NOON)


def test_nobody_but_the_administrator_gives_a_post(give, person, chief):
    with pytest.raises(PermissionDenied):
        give(person, by=chief)


def test_ending_a_post_takes_effect_on_its_day(give, admin, person):
    post = give(person, since=TODAY - 9 * DAY)
    with pytest.raises(posts.Refused):
        posts.end(post, on=TODAY - DAY, reason="调离", by=admin, at=NOON)
    posts.end(post, on=TODAY + DAY, reason="调离", by=admin, at=NOON)
    assert person.posts.in_force(TODAY).exists()
    assert not person.posts.in_force(TODAY + DAY).exists()
    entry = Entry.objects.get(verb="post.ended")
    assert entry.data == {"on": "2026-10-16", "reason": "调离"}


def test_what_a_person_may_see_and_why(client_of, admin, grid, branch):
    person = OfficerFactory(
        post__role=Role.BRANCH_SECRETARY, post__grid=grid, organization=branch
    ).post.user
    PostFactory(
        user=person,
        role=Role.GRID_CHIEF,
        grid=grid,
        since="2025-01-01",
        until="2025-06-01",
    )
    BusinessFactory(grid=grid, name="机密茶行")
    page = client_of(admin).get(f"/accounts/{person.pk}/reach/").text
    assert "天山茶市党支部" in page
    assert "看诉求" in page
    assert "2025-06-01 起，从这个岗位来的权限都已收回" in page
    assert "机密" not in page
    own = client_of(person).get("/me/").text
    assert "天山茶市党支部" in own
    assert "已卸任" in own


def test_only_the_administrator_asks_that_of_others(client_of, chief, person):
    for page in ("reach", "posts/new"):
        answer = client_of(chief).get(f"/accounts/{person.pk}/{page}/")
        assert answer.status_code == 403
