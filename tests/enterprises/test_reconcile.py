"""The district's total and ours: what differs is the sum of its causes, always."""

import datetime as dt
import random
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.rights import Role
from enterprises import actions, imports, missing
from enterprises.models import Business, ImportBatch, ImportRow, MissingAnswer
from enterprises.reconciliation import ours, reconcile
from tests.enterprises.files import code, line, workbook
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    BuildingFactory,
    BusinessFactory,
    GridFactory,
    PostFactory,
)
from tianshan.audit.models import Entry

Answer = MissingAnswer.Answer
Kind = Business.Kind


def written(content, grid, by, *, complete=True, write=True):
    batch = imports.upload(
        name="区看板.xlsx",
        content=content,
        grid=grid,
        known_since=LIVE_ON,
        by=by,
        at=NOON,
    )
    if complete:
        batch = missing.declare_complete(batch, complete=True, by=by, at=NOON)
    if write:
        imports.start(batch, by=by, at=NOON)
        imports.finish(batch, at=NOON)
    return ImportBatch.objects.get(pk=batch.pk)


def address(name, batch, *more):
    return reverse(f"enterprises:import_{name}", args=[batch.pk, *more])


def causes(batch):
    return {
        (part.kind, line.key): line.count
        for part in reconcile(batch)
        for line in part.lines
    }


@pytest.fixture
def market(grid):
    return BuildingFactory(grid=grid, name="天山茶城")


@pytest.fixture
def shops(grid, market):
    return [
        BusinessFactory(
            grid=grid, building=market, room=f"A{n}", name=f"茶行{n}", code=code(n)
        )
        for n in range(1, 9)
    ]


def row_of(shop):
    return line(shop.name, code=shop.code, building="天山茶城", room=shop.room, staff=2)


@pytest.fixture
def batch(grid, clerk, shops):
    """Ours: 8. The file: 1 to 5, the first pasted twice, one new, one without name."""
    return written(
        workbook(
            *(row_of(shop) for shop in shops[:5]),
            row_of(shops[0]),
            line("新来茶行", code=code(90), building="天山茶城", room="B1"),
            line(None, code=code(91), room="B2"),
        ),
        grid,
        clerk,
    )


# --- adds up -----------------------------------------------------------------------


def test_the_causes_of_a_plain_file(batch):
    assert causes(batch) == {
        ("merchant", "duplicate"): 1,
        ("merchant", "rejected"): 1,
        ("merchant", "missing"): 3,
    }
    (part,) = reconcile(batch)
    assert (part.theirs, part.ours, part.both) == (8, 9, 6)
    assert part.difference == part.only_theirs - part.only_ours == -1


def test_what_happened_since_is_a_cause(batch, shops, market, clerk, grid):
    states = ("suspended", "moved", "closed")
    for shop, state in zip(shops, states, strict=False):
        actions.set_state(shop, state=state, since=TODAY, by=clerk, at=NOON)
    elsewhere = GridFactory(code="310105006602", parent=grid.parent)
    Business.objects.filter(pk=shops[3].pk).update(grid=elsewhere, building=None)
    Business.objects.filter(pk=shops[4].pk).update(kind=Kind.ENTERPRISE)
    BusinessFactory(grid=grid, building=market, name="后来的")

    found = causes(batch)

    assert found == {
        ("merchant", "duplicate"): 1,
        ("merchant", "rejected"): 1,
        ("merchant", "suspended"): 1,
        ("merchant", "moved"): 1,
        ("merchant", "closed"): 1,
        ("merchant", "elsewhere"): 1,
        ("merchant", "other_kind"): 1,
        ("enterprise", "their_kind"): 1,
        ("merchant", "new_since"): 1,
        ("merchant", "missing"): 3,
    }


def test_a_kind_that_the_file_does_not_have_is_a_cause(grid, clerk, shops, market):
    BusinessFactory(grid=grid, building=market, kind=Kind.SOCIAL, name="商会")
    batch = written(workbook(*(row_of(shop) for shop in shops)), grid, clerk)
    assert causes(batch) == {("social", "kind_absent"): 1}


def test_a_business_merged_since_is_met_as_what_it_is_now(batch, shops):
    """The second of two rows that mean one business by now was counted twice."""
    Business.objects.filter(pk=shops[0].pk).update(
        gone_at=NOON, merged_into=shops[1].pk
    )
    Business.objects.filter(pk=shops[2].pk).update(
        gone_at=NOON, merged_into=shops[6].pk
    )
    found = causes(batch)
    assert found["merchant", "same_business"] == 1
    assert found["merchant", "missing"] == 2, "7 is met as what 3 became"
    assert missing.unanswered(batch).count() == 2


