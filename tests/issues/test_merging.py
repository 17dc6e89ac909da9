"""Two matters into one and apart again; the number of a case outside."""

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from issues import actions, fixing, merging, outside
from issues.models import Matter, MatterMerge
from tests.factories import NOON, TODAY, DemandFactory, MeasureFactory
from visits.models import Demand

pytestmark = pytest.mark.django_db


@pytest.fixture
def two(proposed, shop, secretary):
    """The issue's first matter, and one more with two demands."""
    first = proposed.matters.get()
    second = actions.add_matter(
        proposed,
        DemandFactory(business=shop()),
        wish="清运车少停一会",
        by=secretary,
        at=NOON,
    )
    more = DemandFactory(business=shop())
    actions.join(second, more, by=secretary, at=NOON)
    return first, second


def inside(matter):
    return {link.demand_id for link in fixing.links_of(matter)}


def test_merging_takes_demands_and_measures_along(two, secretary):
    first, second = two
    measure = MeasureFactory(matter=second, decided_on=TODAY, due_on=TODAY)
    everybody = inside(first) | inside(second)

    merging.merge(second, first, by=secretary, at=NOON)

    second.refresh_from_db()
    measure.refresh_from_db()
    assert (inside(first), inside(second)) == (everybody, set())
    assert (second.state, measure.matter) == (Matter.State.MERGED, first)
    assert set(Demand.objects.values_list("state", flat=True)) == {"joined"}


def test_undoing_puts_all_back(two, secretary):
    first, second = two
    measure = MeasureFactory(matter=second, decided_on=TODAY, due_on=TODAY)
    before = inside(first), inside(second)
    made = merging.merge(second, first, by=secretary, at=NOON)

    merging.undo(made, by=secretary, at=NOON)

    second.refresh_from_db()
    measure.refresh_from_db()
    assert (inside(first), inside(second)) == before
    assert (second.state, measure.matter) == (Matter.State.OPEN, second)
    with pytest.raises(actions.Refused, match="已经撤销"):
        merging.undo(made, by=secretary, at=NOON)


def test_a_matter_is_not_merged_into_itself(two, secretary):
    with pytest.raises(actions.Refused, match="它自己"):
        merging.merge(two[0], two[0], by=secretary, at=NOON)
    assert not MatterMerge.objects.exists()


def test_what_is_merged_is_not_merged_again(two, secretary):
    first, second = two
    merging.merge(second, first, by=secretary, at=NOON)

    for pair in ((second, first), (first, second)):
        with pytest.raises(actions.Refused, match="已合并"):
            merging.merge(*pair, by=secretary, at=NOON)


def test_between_issues_only_what_is_not_decided_and_not_the_last(two, shop, secretary):
    first, second = two
    elsewhere = actions.propose(
        DemandFactory(business=shop()),
        title="后巷照明",
        wish="修路灯",
        by=secretary,
        at=NOON,
    ).matters.get()
    with pytest.raises(actions.Refused, match="唯一的事项"):
        merging.merge(elsewhere, first, by=secretary, at=NOON)
    MeasureFactory(matter=second, decided_on=TODAY, due_on=TODAY)
    with pytest.raises(actions.Refused, match="只能在同一个议题里"):
        merging.merge(second, elsewhere, by=secretary, at=NOON)


def test_what_is_left_of_a_merge_decides_whether_it_is_undone(two, secretary):
    first, second = two
    came, own = inside(second), inside(first)
    made = merging.merge(second, first, by=secretary, at=NOON)

    def undo():
        merging.undo(made, by=secretary, at=NOON)

    links = first.links.in_force()
    links.filter(demand__in=own).update(left_at=NOON)
    with pytest.raises(actions.Refused, match="留下的事项就没有"):
        undo()
    first.links.filter(demand__in=own).update(left_at=None)
    links.filter(demand__in=came).update(left_at=NOON)
    with pytest.raises(actions.Refused, match="都已移出"):
        undo()
    Matter.objects.filter(pk=first.pk).update(
        state="ended", ending="explained", after="办不到", ended_on=TODAY
    )
    with pytest.raises(actions.Refused, match="不能再拆开"):
        undo()


@pytest.mark.parametrize("who", ["sibling", "staff", "officer"])
def test_merging_belongs_to_those_who_propose(request, two, who):
    with pytest.raises(PermissionDenied):
        merging.merge(two[1], two[0], by=request.getfixturevalue(who), at=NOON)


def test_the_page_merges_and_undoes(two, secretary, client_of):
    first, second = two
    client = client_of(secretary)
    address = reverse("issues:matter_merge", args=[second.pk])
    assert first.title in client.get(address).text

    page = client.post(address, {"matter": first.pk}, follow=True)
    assert "撤销合并" in page.text
    made = MatterMerge.objects.get()
    page = client.post(reverse("issues:matter_unmerge", args=[made.pk]), follow=True)
    assert "合并已撤销" in page.text

    second.refresh_from_db()
    assert second.state == Matter.State.OPEN


def test_a_case_outside_is_noted_and_its_words_name_nobody(
    two, demand, secretary, client_of
):
    matter = two[0]
    client = client_of(secretary)
    address = reverse("issues:matter_outside", args=[matter.pk])
    text = client.get(address).text
    assert demand.words in text
    assert demand.business.name not in text

    client.post(address, {"system": "hotline", "number": "SH2026101512345"})

    matter.refresh_from_db()
    assert matter.outside_number == "SH2026101512345"
    assert "12345 热线案号" in client.get(matter.get_absolute_url()).text


def test_noting_a_case_needs_its_number(two, secretary):
    with pytest.raises(actions.Refused, match="案号"):
        outside.note_case(two[0], system="city", number=" ", by=secretary, at=NOON)


@pytest.mark.parametrize(
    ("ending", "field"),
    [("passed_up", "passed_to"), ("enforcement", "outside_number")],
)
def test_endings_elsewhere_say_where(proposed, decide, secretary, ending, field):
    decide(proposed)
    fixing.finish_measure(proposed.measures.get(), result="已查", by=secretary, at=NOON)
    facts = {
        "ending": ending,
        "before": "",
        "after": "要由别处定",
        "benefited": None,
        "by": secretary,
        "at": NOON,
    }
    with pytest.raises(actions.Refused, match=r"上报给谁|案号"):
        actions.end_matter(proposed.matters.get(), **facts)

    actions.end_matter(proposed.matters.get(), **facts, **{field: "甲 2026 第 7 号"})

    assert getattr(proposed.matters.get(), field) == "甲 2026 第 7 号"
