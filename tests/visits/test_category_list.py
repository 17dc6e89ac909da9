"""The categories of demands, which the system administrator keeps."""

import pytest
from django.core.exceptions import PermissionDenied

from tests.factories import NOON, CategoryFactory, DemandFactory
from tianshan.audit.models import Entry
from visits import actions
from visits.models import DemandCategory

pytestmark = pytest.mark.django_db
URL = "/values/categories/"


def page_of(category, step=""):
    return f"{URL}{category.pk}/{step}"


def test_a_category_added_is_offered_last(client_of, system_admin):
    client_of(system_admin).post(URL, {"name": "招聘", "hard": "on"})
    category = DemandCategory.objects.offered().last()
    assert (category.name, category.hard) == ("招聘", True)
    entry = Entry.objects.get(verb="category.added")
    assert (entry.by, entry.subject_id) == (system_admin, category.pk)


def test_a_name_is_given_once(client_of, system_admin):
    CategoryFactory(name="招聘")
    answer = client_of(system_admin).post(URL, {"name": "招聘"})
    assert answer.status_code == 400
    assert DemandCategory.objects.filter(name="招聘").count() == 1


def test_a_new_name_and_class_leave_what_was_promised(client_of, system_admin):
    demand = DemandFactory(category=CategoryFactory(name="停车难"))
    client_of(system_admin).post(
        page_of(demand.category), {"name": "车位", "hard": "on", "active": "on"}
    )
    before = demand.due_on
    demand.refresh_from_db()
    assert (demand.category.name, demand.category.hard) == ("车位", True)
    assert demand.due_on == before
    entry = Entry.objects.get(verb="category.edited")
    assert entry.data["changed"] == {"name": ["停车难", "车位"], "hard": [False, True]}


def test_nothing_changed_leaves_no_audit_line(client_of, system_admin):
    category = CategoryFactory(name="停车难")
    client_of(system_admin).post(page_of(category), {"name": "停车难", "active": "on"})
    assert not Entry.objects.filter(verb="category.edited").exists()


def test_one_switched_off_is_offered_no_longer(client_of, system_admin, staff):
    category = CategoryFactory(name="招聘难")
    client_of(system_admin).post(page_of(category), {"name": "招聘难"})
    assert category not in DemandCategory.objects.offered()
    assert "停用" in client_of(system_admin).get(URL).text


def test_the_last_one_offered_stays(client_of, system_admin):
    DemandCategory.objects.update(active=False)
    last = CategoryFactory(name="招聘难")
    answer = client_of(system_admin).post(page_of(last), {"name": "招聘难"})
    assert answer.status_code == 400
    assert "至少要留一个" in answer.text
    client_of(system_admin).post(page_of(last, "delete/"))
    assert DemandCategory.objects.offered().get() == last


def test_one_that_was_used_is_not_deleted(client_of, system_admin):
    demand = DemandFactory(category=CategoryFactory(name="招聘难"))
    page = client_of(system_admin).post(
        page_of(demand.category, "delete/"), follow=True
    )
    assert "已经用过" in page.text
    assert DemandCategory.objects.filter(name="招聘难").exists()


def test_one_never_used_goes_with_its_history(client_of, system_admin):
    category = CategoryFactory(name="招聘难")
    client_of(system_admin).post(page_of(category, "delete/"))
    assert not DemandCategory.objects.filter(name="招聘难").exists()
    assert Entry.objects.get(verb="category.deleted").data == {"name": "招聘难"}


def test_the_order_is_that_of_the_list(client_of, system_admin):
    first, second, *rest = DemandCategory.objects.all()
    client_of(system_admin).post(page_of(second, "move/"), {"way": "up"})
    assert list(DemandCategory.objects.all()) == [second, first, *rest]
    client_of(system_admin).post(page_of(second, "move/"), {"way": "down"})
    assert list(DemandCategory.objects.all()) == [first, second, *rest]


def test_the_first_stays_where_it_is(client_of, system_admin):
    before = list(DemandCategory.objects.all())
    client_of(system_admin).post(page_of(before[0], "move/"), {"way": "up"})
    assert list(DemandCategory.objects.all()) == before
    assert not Entry.objects.filter(verb="category.moved").exists()


def test_the_page_shows_how_often_but_never_by_whom(client_of, system_admin):
    demand = DemandFactory(business__name="机密茶行", words="机密的话")
    page = client_of(system_admin).get(URL).text
    assert "1 次" in page
    assert "机密" not in page
    assert "机密" not in client_of(system_admin).get(page_of(demand.category)).text


def test_nobody_else_may(client_of, chief, clerk):
    category = CategoryFactory()
    for user in (chief, clerk):
        client = client_of(user)
        assert client.get(URL).status_code == 403
        assert client.post(page_of(category, "delete/")).status_code == 403
        with pytest.raises(PermissionDenied):
            actions.delete_category(category, by=user, at=NOON)
        with pytest.raises(PermissionDenied):
            actions.add_category(name="甲", hard=False, by=user, at=NOON)


def test_the_index_leads_to_each_list(client_of, system_admin):
    client = client_of(system_admin)
    page = client.get("/values/")
    assert URL in page.text
    for line in page.context["lists"]:
        assert client.get(line["url"]).status_code == 200