def test_a_row_not_written_yet_is_only_theirs(grid, clerk, shops):
    batch = written(
        workbook(row_of(shops[0]), line("新的", building="天山茶城", room="Z")),
        grid,
        clerk,
        write=False,
    )
    assert causes(batch)["merchant", "unwritten"] == 1


def a_random_history(seed, grid, clerk):
    """A ledger, a file that overlaps it, and things that happen after."""
    chance = random.Random(seed)
    other = GridFactory(code="310105006602", parent=grid.parent)
    buildings = [BuildingFactory(grid=grid, name=f"楼{n}") for n in range(3)]
    kinds = [Kind.ENTERPRISE, Kind.MERCHANT, Kind.SOCIAL, Kind.PROPERTY]
    known = [
        BusinessFactory(
            grid=grid,
            building=chance.choice(buildings),
            room=str(n),
            kind=chance.choice(kinds),
            name=f"单位{n}",
            code=code(n) if chance.random() < 0.7 else None,
        )
        for n in range(40)
    ]
    for business in chance.sample(known, 4):
        actions.set_state(business, state="closed", since=LIVE_ON, by=clerk, at=NOON)
    rows = []
    for business in known:
        if chance.random() < 0.2:
            continue
        place = business.building
        row = line(
            business.name,
            code=business.code,
            building=place.name if chance.random() < 0.9 else "没有这楼",
            room=business.room,
            mode=None,
        )
        rows += [row] * chance.choices([1, 2], [9, 1])[0]
        if chance.random() < 0.1:
            rows.append([*row[:12], "停业", "另说"])
    for n in range(60, 70):
        rows.append(line(f"新单位{n}", code=code(n), building="楼1", room=f"n{n}"))
    rows.append(line(None, code=code(99), room="无名"))
    chance.shuffle(rows)
    batch = written(workbook(*rows), grid, clerk)

    for business in chance.sample(list(Business.objects.order_by("pk")), 15):
        if business.state == "operating" and business.grid_id == grid.pk:
            state = chance.choice(["suspended", "moved", "closed"])
            if chance.random() < 0.5:
                actions.set_state(business, state=state, since=TODAY, by=clerk, at=NOON)
            elif chance.random() < 0.5:
                Business.objects.filter(pk=business.pk).update(
                    kind=chance.choice(kinds)
                )
            else:
                Business.objects.filter(pk=business.pk).update(grid=other)
    first, second = chance.sample(list(Business.objects.order_by("pk")), 2)
    Business.objects.filter(pk=first.pk).update(gone_at=NOON, merged_into=second)
    for n in range(chance.randrange(4)):
        BusinessFactory(grid=grid, name=f"后来{n}", kind=chance.choice(kinds))
    for business in missing.unanswered(batch)[: chance.randrange(5)]:
        missing.answer(
            batch, [business], answer=Answer.HERE, on=TODAY, by=clerk, at=NOON
        )
    return batch


@pytest.mark.parametrize("seed", range(6))
def test_causes_add_up_to_the_difference_whatever_happened(
    seed, grid, clerk, client_of
):
    batch = a_random_history(seed, grid, clerk)
    parts = reconcile(batch)
    client = client_of(clerk)

    assert len(parts) > 1
    for part in parts:
        rows = ImportRow.objects.filter(batch=batch, model="business", kind=part.kind)
        assert part.theirs == rows.count()
        assert part.ours == ours(batch).filter(kind=part.kind).count()
        assert part.theirs == part.both + part.only_theirs
        assert part.ours == part.both + part.only_ours
        assert part.difference == part.only_theirs - part.only_ours
        for cause in part.lines:
            page = client.get(
                address("cause", batch, cause.key), {"kind": part.kind}
            ).text
            assert int(re.search(r'data-total="(\d+)"', page)[1]) == cause.count
    everything = [row for part in parts for ln in part.lines for row in ln.rows]
    assert len({(type(row), row.pk) for row in everything}) == len(everything)
    waiting = [
        row.pk
        for part in parts
        for ln in part.lines
        if ln.key == "missing"
        for row in ln.rows
    ]
    assert set(waiting) == set(missing.unanswered(batch).values_list("pk", flat=True))


# --- the pages ---------------------------------------------------------------------


def test_the_page_explains_both_totals(batch, clerk, client_of):
    page = client_of(clerk).get(address("reconcile", batch)).text
    assert "区里 8，台账 9，两边都有 6" in page
    for label in ("重复的行", "没有收下的行", "待核实的"):
        assert label in page


def test_the_list_of_differences_can_be_downloaded(batch, clerk, client_of):
    answer = client_of(clerk).get(address("reconcile", batch), {"format": "xlsx"})
    assert answer.status_code == 200
    assert Entry.objects.get(verb="import.reconciled").data["rows"] == 5


