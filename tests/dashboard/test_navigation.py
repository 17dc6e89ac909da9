"""No item of any role's menu leads to a shut or a missing door."""

import re

import pytest

from accounts.rights import Right, Role
from dashboard import words
from dashboard.navigation import DOCK, MENU
from tests import factories as make

pytestmark = pytest.mark.django_db


def hrefs(html, part):
    found = re.search(part, html, re.S)
    return re.findall(r'<a href="(/[^"]*)"', found[0]) if found else []


def side(page):
    return hrefs(page.text, r'<nav aria-label="主导航">.*?</nav>')


def dock(page):
    return hrefs(page.text, r'<nav class="dock".*?<details')


@pytest.mark.parametrize("role", Role)
def test_every_menu_item_opens(role, client_of, grid):
    client = client_of(make.PostFactory(role=role, grid=grid).user)
    links = side(client.get("/me/"))
    assert "/me/" in links
    for link in links:
        assert client.get(link).status_code == 200, link


def test_what_a_role_may_not_open_is_not_offered(client_of, grid):
    auditor = make.PostFactory(role=Role.AUDITOR, grid=grid).user
    links = side(client_of(auditor).get("/me/"))
    assert links == ["/audit/", "/notices/", "/me/"]


def test_the_clerk_is_offered_the_import_and_the_staff_are_not(client_of, clerk, staff):
    assert "/imports/" in side(client_of(clerk).get("/me/"))
    assert "/imports/" not in side(client_of(staff).get("/me/"))


def test_the_current_page_is_marked(client_of, chief):
    page = client_of(chief).get("/dashboard/").text
    nav = page[page.index('aria-label="主导航"') :]
    current = re.findall(r'href="(/[^"]*)"[^>]*aria-current="page"', nav)
    assert set(current) == {"/dashboard/"}


def test_the_dock_has_four_at_most_and_begins_where_the_role_does(
    client_of, staff, secretary
):
    assert dock(client_of(staff).get("/me/"))[0] == "/work/"
    links = dock(client_of(secretary).get("/me/"))
    assert links[0] == "/demands/"
    assert len(links) == 4


def test_docks_name_items_of_the_menu():
    names = {entry[0].partition(":")[2] for _, entries in MENU for entry in entries}
    assert set().union(*DOCK.values()) <= names


def test_the_menu_asks_the_database_only_for_the_posts(
    client_of, chief, django_assert_num_queries
):
    client = client_of(chief)
    client.get("/me/")
    # Session, user, posts; the page itself asks whether what it says of them changed.
    with django_assert_num_queries(4):
        client.get("/me/")


def test_a_user_without_a_post_sees_only_their_own_page(client_of, db):
    page = client_of(make.UserFactory()).get("/me/")
    assert side(page) == ["/notices/", "/me/"]
    assert "没有在任的岗位" in page.text


def test_the_sign_in_page_has_no_menu(client, db):
    page = client.get("/login/")
    assert page.status_code == 200
    assert side(page) == []


def test_of_two_entries_above_a_page_the_nearer_is_current(client_of, staff):
    def marked(address):
        page = client_of(staff).get(address).text
        menu = re.search(r'<nav aria-label="主导航">.*?</nav>', page, re.S)[0]
        return re.findall(r'href="(/[^"]*)"[^>]*aria-current="page"', menu)

    assert marked("/buildings/plans/") == ["/buildings/plans/"]
    assert marked("/buildings/") == ["/buildings/"]


def test_every_right_has_its_words():
    assert set(words.WORDS) == set(Right)
