"""What is read aloud when consent is asked: the coordinator's to write, never over what
was agreed to."""

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from cases import actions
from cases.models import Consent, ConsentItem, HelpCase, HelpItem
from tianshan.audit.models import Entry
from tianshan.web.forms import NAME_TAKEN

pytestmark = pytest.mark.django_db
Needed = ConsentItem.Needed


def kept(words, *, by, **changes):
    said = {
        "label": words.label if words else "拍下结果",
        "script": words.script if words else "我把结果页拍给您看，拍完就删。行吗？",
        "needed": words.needed if words else Needed.OPTIONAL,
        "position": words.position if words else 90,
    }
    return actions.keep_words(words, **said | changes, by=by, at=timezone.now())


@pytest.fixture
def first(db):
    return ConsentItem.objects.active().filter(needed=Needed.ALWAYS).first()


def test_other_words_are_another_row_and_the_old_ones_are_read_no_more(
    coordinator, first
):
    before = first.script
    new = kept(first, by=coordinator, script="换一种说法。行吗？")
    first.refresh_from_db()
    assert (first.script, first.active) == (before, False)
    assert (new.pk != first.pk, new.active) == (True, True)
    assert new in ConsentItem.objects.active()
    entry = Entry.objects.get(verb="case.words_changed")
    assert (entry.by, entry.data["before"]) == (coordinator, first.pk)


def test_when_they_are_needed_changes_without_other_words(coordinator):
    words = ConsentItem.objects.get(needed=Needed.OPTIONAL)
    same = kept(words, by=coordinator, needed=Needed.ALWAYS, position=5)
    assert same.pk == words.pk
    assert (same.needed, same.position) == (Needed.ALWAYS, 5)


def test_an_open_case_is_asked_the_new_words(case, helper, coordinator, agreed, first):
    agreed(case)
    new = kept(first, by=coordinator, script="换一种说法。行吗？")
    self_pressed = HelpCase.Pressed.SELF
    missing = actions.missing_before_finish(case, self_pressed)
    assert missing == [f"还没有同意：{new.label}"]
    yes = {new: Consent.Answer.YES}
    actions.ask_consent(case, answers=yes, by=helper, at=timezone.now())
    assert actions.missing_before_finish(case, self_pressed) == []
    assert case.consents.filter(item=first, answer=Consent.Answer.YES).exists()


def test_an_answer_to_words_that_are_read_no_more_is_refused(
    case, helper, coordinator, first
):
    actions.start(case, by=helper, at=timezone.now())
    kept(first, by=coordinator, script="换一种说法。行吗？")
    with pytest.raises(actions.Refused, match="重新念一遍"):
        actions.ask_consent(
            case,
            answers={first: Consent.Answer.YES},
            by=helper,
            at=timezone.now(),
        )
    assert not case.consents.exists()


def test_a_page_with_the_old_words_says_so_and_shows_the_new(
    client_of, case, helper, coordinator, first
):
    actions.start(case, by=helper, at=timezone.now())
    kept(first, by=coordinator, script="换一种说法。行吗？")
    page = client_of(helper).post(
        f"/cases/{case.pk}/step/ask_consent/", {f"item_{first.pk}": "yes"}
    )
    assert page.status_code == 200
    assert "重新念一遍" in page.text
    assert "换一种说法" in page.text
    assert not case.consents.exists()


def test_a_closed_case_shows_what_was_agreed_to_then(
    client_of, case, helper, coordinator, finished, first
):
    finished(case)
    kept(first, by=coordinator, label="换一种说法")
    page = client_of(helper).get(case.get_absolute_url()).text
    assert first.label in page
    assert "换一种说法" not in page


@pytest.mark.parametrize("needed", [Needed.ALWAYS, Needed.IF_PRESSED])
def test_enough_is_always_asked(coordinator, needed):
    *more, last = ConsentItem.objects.active().filter(needed=needed)
    for words in more:
        actions.stop_words(words, by=coordinator, at=timezone.now())
    with pytest.raises(actions.Refused, match="至少要留一条"):
        actions.stop_words(last, by=coordinator, at=timezone.now())
    with pytest.raises(actions.Refused, match="至少要留一条"):
        kept(last, by=coordinator, needed=Needed.OPTIONAL)
    assert list(ConsentItem.objects.active().filter(needed=needed)) == [last]