def test_only_a_complete_ledger_is_reconciled(grid, clerk, shops, client_of):
    batch = written(workbook(row_of(shops[0])), grid, clerk, complete=False)
    client = client_of(clerk)
    page = client.get(address("reconcile", batch)).text
    assert "是区级看板全量，去对账" in page
    gone = client.get(address("cause", batch, "missing"), {"kind": "merchant"})
    assert gone.status_code == 404

    client.post(address("declare", batch), {"complete": "yes"})

    assert "待核实的" in client.get(address("reconcile", batch)).text
    assert Entry.objects.filter(verb="import.declared").count() == 1


def test_a_file_can_be_declared_complete_when_it_is_uploaded(grid, clerk, client_of):
    client_of(clerk).post(
        reverse("enterprises:import_new"),
        {
            "file": SimpleUploadedFile("全量.xlsx", workbook(line("甲店", room="1"))),
            "grid": grid.pk,
            "known_since": LIVE_ON.isoformat(),
            "complete": "on",
        },
    )
    assert ImportBatch.objects.get().complete


@pytest.mark.parametrize("name", ["reconcile", "missing"])
def test_a_batch_of_another_grid_is_not_there(
    batch, name, staff, other_grid, client_of
):
    theirs = PostFactory(role=Role.GRID_CLERK, grid=other_grid).user
    assert client_of(theirs).get(address(name, batch)).status_code == 404
    assert client_of(staff).get(address(name, batch)).status_code == 403


def test_unknown_causes_and_kinds_are_not_there(batch, clerk, client_of):
    client = client_of(clerk)
    for cause, kind in (("nonsense", "merchant"), ("missing", "nonsense")):
        page = client.get(address("cause", batch, cause), {"kind": kind})
        assert page.status_code == 404
    nothing = client.get(address("cause", batch, "closed"), {"kind": "merchant"})
    assert 'data-total="0"' in nothing.text


@pytest.mark.parametrize("many", [1, 30])
def test_reconciling_costs_the_same_for_any_number_of_rows(
    grid, clerk, client_of, many, django_assert_max_num_queries
):
    batch = written(
        workbook(*(line(f"店{n}", room=str(n)) for n in range(many))), grid, clerk
    )
    Business.objects.update(state="closed")
    client = client_of(clerk)
    with django_assert_max_num_queries(16):
        client.get(address("reconcile", batch))
    with django_assert_max_num_queries(16):
        client.get(address("cause", batch, "closed"), {"kind": "merchant"})


# --- missing -----------------------------------------------------------------------


def answer_by_form(client, batch, shops, what, **more):
    return client.post(
        address("missing", batch),
        {
            "chosen": [shop.pk for shop in shops],
            "answer": what,
            "on": TODAY.isoformat(),
            **more,
        },
    )


def test_missing_lists_ours_that_the_file_lacks(batch, shops, clerk, client_of):
    page = client_of(clerk).get(address("missing", batch))
    listed = [row["business"] for row in page.context["lines"]]
    assert listed == shops[5:]
    assert 'data-total="3"' in page.text


@pytest.mark.parametrize(("what", "state"), [("closed", "closed"), ("moved", "moved")])
def test_several_are_answered_at_once_by_a_named_act(
    batch, shops, clerk, client_of, what, state
):
    answer_by_form(client_of(clerk), batch, shops[5:7], what, note="上门看过")

    for shop in shops[5:7]:
        shop.refresh_from_db()
        assert shop.state == state
        assert shop.operations.get(until=None).since == TODAY
    said = MissingAnswer.objects.first()
    assert (said.by, said.answer, said.note) == (clerk, what, "上门看过")
    assert Entry.objects.filter(verb="business.missing_answered").count() == 2
    assert Entry.objects.filter(verb="business.state_set").count() == 2
    assert Business.objects.filter(gone_at=None).count() == 9, "nothing was deleted"
    assert list(missing.unanswered(batch)) == shops[7:]


def test_still_here_changes_nothing_of_the_business(batch, shops, clerk, client_of):
    before = Business.objects.get(pk=shops[5].pk)
    answer_by_form(client_of(clerk), batch, [shops[5]], "here")
    after = Business.objects.get(pk=shops[5].pk)
    assert (after.state, after.version) == (before.state, before.version)
    assert causes(batch)["merchant", "here"] == 1


def test_moved_within_is_a_move(batch, shops, clerk, client_of, grid):
    tower = BuildingFactory(grid=grid, name="娄山商务楼")
    client = client_of(clerk)
    refused = answer_by_form(client, batch, [shops[5]], "moved_within")
    assert "请选搬到了哪处楼宇" in refused.text
    answer_by_form(
        client, batch, [shops[5]], "moved_within", building=tower.pk, room="12"
    )
    shops[5].refresh_from_db()
    assert (shops[5].building, shops[5].room) == (tower, "12")
    assert shops[5].occupancies.count() == 2
    assert shops[5] not in missing.unanswered(batch)


