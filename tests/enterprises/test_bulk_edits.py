"""Bulk edits: looked at first, done as one, one history row each, put back on request."""

import datetime as dt
import time
from urllib.parse import unquote

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.rights import Role
from enterprises import actions
from enterprises.models import Business, Caretaker, Operation
from tests.factories import LIVE_ON, NOON, BusinessFactory, PostFactory
from tianshan.ledgers import LEDGERS, bulk
from tianshan.ledgers.actions import Refused
from tianshan.ledgers.models import BulkEdit

TRADE = "/ledgers/merchants/bulk/trade/"


def post(client, url=TRADE, *, next_="/merchants/", **data):
    return client.post(url, {"next": next_, **data})


@pytest.fixture
def shops(grid):
    return [BusinessFactory(grid=grid, name=f"茶行{n}", trade="茶叶") for n in range(3)]


def plan_of(response):
    return response.context["plan"]


def edit_of(key):
    return next(edit for edit in LEDGERS["merchants"].edits if edit.key == key)()


def apply(edit, rows, values, by):
    rows = Business.objects.filter(pk__in=[row.pk for row in rows])
    planned = bulk.plan(edit, rows.for_list(), values, user=by)
    return bulk.apply(
        LEDGERS["merchants"], edit, rows, values, seen=planned.seen, by=by, at=NOON
    )


def test_preview_says_how_many_change_are_so_and_cannot(client_of, clerk, shops):
    Business.objects.filter(pk=shops[0].pk).update(trade="茶叶零售")

    page = post(client_of(clerk), all="1", step="preview", trade="茶叶零售")

    assert plan_of(page).seen == "2.1.0"
    assert "确认改 2 家" in page.text
    assert "茶叶" in page.text
    assert not BulkEdit.objects.exists()


def test_n_rows_leave_n_history_rows_with_one_request(client_of, clerk, shops):
    client = client_of(clerk)

    response = post(
        client,
        next_="/merchants/?q=茶行&sort=-name&page=1",
        all="1",
        step="apply",
        seen="3.0.0",
        trade="茶叶零售",
    )

    assert (
        unquote(response.url) == "/merchants/?q=茶行&sort=-name&page=1"
    )  # the same view
    assert set(Business.objects.values_list("trade", flat=True)) == {"茶叶零售"}
    done = BulkEdit.objects.get()
    events = Business.pgh_event_model.objects.filter(pgh_label="update")
    assert sorted(events.values_list("pgh_obj", flat=True)) == [s.pk for s in shops]
    contexts = {event.pgh_context.metadata["request"] for event in events}
    assert contexts == {done.request}
    page = client.get(response.url)
    assert page.text.count('class="marked"') == 3
    assert "已改 3 家：行业改为“茶叶零售”" in page.text
    assert 'class="marked"' not in client.get(response.url).text  # once


def test_the_filter_is_posted_and_not_what_is_out_of_it(client_of, clerk, shops, grid):
    other = BusinessFactory(grid=grid, name="大药房", trade="药店")
    post(
        client_of(clerk),
        next_="/merchants/?q=茶行",
        all="1",
        step="apply",
        seen="3.0.0",
        trade="茶叶零售",
    )
    other.refresh_from_db()
    assert other.trade == "药店"


def test_only_ticked_rows_change(client_of, clerk, shops):
    post(client_of(clerk), pick=[shops[0].pk], step="apply", seen="1.0.0", trade="茶具")
    trades = Business.objects.order_by("pk").values_list("trade", flat=True)
    assert list(trades) == ["茶具", "茶叶", "茶叶"]


def test_what_changed_since_the_preview_is_shown_again(client_of, clerk, shops, grid):
    BusinessFactory(grid=grid, name="茶行9", trade="茶叶")
    page = post(client_of(clerk), all="1", step="apply", seen="3.0.0", trade="茶具")
    assert page.status_code == 200
    assert "有了变化" in page.text
    assert plan_of(page).seen == "4.0.0"
    assert not BulkEdit.objects.exists()