def test_of_two_who_change_the_same_words_the_second_is_told(coordinator, first):
    kept(first, by=coordinator, script="换一种说法。行吗？")
    with pytest.raises(actions.Refused, match="已经改过"):
        kept(first, by=coordinator, script="又换一种说法。行吗？")
    with pytest.raises(actions.Refused, match="已经改过"):
        actions.stop_words(first, by=coordinator, at=timezone.now())


def test_words_are_the_coordinators_to_keep(client_of, helper, coordinator, first):
    for act in (
        lambda: kept(first, by=helper),
        lambda: kept(None, by=helper),
        lambda: actions.stop_words(first, by=helper, at=timezone.now()),
    ):
        with pytest.raises(PermissionDenied):
            act()
    for path in ("new/", f"{first.pk}/", f"{first.pk}/stop/"):
        answer = client_of(helper).post(f"/cases/items/words/{path}")
        assert answer.status_code == 403
    assert "/cases/items/words/" not in client_of(helper).get("/cases/items/").text


def test_the_coordinator_adds_changes_and_stops_words_on_the_page(
    client_of, coordinator, first
):
    client = client_of(coordinator)
    words = {"label": "拍下结果", "script": "拍给您看，拍完就删。行吗？"}
    words |= {"needed": "optional", "position": 90}
    client.post("/cases/items/words/new/", words)
    added = ConsentItem.objects.get(label="拍下结果")
    page = client.get("/cases/items/")
    assert words["script"] in page.text
    assert f"/cases/items/words/{added.pk}/" in page.text

    client.post(f"/cases/items/words/{added.pk}/", words | {"script": "拍一张。行吗？"})
    changed = ConsentItem.objects.get(script="拍一张。行吗？")
    stale = client.get(f"/cases/items/words/{added.pk}/", follow=True)
    assert "已经改过" in stale.text
    client.post(f"/cases/items/words/{changed.pk}/stop/")
    assert "拍一张" not in client.get("/cases/items/").text

    page = client.post(
        f"/cases/items/words/{first.pk}/", words | {"position": 0, "script": " "}
    )
    assert page.status_code == 200
    first.refresh_from_db()
    assert first.active


def test_steps_that_changed_while_they_were_read_are_not_taken_for_read(
    client_of, case, helper, coordinator, renewal
):
    actions.start(case, by=helper, at=timezone.now())
    address = f"/cases/{case.pk}/step/read_steps/"
    client = client_of(helper)
    names = list(client.get(address).context["form"].fields)
    renewal.steps = ["先核对姓名", *renewal.steps[1:]]
    actions.keep_item(renewal, by=coordinator, at=timezone.now())
    page = client.post(address, dict.fromkeys(names, "read"))
    assert "步骤刚改过" in page.text
    assert not case.steps_read.exists()


def test_a_closed_case_shows_the_steps_that_were_read(
    client_of, case, helper, coordinator, finished, renewal
):
    finished(case)
    before = renewal.steps[0]
    renewal.steps = ["先核对姓名", *renewal.steps[1:]]
    actions.keep_item(renewal, by=coordinator, at=timezone.now())
    page = client_of(helper).get(case.get_absolute_url()).text
    assert before in page
    assert "先核对姓名" not in page


def test_a_name_that_is_taken_is_said_in_the_portals_words(client_of, coordinator):
    taken = HelpItem.objects.first()
    page = client_of(coordinator).post(
        "/cases/items/new/", {"name": taken.name, "steps": "打开", "keep_days": 90}
    )
    assert page.status_code == 200
    assert NAME_TAKEN["name"]["unique"] in page.text
    assert HelpItem.objects.filter(name=taken.name).count() == 1
