"""Documents as they come out, read back with python-docx."""

import io

import docx
import pytest
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from tianshan.files import FileProblem, documents
from tianshan.files.documents import Document, Limits, Part, Table


def written(**changes):
    facts = {
        "title": "金虹桥国际中心一楼一方案",
        "subtitle": "（2026 版）",
        "parts": [
            Part("一、现状", ["甲 <b> & 乙 {{ 7*7 }}"]),
            Part("二、事项", table=Table(["序号", "事项"], [["1", "停车"]], [20, 136])),
        ],
        "ending": "2026年3月5日确认",
    }
    return Document(**(facts | changes))


def read(document):
    return docx.Document(io.BytesIO(documents.docx(document)))


def test_the_page_has_the_margins_of_official_papers():
    section = read(written()).sections[0]
    measures = (
        section.page_width,
        section.page_height,
        section.top_margin,
        section.left_margin,
        section.right_margin,
        section.bottom_margin,
    )
    for measure, wanted in zip(measures, (210, 297, 37, 28, 26, 35), strict=True):
        assert abs(measure - Mm(wanted)) < Mm(0.05)  # files count in twentieths of 1 pt
    footer = section.footer.paragraphs[0]
    assert footer.text == "—  —"
    assert "PAGE" in footer._p.xml


def fonts_of(paragraph):
    run = paragraph.runs[0]
    return run._element.rPr.rFonts.get(qn("w:eastAsia")), run.font.size


def test_fonts_and_sizes_are_named_with_what_may_stand_in_for_them():
    document = read(written())
    title, _, _, heading, body = document.paragraphs[:5]
    assert fonts_of(title) == ("方正小标宋简体", Pt(22))
    assert fonts_of(heading) == ("黑体", Pt(16))
    assert fonts_of(body) == ("仿宋_GB2312", Pt(16))
    assert body.paragraph_format.first_line_indent == Pt(32)
    assert document.styles["Normal"].paragraph_format.line_spacing == Pt(28.95)
    table = document.part.part_related_by(
        docx.opc.constants.RELATIONSHIP_TYPE.FONT_TABLE
    )
    assert "仿宋,Noto Serif CJK SC" in table.blob.decode()


def test_text_is_text_whatever_stands_in_it():
    """No markup is lost, no template is run, what XML cannot hold is left out."""
    document = read(written(ending="a\x00b\x0b\ud800c"))
    assert document.paragraphs[4].text == "甲 <b> & 乙 {{ 7*7 }}"
    assert document.paragraphs[-1].text == "abc"


def test_a_table_keeps_its_cells_and_repeats_its_head():
    table = read(written()).tables[0]
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["序号", "事项"],
        ["1", "停车"],
    ]
    widths = [column.width for column in table.columns]
    assert all(
        abs(w - Mm(mm)) < Mm(0.05) for w, mm in zip(widths, (20, 136), strict=True)
    )
    assert "w:tblHeader" in table.rows[0]._tr.xml
    assert "w:tblHeader" not in table.rows[1]._tr.xml


@pytest.mark.parametrize("limits", [Limits(cpu_seconds=0), Limits(wall_seconds=0.001)])
def test_a_child_that_dies_is_a_sentence_not_an_error(limits):
    with pytest.raises(FileProblem):
        documents.docx(written(), limits)