def test_nothing_ticked_changes_nothing(client_of, clerk, shops):
    response = post(client_of(clerk), step="apply", seen="0.0.0", trade="茶具")
    assert response.url == "/merchants/"
    assert not BulkEdit.objects.exists()


def test_belongs_to_the_clerk(client_of, staff, leader, clerk, shops):
    for user in (staff, leader):
        page = post(client_of(user), all="1", step="apply", seen="3.0.0", trade="x")
        assert page.status_code == 403
        assert "改行业" not in client_of(user).get("/merchants/").text
        with pytest.raises(PermissionDenied):
            apply(edit_of("trade"), shops, {"trade": "x"}, by=user)
    assert "改行业" in client_of(clerk).get("/merchants/").text


def test_rows_seen_by_another_post_are_refused(client_of, clerk, shops, other_grid):
    """One who is clerk here and staff there edits many here alone."""
    PostFactory(user=clerk, role=Role.GRID_STAFF, grid=other_grid)
    theirs = BusinessFactory(grid=other_grid, name="茶行8", trade="茶叶")

    page = post(client_of(clerk), all="1", step="preview", trade="茶具")
    assert plan_of(page).reasons == {"不在您能改的范围": 1}
    post(client_of(clerk), all="1", step="apply", seen="3.0.1", trade="茶具")

    theirs.refresh_from_db()
    assert theirs.trade == "茶叶"


# --- undo --------------------------------------------------------------------------


def test_undo_puts_back_what_nobody_touched_and_lists_the_rest(
    client_of, clerk, staff, shops
):
    client = client_of(clerk)
    post(client, all="1", step="apply", seen="3.0.0", trade="茶具")
    done = BulkEdit.objects.get()
    shops[1].refresh_from_db()
    actions.edit(shops[1], changes={"staff_count": 9}, seen={}, by=staff, at=NOON)

    response = client.post(
        reverse("ledgers:bulk_undo", args=[done.pk]), {"next": "/merchants/?q=茶行"}
    )

    assert unquote(response.url) == "/merchants/?q=茶行"
    trades = Business.objects.order_by("pk").values_list("trade", flat=True)
    assert list(trades) == ["茶叶", "茶具", "茶叶"]
    done.refresh_from_db()
    assert done.left == [shops[1].pk]
    page = client.get(response.url)
    assert "已撤销 2 家；另外 1 家之后又有人改过" in page.text
    detail = client.get(done.get_absolute_url())
    assert f"/merchants/?ids={shops[1].pk}" in detail.text


def test_a_change_by_raw_sql_counts_as_touched(clerk, shops, db):
    done = apply(edit_of("trade"), shops, {"trade": "茶具"}, by=clerk)
    Business.objects.filter(pk=shops[0].pk).update(room="B1")
    done = bulk.undo(done, edit_of("trade"), by=clerk, at=NOON)
    assert done.left == [shops[0].pk]


def test_undone_once(clerk, shops):
    done = apply(edit_of("trade"), shops, {"trade": "茶具"}, by=clerk)
    bulk.undo(done, edit_of("trade"), by=clerk, at=NOON)
    with pytest.raises(Refused):
        bulk.undo(done, edit_of("trade"), by=clerk, at=NOON)


def test_another_clerk_does_not_see_it(client_of, clerk, grid, shops):
    done = apply(edit_of("trade"), shops, {"trade": "茶具"}, by=clerk)
    other = PostFactory(role=Role.GRID_CLERK, grid=grid).user
    assert client_of(other).get(done.get_absolute_url()).status_code == 404
    undo = reverse("ledgers:bulk_undo", args=[done.pk])
    assert client_of(other).post(undo).status_code == 404
    assert "茶具" in client_of(clerk).get(reverse("ledgers:bulk_list")).text


# --- each kind, there and back -----------------------------------------------------


