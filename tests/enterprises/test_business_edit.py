"""Editing a business: what two people save at once is lost to neither."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from enterprises import actions
from tests.factories import NOON, BusinessFactory, PostFactory
from tianshan.audit.models import Entry, Reading


def form_of(response):
    """The form as a browser would send it back."""
    form = response.context["form"]
    data = {name: form[name].value() for name in form.fields}
    data = {k: "" if v is None else v for k, v in data.items()}
    asked = [row["name"] for row in response.context["clashes"]]
    more = {"clash": asked, "opened": response.context["opened"]}
    return {**data, **more, "seen": response.context["seen"]}


@pytest.fixture
def business(grid):
    return BusinessFactory(
        grid=grid, name="闽南茶行", staff_count=4, contact_phone="19912345678"
    )


def url(business):
    return reverse("enterprises:business_edit", args=[business.pk])


def test_saves_and_leaves_an_audit_line(client_of, staff, business):
    client = client_of(staff)
    data = form_of(client.get(url(business)))

    response = client.post(url(business), {**data, "staff_count": "6"})

    assert response.status_code == 302
    business.refresh_from_db()
    assert business.staff_count == 6
    assert business.contact_phone == "19912345678"  # the mask changed nothing
    entry = Entry.objects.get(verb="business.edited")
    assert entry.data == {"fields": ["staff_count"]}


def test_two_people_on_different_fields_merge(client_of, staff, business):
    client = client_of(staff)
    data = form_of(client.get(url(business)))
    actions.edit(business, changes={"trade": "茶叶零售"}, seen={}, by=staff, at=NOON)

    client.post(url(business), {**data, "staff_count": "6"})

    business.refresh_from_db()
    assert (business.trade, business.staff_count) == ("茶叶零售", 6)


@pytest.fixture
def clash(client_of, staff, business):
    """Somebody saved 5 while one typed 6: the client, and the page that says so."""
    client = client_of(staff)
    data = form_of(client.get(url(business)))
    actions.edit(business, changes={"staff_count": 5}, seen={}, by=staff, at=NOON)
    response = client.post(
        url(business), {**data, "staff_count": "6", "note": "新写的备注"}
    )
    return client, response


def test_two_people_on_one_field_are_told_of_each_other(clash, business):
    _, response = clash
    assert response.status_code == 409
    [row] = response.context["clashes"]
    assert (row["opened"], row["stored"], row["mine"]) == (4, 5, 6)
    page = response.content.decode()
    assert "新写的备注" in page  # nothing typed is lost
    assert page.count("您打开之后") == 1
    business.refresh_from_db()
    assert business.staff_count == 5


@pytest.mark.parametrize(("keep", "count"), [("mine", 6), ("stored", 5)])
def test_each_field_is_what_was_chosen(clash, business, keep, count):
    client, response = clash
    data = {**form_of(response), "keep_staff_count": keep}
    assert client.post(url(business), data).status_code == 302
    business.refresh_from_db()
    assert (business.staff_count, business.note) == (count, "新写的备注")


def test_nothing_is_saved_before_the_choice_is_made(clash, business):
    client, response = clash
    again = client.post(url(business), form_of(response))
    assert again.status_code == 409
    [row] = again.context["clashes"]
    assert (row["opened"], row["stored"], row["mine"]) == (4, 5, 6)
    business.refresh_from_db()
    assert (business.staff_count, business.note) == (5, "")


def test_a_third_who_saves_meanwhile_is_no_loser_either(clash, business, staff):
    client, response = clash
    actions.edit(business, changes={"staff_count": 9}, seen={}, by=staff, at=NOON)
    data = {**form_of(response), "keep_staff_count": "mine"}
    again = client.post(url(business), data)
    assert again.status_code == 409
    [row] = again.context["clashes"]
    assert (row["opened"], row["stored"], row["mine"]) == (4, 9, 6)


def test_a_phone_is_chosen_by_its_mask_and_stands_nowhere_in_full(
    client_of, staff, business
):
    client = client_of(staff)
    data = form_of(client.get(url(business)))
    theirs = "19900000002"
    actions.edit(
        business, changes={"contact_phone": theirs}, seen={}, by=staff, at=NOON
    )
    response = client.post(url(business), {**data, "contact_phone": "19900000003"})

    [row] = response.context["clashes"]
    assert (row["stored"], row["mine"]) == ("199****0002", "199****0003")
    assert theirs not in response.content.decode()
    data = {**form_of(response), "keep_contact_phone": "stored"}
    assert client.post(url(business), data).status_code == 302
    business.refresh_from_db()
    assert business.contact_phone == theirs


@pytest.mark.parametrize("number", ["199****9999", "12ab", "123", "1" * 15])
def test_a_wrong_phone_is_refused_in_words(client_of, staff, business, number):
    client = client_of(staff)
    data = form_of(client.get(url(business)))

    response = client.post(url(business), {**data, "contact_phone": number})

    assert response.status_code == 200
    assert response.context["form"].errors["contact_phone"]
    business.refresh_from_db()
    assert business.contact_phone == "19912345678"


def test_belongs_to_who_may_edit(leader, business, client_of):
    assert client_of(leader).get(url(business)).status_code == 403
    with pytest.raises(PermissionDenied):
        actions.edit(business, changes={"note": "x"}, seen={}, by=leader, at=NOON)


def test_a_number_is_shown_in_full_only_with_a_record(
    client_of, staff, leader, business
):
    address = reverse("enterprises:business_phone", args=[business.pk])

    own = client_of(staff)
    assert "19912345678" not in own.get(address).content.decode()
    assert "19912345678" in own.post(address).content.decode()

    other = client_of(leader)
    assert "19912345678" not in other.post(address, {"why": ""}).content.decode()
    assert Reading.objects.count() == 1
    assert "19912345678" in other.post(address, {"why": "核对"}).content.decode()
    assert list(Reading.objects.order_by("pk").values_list("by__username", "why")) == [
        ("staff", "联系自己负责的对象"),
        ("leader", "核对"),
    ]


def test_moving_keeps_the_old_place_with_its_dates(chief, business, other_grid, grid):
    PostFactory(user=chief, grid=other_grid, role="grid_chief")
    since = NOON.date()
    actions.move(
        business,
        grid=other_grid,
        building=None,
        room="2号",
        since=since,
        by=chief,
        at=NOON,
    )
    places = business.occupancies.order_by("since").values_list(
        "grid", "since", "until"
    )
    assert list(places) == [
        (grid.pk, business.discovered_on, since),
        (other_grid.pk, since, None),
    ]
    business.refresh_from_db()
    assert (business.grid, business.room) == (other_grid, "2号")


def test_who_moves_away_leaves_the_place(staff, business):
    day = NOON.date()
    actions.set_state(business, state="moved", since=day, by=staff, at=NOON)
    business.refresh_from_db()
    assert business.state == "moved"
    assert business.occupancies.get().until == day
    assert list(
        business.operations.order_by("since").values_list("state", "until")
    ) == [("operating", day), ("moved", None)]
