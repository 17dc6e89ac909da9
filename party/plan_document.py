"""The plan of a building as a document, for print in the layout of official papers."""

from party.models import PlanItem
from tianshan.files.documents import Document, Part, Table

HEAD = ["序号", "事项", "责任方", "期限", "状态"]
WIDTHS = [13, 52, 32, 34, 25]  # millimetres, 156 in all


def document_of(plan, figures, today):
    """`figures` of {rows, as_of}, as the plan's page shows them."""
    items = plan.items.select_related("organization", "unit")
    draft = plan.confirmed_on is None
    return Document(
        title=f"{plan.building.name}一楼一方案",
        subtitle=f"（{plan.edition}{'，草稿' if draft else ''}）",
        parts=[
            Part("一、现状", [*_figures(figures), *_paragraphs(plan.situation)]),
            Part("二、组织设置", _paragraphs(plan.setup)),
            Part("三、目标", _paragraphs(plan.goals)),
            Part(
                "四、事项",
                table=Table(
                    HEAD,
                    [
                        [
                            str(number),
                            item.content,
                            item.owner,
                            _day(item.due_on),
                            state_in_words(item),
                        ]
                        for number, item in enumerate(items, start=1)
                    ],
                    WIDTHS,
                ),
            ),
        ],
        ending=f"{_day(today)}草稿" if draft else f"{_day(plan.confirmed_on)}确认",
    )


def _figures(figures):
    """One sentence; a paper needs no table for it."""
    if not figures["rows"]:
        return []
    said = [
        f"{row['label']} {row['value']:,} {row['unit']}"
        + (f"（{row['note']}）" if row.get("note") else "")
        for row in figures["rows"]
    ]
    return [f"截至{_day(figures['as_of'])}：{'，'.join(said)}。"]


def _paragraphs(text):
    return [line.strip() for line in text.splitlines() if line.strip()]


def _day(day):
    """Arabic digits, no zero before them: 2026年3月5日."""
    return f"{day.year}年{day.month}月{day.day}日"


def state_in_words(item):
    words = item.get_state_display()
    if item.state == PlanItem.State.DONE:
        return f"{words}（{item.done_on.month}月{item.done_on.day}日）"
    if item.state == PlanItem.State.CANCELLED:
        return f"{words}：{item.cancel_reason}"
    return words
