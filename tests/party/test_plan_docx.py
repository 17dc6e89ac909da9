"""The plan as a document: what is in the file is what is in the rows."""

import io

import docx
import pytest
from django.urls import reverse

from party import plan_figures, plans
from tests.factories import NOON, PlanFactory, PlanItemFactory
from tianshan.audit.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(tower, building_secretary, monkeypatch):
    figures = [
        {"key": "k", "label": "在册", "value": 1234, "unit": "家", "note": "2 家未填"}
    ]
    monkeypatch.setattr(plan_figures, "_reader", lambda building, day: figures)
    draft = PlanFactory(building=tower, situation="甲 <b>\n乙 & {{ 丙 }}")
    PlanItemFactory.create_batch(3, plan=draft)
    dropped = draft.items.last()
    plans.cancel_item(dropped, reason="物业不同意", by=building_secretary, at=NOON)
    return plans.confirm_plan(draft, by=building_secretary, at=NOON)


def fetched(client, plan):
    response = client.get(reverse("party:plan_docx", args=[plan.pk]))
    assert response.status_code == 200
    return docx.Document(io.BytesIO(response.content))


def test_the_items_in_the_file_are_the_rows_in_the_database(client_of, staff, plan):
    table = fetched(client_of(staff), plan).tables[0]
    cells = [[cell.text for cell in row.cells] for row in table.rows][1:]
    assert [(int(row[0]), row[1], row[2]) for row in cells] == [
        (number, item.content, item.owner)
        for number, item in enumerate(plan.items.all(), start=1)
    ]
    assert cells[-1][4] == "已取消：物业不同意"
    assert cells[0][3] == "2026年11月12日"
    assert Entry.objects.filter(verb="plan.exported").count() == 1


def test_the_words_and_figures_are_all_there(client_of, staff, plan):
    texts = [p.text for p in fetched(client_of(staff), plan).paragraphs]
    assert texts[0] == "金虹桥国际中心一楼一方案"
    assert texts[1] == "（2026 版）"
    figures = "截至2026年10月15日：在册 1,234 家（2 家未填）。"
    for words in (figures, "甲 <b>", "乙 & {{ 丙 }}", plan.setup, plan.goals):
        assert words in texts
    assert texts[-1] == "2026年10月15日确认"


def test_outside_there_is_no_document(client_of, stranger, plan):
    url = reverse("party:plan_docx", args=[plan.pk])
    assert client_of(stranger).get(url).status_code == 404
