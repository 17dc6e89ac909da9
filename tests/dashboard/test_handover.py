"""Somebody changes post: what goes over in one act, what stays and is said."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from accounts import passwords
from accounts.rights import Role
from dashboard import handover
from enterprises.models import Caretaker
from tests.factories import (
    NOON,
    TODAY,
    BusinessFactory,
    DemandFactory,
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


# The page of it


@pytest.fixture
def at_desk(client, admin):
    """The administrator, who has just given the password once more."""
    passwords.change(admin, "Shan-road-2026", at=timezone.now())
    form = {"login": admin.username, "password": "Shan-road-2026"}
    client.post("/login/", form)
    client.post("/password/again/", form | {"next": "/accounts/"})
    return client


def page_of(post):
    return f"/accounts/posts/{post.pk}/handover/"


def test_the_page_says_in_counts_what_goes_over_and_names_nobody(at_desk, post):
    care(post, business=BusinessFactory(grid=post.grid, name="机密茶行"))
    page = at_desk.get(page_of(post)).text
    assert "<dt>走访责任（家）</dt><dd>1</dd>" in page
    assert "机密茶行" not in page
    assert "另外交" not in page


def test_two_of_one_name_are_told_apart_by_their_accounts(at_desk, post):
    for username in ("liu.min", "liu.min2"):
        UserFactory(username=username, display_name="刘敏")
    page = at_desk.get(page_of(post)).text
    assert "刘敏（liu.min）" in page
    assert "刘敏（liu.min2）" in page


def test_the_page_says_who_passes_on_what_stays(at_desk, post):
    DemandFactory(
        business=BusinessFactory(grid=post.grid), handler=post.user, confidential=True
    )
    page = at_desk.get(page_of(post)).text
    assert "另外交" in page
    assert "1 件，由台账员或网格长另行转交" in page


def test_a_post_with_nothing_in_hand_is_handed_over_alone(at_desk, post, to):
    assert "没有记在名下的事，只交岗位" in at_desk.get(page_of(post)).text
    at_desk.post(page_of(post), {"to": to.pk, "reason": "岗位调整"})
    assert [each.role for each in to.posts.all()] == [post.role]


def test_the_page_hands_over_and_leads_to_the_successor(at_desk, post, to):
    business = BusinessFactory(grid=post.grid)
    care(post, business=business)
    form = {"to": to.pk, "reason": "岗位调整"}
    answer = at_desk.post(page_of(post), form, follow=True)
    assert answer.redirect_chain == [(f"/accounts/{to.pk}/", 302)]
    assert "已交给接手的，原岗位已卸任" in answer.text
    owing = Caretaker.objects.in_force(timezone.localdate())
    assert [(each.user, each.business) for each in owing] == [(to, business)]


def test_one_is_asked_for_the_successor_and_the_reason(at_desk, post, admin):
    away = UserFactory(is_active=False)
    for taker in ("", away.pk, post.user.pk, admin.pk):
        page = at_desk.post(page_of(post), {"to": taker, "reason": "岗位调整"})
        assert page.context["form"].errors.keys() == {"to"}
    page = at_desk.post(page_of(post), {"to": "", "reason": " "})
    assert page.context["form"].errors.keys() == {"to", "reason"}
    assert post.user.posts.get().until is None


def test_the_page_of_an_ended_post_says_that_it_is_over(at_desk, post, to):
    post.until = timezone.localdate()
    post.save()
    page = at_desk.post(page_of(post), {"to": to.pk, "reason": "岗位调整"})
    assert "这个岗位现在不在任" in page.text
    assert not to.posts.exists()


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.SECURITY_ADMIN}))
def test_the_page_is_refused_to_everybody_else(client_of, post, to, street, role):
    client = client_of(PostFactory(role=role, grid=street).user)
    form = {"to": to.pk, "reason": "岗位调整"}
    assert client.get(page_of(post)).status_code == 403
    assert client.post(page_of(post), form).status_code == 403
    assert not to.posts.exists()


def test_the_page_asks_for_the_password_once_more(client_of, post, to, admin):
    form = {"to": to.pk, "reason": "岗位调整"}
    answer = client_of(admin).post(page_of(post), form)
    assert answer.status_code == 302
    assert answer.url.startswith("/password/again/")
    assert not to.posts.exists()
