"""Saved views: private until shared, never wider than their reader, a place to start."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.rights import Role
from tests.factories import NOON, BusinessFactory, PostFactory
from tianshan.audit.models import Entry
from tianshan.ledgers import LEDGERS, actions
from tianshan.ledgers.models import SavedView, StartPage

KEEP = "/ledgers/merchants/views/new/"


@pytest.fixture
def merchants():
    return LEDGERS["merchants"]


@pytest.fixture
def colleague(grid):
    post = PostFactory(role=Role.GRID_STAFF, grid=grid, user__display_name="同事")
    return post.user


def keep(ledger, by, name="茶行", query="q=%E8%8C%B6", **more):
    view = actions.keep_view(ledger, name=name, query=query, columns=[], by=by, at=NOON)
    if more.get("shared"):
        view = actions.name_view(view, name=name, shared=True, by=by, at=NOON)
    return view


def tabs(response):
    return [view.name for view in response.context["desk"].views]


def test_keeps_filters_order_and_columns_under_a_name(client_of, staff, grid):
    BusinessFactory(grid=grid, name="闽南茶行")
    BusinessFactory(grid=grid, name="大药房")
    client = client_of(staff)
    address = "/merchants/?q=茶&sort=-name&columns=name,room&page=1"

    response = client.post(KEEP, {"next": address, "name": "茶行"})

    view = SavedView.objects.get()
    assert (view.name, view.owner, view.shared) == ("茶行", staff, False)
    assert view.columns == ["name", "room"]
    assert Entry.objects.filter(verb="view.kept", subject_id=view.pk).exists()
    page = client.get(response.url)
    assert [row.name for row in page.context["page"]] == ["闽南茶行"]
    assert page.context["desk"].current == view
    assert not page.context["desk"].changed
    assert len(page.context["columns"]) == 2


def test_private_means_private(client_of, staff, colleague, merchants):
    view = keep(merchants, staff)

    client = client_of(colleague)

    assert tabs(client.get("/merchants/")) == []
    for name in ("view_name", "view_update", "view_drop"):
        url = reverse(f"ledgers:{name}", args=[view.pk])
        assert client.post(url, {"name": "x"}).status_code == 404
    with pytest.raises(PermissionDenied):
        actions.start_with(view, by=colleague, at=NOON)


def test_shared_shows_whose_it_is_and_only_the_readers_own_rows(
    client_of, staff, stranger, grid, other_grid, merchants
):
    BusinessFactory(grid=grid, name="本网格茶行")
    BusinessFactory(grid=other_grid, name="别处茶行")
    view = keep(merchants, staff, shared=True)

    page = client_of(stranger).get(view.get_absolute_url())

    assert tabs(page) == ["茶行"]
    assert "staff 共享的视图" in page.text
    assert [row.name for row in page.context["page"]] == ["别处茶行"]


def test_only_the_owner_changes_a_shared_view(client_of, staff, colleague, merchants):
    view = keep(merchants, staff, shared=True)
    client = client_of(colleague)

    for name in ("view_update", "view_drop"):
        assert (
            client.post(reverse(f"ledgers:{name}", args=[view.pk])).status_code == 403
        )
    client.post(reverse("ledgers:view_name", args=[view.pk]), {"name": "改了"})
    view.refresh_from_db()
    assert (view.name, view.shared) == ("茶行", True)


def test_no_view_of_a_ledger_that_one_may_not_open(auditor, merchants, staff):
    view = keep(merchants, staff, shared=True)
    assert not SavedView.objects.visible_to(auditor).filter(pk=view.pk).exists()
    with pytest.raises(PermissionDenied):
        keep(merchants, auditor)


@pytest.fixture
def auditor(grid):
    return PostFactory(role=Role.AUDITOR, grid=grid).user


def test_a_view_is_brought_up_to_date(client_of, staff, merchants):
    view = keep(merchants, staff)
    client = client_of(staff)
    page = client.get(f"/merchants/?view={view.pk}&q=药")
    assert page.context["desk"].may_update
    assert f"更新“{view.name}”" in page.text

    client.post(
        reverse("ledgers:view_update", args=[view.pk]),
        {"next": f"/merchants/?view={view.pk}&q=药"},
    )

    view.refresh_from_db()
    assert view.query == "q=%E8%8D%AF"


def test_one_name_once(client_of, staff, merchants):
    keep(merchants, staff)
    page = client_of(staff).post(KEEP, {"next": "/merchants/", "name": "茶行"})
    assert page.status_code == 200
    assert "已有叫“茶行”的视图" in page.text
    assert SavedView.objects.count() == 1


def test_the_day_begins_with_the_view(client_of, staff, merchants):
    view = keep(merchants, staff)
    client = client_of(staff)
    url = reverse("ledgers:view_name", args=[view.pk])

    client.post(url, {"name": "茶行", "start": "on"})
    assert client.get("/").url == view.get_absolute_url()

    client.post(url, {"name": "茶行"})
    assert client.get("/").url == "/work/"


def test_a_view_made_private_is_nobody_elses_start(
    client_of, staff, colleague, merchants
):
    view = keep(merchants, staff, shared=True)
    actions.start_with(view, by=colleague, at=NOON)
    assert client_of(colleague).get("/").url == view.get_absolute_url()

    actions.name_view(view, name="茶行", shared=False, by=staff, at=NOON)

    assert client_of(colleague).get("/").url == "/work/"
    assert not StartPage.objects.exists()


def test_who_lost_the_right_starts_on_the_role_page(client_of, staff, merchants):
    actions.start_with(keep(merchants, staff), by=staff, at=NOON)
    staff.posts.update(role=Role.AUDITOR)
    assert client_of(staff).get("/").url == "/audit/"


def test_dropping_leaves_history(client_of, staff, merchants):
    view = keep(merchants, staff)
    client_of(staff).post(reverse("ledgers:view_drop", args=[view.pk]))
    assert not SavedView.objects.exists()
    labels = SavedView.pgh_event_model.objects.values_list("pgh_label", flat=True)
    assert set(labels) == {"insert", "delete"}


def test_an_address_of_another_site_is_not_followed(client_of, staff):
    for bad in ("https://example.org/merchants/", "//example.org", "/enterprises/?q=x"):
        response = client_of(staff).post(KEEP, {"next": bad, "name": bad[:12]})
        assert response.url.startswith("/merchants/?view=")