def test_not_ours_is_moved_by_whoever_keeps_both_grids(
    batch, shops, clerk, client_of, other_grid
):
    client = client_of(clerk)
    asked = answer_by_form(client, batch, shops[5:6], "not_ours").text
    assert "请选归哪个网格" in asked
    answer_by_form(client, batch, shops[5:6], "not_ours", grid=other_grid.pk)
    shops[5].refresh_from_db()
    assert shops[5].grid != other_grid, "not hers to put anything into"
    assert causes(batch)["merchant", "not_ours"] == 1
    assert list(missing.unanswered(batch)) == shops[6:]

    both = PostFactory(role=Role.GRID_CLERK, grid=other_grid.parent).user
    answer_by_form(client_of(both), batch, shops[6:7], "not_ours", grid=other_grid.pk)
    shops[6].refresh_from_db()
    assert (shops[6].grid, shops[6].building) == (other_grid, None)
    assert list(missing.unanswered(batch)) == shops[7:]


def test_a_twin_is_the_new_row_at_its_place(grid, clerk, shops, client_of):
    batch = written(
        workbook(
            *(row_of(shop) for shop in shops[:6]),
            line("改名茶行", code=code(77), building="天山茶城", room=shops[6].room),
        ),
        grid,
        clerk,
    )
    client = client_of(clerk)
    assert "改名茶行" in client.get(address("missing", batch)).text
    refused = answer_by_form(client, batch, [shops[7]], "twin")
    assert "没有像“茶行8”的新增行" in refused.text
    answer_by_form(client, batch, [shops[6]], "twin")
    assert MissingAnswer.objects.get().twin.name == "改名茶行"


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_file_is_about_one_building_if_all_its_rows_are(
    grid, clerk, shops, elsewhere
):
    other = BuildingFactory(grid=grid, name="别处")
    BusinessFactory(grid=grid, building=other, name="别处的店")
    rows = [row_of(shop) for shop in shops]
    if elsewhere:
        rows.append(line("街边小店", code=code(60)))
    batch = written(workbook(*rows), grid, clerk)
    assert missing.unanswered(batch).count() == elsewhere


def test_what_the_file_brought_is_listed_with_whom_it_may_be(
    grid, clerk, shops, client_of
):
    batch = written(
        workbook(
            *(row_of(shop) for shop in shops[:7]),
            line("改名茶行", code=code(77), building="天山茶城", room=shops[7].room),
            line("真新茶行", code=code(78), building="天山茶城", room="C9"),
        ),
        grid,
        clerk,
    )
    (part,) = reconcile(batch)
    assert [row.name for row in part.fresh] == ["改名茶行", "真新茶行"]
    client = client_of(clerk)
    assert "2 家是这份表新增的" in client.get(address("reconcile", batch)).text
    page = client.get(address("cause", batch, "fresh"), {"kind": "merchant"})
    assert 'data-total="2"' in page.text
    older = [row["older"] for row in page.context["lines"]]
    assert older == [shops[7], None]


def test_what_operates_again_is_to_be_explained_again(batch, shops, clerk):
    missing.answer(batch, shops[5:6], answer=Answer.CLOSED, on=TODAY, by=clerk, at=NOON)
    shops[5].refresh_from_db()
    actions.set_state(shops[5], state="operating", since=TODAY, by=clerk, at=NOON)
    assert shops[5] in missing.unanswered(batch)


def test_one_that_cannot_be_answered_leaves_the_others_alone(batch, shops, clerk):
    missing.answer(batch, shops[5:6], answer=Answer.HERE, on=TODAY, by=clerk, at=NOON)
    with pytest.raises(actions.Refused, match="已不在缺少的名单里"):
        missing.answer(
            batch,
            [shops[6], shops[0]],
            answer=Answer.CLOSED,
            on=TODAY,
            by=clerk,
            at=NOON,
        )
    shops[6].refresh_from_db()
    assert shops[6].state == "operating"
    tomorrow = TODAY + dt.timedelta(days=1)
    with pytest.raises(actions.Refused, match="不能在将来"):
        missing.answer(
            batch, shops[6:7], answer=Answer.CLOSED, on=tomorrow, by=clerk, at=NOON
        )


def test_only_who_imports_there_may_answer(batch, shops, staff, clerk):
    with pytest.raises(actions.PermissionDenied):
        missing.answer(
            batch, shops[5:6], answer=Answer.CLOSED, on=TODAY, by=staff, at=NOON
        )
    missing.answer(batch, shops[5:6], answer=Answer.HERE, on=TODAY, by=clerk, at=NOON)
    with pytest.raises(actions.Refused, match="不能再取消"):
        missing.declare_complete(batch, complete=False, by=clerk, at=NOON)
