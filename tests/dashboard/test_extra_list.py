"""The definitions of extra fields, which the system administrator keeps."""

import pytest
from django.core.exceptions import PermissionDenied

from tests.factories import (
    NOON,
    BuildingFactory,
    BusinessFactory,
    ExtraFieldFactory,
    OrganizationFactory,
)
from tianshan.audit.models import Entry
from tianshan.values import actions
from tianshan.values.extra import fields_of
from tianshan.values.models import ExtraField

pytestmark = pytest.mark.django_db
URL = "/values/extra/"
Type = ExtraField.Type


def filled(**changes):
    return {
        "of": "business",
        "label": "产权性质",
        "type": "choice",
        "choices": "自有\n租赁\n",
        "visibility": "internal",
        "active": "on",
        **changes,
    }


def test_a_field_added_is_asked_at_once(client_of, system_admin):
    answer = client_of(system_admin).post(URL, filled(kinds=["merchant"]))
    assert answer.status_code == 302
    (field,) = fields_of("business", "merchant")
    assert (field.label, field.choices) == ("产权性质", ["自有", "租赁"])
    assert not fields_of("business", "enterprise")
    assert not fields_of("building")
    entry = Entry.objects.get(verb="extra_field.added")
    assert (entry.by, entry.subject_id) == (system_admin, field.pk)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"choices": ""}, "一行一个"),
        ({"label": "联系电话"}, "已经有这一列"),
        ({"label": "手机号"}, "已经有这一列"),
        ({"of": "building", "label": "地址", "type": "text"}, "已经有这一列"),
        ({"of": "building", "kinds": ["merchant"]}, "没有这几类"),
        ({"type": "colour"}, "colour"),
        ({"choices": "长" * 41}, "40 个字"),
    ],
)
def test_what_cannot_be_is_refused_with_a_word(client_of, system_admin, wrong, said):
    answer = client_of(system_admin).post(URL, filled(**wrong))
    assert answer.status_code == 400
    assert said in answer.text
    assert not ExtraField.objects.exists()


def test_a_label_is_given_once_in_a_ledger(client_of, system_admin):
    ExtraFieldFactory(label="产权性质")
    assert client_of(system_admin).post(URL, filled()).status_code == 400
    other = filled(of="building")
    assert client_of(system_admin).post(URL, other).status_code == 302


def test_the_type_stays_once_it_was_answered(client_of, system_admin):
    field = ExtraFieldFactory(label="产权性质", type=Type.TEXT)
    client = client_of(system_admin)
    assert client.post(f"{URL}{field.pk}/", filled(type="whole")).status_code == 302
    BusinessFactory(extra={field.key: 3})
    answer = client.post(f"{URL}{field.pk}/", filled(type="text"))
    assert answer.status_code == 400
    assert "不能改类型" in answer.text
    field.refresh_from_db()
    assert field.type == Type.WHOLE


def test_a_choice_that_was_made_stays(client_of, system_admin):
    field = ExtraFieldFactory(
        label="产权性质", type=Type.CHOICE, choices=["自有", "租赁"]
    )
    BusinessFactory(extra={field.key: "自有"})
    client = client_of(system_admin)
    answer = client.post(f"{URL}{field.pk}/", filled(choices="租赁"))
    assert "“自有”已经有人选过" in answer.text
    client.post(f"{URL}{field.pk}/", filled(choices="自有\n借用"))
    field.refresh_from_db()
    assert field.choices == ["自有", "借用"]


def test_one_switched_off_hides_and_keeps_what_was_answered(
    client_of, system_admin, clerk, grid
):
    field = ExtraFieldFactory(label="老字号", type=Type.TEXT)
    shop = BusinessFactory(grid=grid, extra={field.key: "百年茶庄"})
    assert "百年茶庄" in client_of(clerk).get(shop.get_absolute_url()).text
    assert "百年茶庄" in shop.search
    client_of(system_admin).post(
        f"{URL}{field.pk}/",
        filled(label="老字号", type="text", choices="", active=""),
    )
    shop.refresh_from_db()
    assert shop.extra == {field.key: "百年茶庄"}
    assert "百年茶庄" not in client_of(clerk).get(shop.get_absolute_url()).text
    assert "百年茶庄" not in shop.search


@pytest.mark.parametrize(
    ("of", "make"),
    [
        ("business", BusinessFactory),
        ("building", BuildingFactory),
        ("organization", OrganizationFactory),
    ],
)
def test_one_that_was_answered_is_not_deleted(client_of, system_admin, of, make):
    field = ExtraFieldFactory(of=of)
    make(extra={field.key: "有"})
    page = client_of(system_admin).post(f"{URL}{field.pk}/delete/", follow=True)
    assert "已经填过" in page.text
    assert ExtraField.objects.exists()


def test_one_never_answered_is_deleted(client_of, system_admin):
    field = ExtraFieldFactory()
    client_of(system_admin).post(f"{URL}{field.pk}/delete/")
    assert not ExtraField.objects.exists()
    assert not fields_of("business")
    assert Entry.objects.filter(verb="extra_field.deleted").exists()


def test_fields_move_among_those_of_their_ledger(client_of, system_admin):
    first, second = ExtraFieldFactory(), ExtraFieldFactory()
    other = ExtraFieldFactory(of="building")
    client_of(system_admin).post(f"{URL}{second.pk}/move/", {"way": "up"})
    assert fields_of("business") == [second, first]
    assert fields_of("building") == [other]


def test_the_page_counts_answers_and_shows_none(client_of, system_admin):
    field = ExtraFieldFactory(label="老字号")
    BusinessFactory(name="机密茶行", extra={field.key: "机密答案"})
    for url in (URL, f"{URL}{field.pk}/"):
        page = client_of(system_admin).get(url).text
        assert "1 条" in page
        assert "机密" not in page


def test_nobody_else_may(client_of, clerk, leader):
    field = ExtraFieldFactory()
    for user in (clerk, leader):
        assert client_of(user).get(URL).status_code == 403
        assert client_of(user).post(URL, filled()).status_code == 403
        with pytest.raises(PermissionDenied):
            actions.delete_field(field, by=user, at=NOON)
        with pytest.raises(PermissionDenied):
            actions.edit_field(field, changes={"label": "甲"}, by=user, at=NOON)