def picture(rows):
    """All that a bulk edit may write of the rows, as plain values."""
    pks = [row.pk for row in rows]
    return [
        list(
            Business.objects.filter(pk__in=pks)
            .order_by("pk")
            .values_list("trade", "state", "priority", "note")
        ),
        *(
            list(
                model.objects.filter(business__in=pks)
                .order_by("business", "since")
                .values_list(*fields)
            )
            for model, fields in (
                (Operation, ("business", "state", "since", "until")),
                (Business.occupancies.rel.related_model, ("business", "until")),
                (Business.priorities.rel.related_model, ("business", "reason")),
                (Caretaker, ("business", "user", "since", "until")),
            )
        ),
    ]


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("trade", {"trade": "茶具"}),
        ("note", {"note": "年底迁址"}),
        ("state", {"state": "closed", "since": NOON.date()}),
        ("state", {"state": "suspended", "since": NOON.date()}),
        ("priority", {"reason": "租约纠纷", "since": NOON.date()}),
        ("caretaker", {"since": NOON.date()}),
    ],
)
def test_each_edit_is_put_back_exactly(key, values, clerk, staff, shops):
    if key == "caretaker":
        values = {**values, "caretaker": staff}
    Caretaker.objects.create(
        user=clerk, grid=shops[0].grid, business=shops[0], since=LIVE_ON
    )
    Business.objects.filter(pk=shops[1].pk).update(note="原有备注")
    before = picture(shops)

    done = apply(edit_of(key), shops, values, by=clerk)
    assert picture(shops) != before
    done = bulk.undo(done, edit_of(key), by=clerk, at=NOON)

    assert done.left == []
    assert picture(shops) == before


def test_who_closes_leaves_the_place(clerk, shops):
    values = {"state": "closed", "since": NOON.date()}
    apply(edit_of("state"), shops, values, by=clerk)
    assert not Business.occupancies.rel.related_model.objects.filter(until=None)


def test_a_state_from_before_the_present_one_is_refused(clerk, shops):
    early = LIVE_ON - dt.timedelta(days=1)
    values = {"state": "closed", "since": early}
    rows = Business.objects.all()
    planned = bulk.plan(edit_of("state"), rows.for_list(), values, user=clerk)
    assert planned.reasons == {f"{LIVE_ON} 起已是“在营”": 3}


def test_a_note_that_grows_too_long_is_refused(clerk, shops):
    Business.objects.filter(pk=shops[0].pk).update(note="长" * 400)
    rows = Business.objects.all()
    planned = bulk.plan(edit_of("note"), rows.for_list(), {"note": "x"}, user=clerk)
    assert planned.seen == "2.0.1"


def test_a_caretaker_whose_post_is_elsewhere_is_refused(clerk, stranger, shops):
    values = {"caretaker": stranger, "since": NOON.date()}
    rows = Business.objects.all()
    planned = bulk.plan(edit_of("caretaker"), rows.for_list(), values, user=clerk)
    assert planned.reasons == {"责任人的岗位不在这个网格": 3}


def test_a_later_caretaker_is_not_undone(clerk, staff, chief, shops):
    values = {"caretaker": staff, "since": NOON.date()}
    done = apply(edit_of("caretaker"), shops, values, by=clerk)
    Caretaker.objects.filter(business=shops[2]).update(user=chief)
    done = bulk.undo(done, edit_of("caretaker"), by=clerk, at=NOON)
    assert done.left == [shops[2].pk]


def test_two_thousand_rows_take_seconds(clerk, grid):
    Business.objects.bulk_create(
        Business(
            name=f"店{n}",
            kind="merchant",
            grid=grid,
            discovered_on=LIVE_ON,
            pinyin=f"dian{n}",
            search="",
        )
        for n in range(2000)
    )
    rows = Business.objects.all()
    edit = edit_of("trade")
    start = time.perf_counter()
    bulk.apply(
        LEDGERS["merchants"],
        edit,
        rows,
        {"trade": "茶具"},
        seen="2000.0.0",
        by=clerk,
        at=NOON,
    )
    took = time.perf_counter() - start
    assert Business.objects.filter(trade="茶具").count() == 2000
    assert took < 10  # about one second on an idle machine
    print(f"2000 rows in {took:.2f} s")
