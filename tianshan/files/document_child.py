"""Writes one document from its description, in a process that is allowed to die.

Run as a script, isolated from the portal: no Django, no settings, no environment. The
description comes as JSON on standard input and holds text alone, no template and no
markup, so that nothing in it can be executed; the .docx goes to standard output.

The layout is that of GB/T 9704-2012 without a red head: margins 37, 28, 26, 35 mm, body
in 仿宋 of size 3 (16 pt) on 28.95 pt lines, headings in 黑体, the title in 小标宋 of size 2
(22 pt), the page number in 宋体 of size 4 between dashes.
"""

import json
import resource
import sys
from io import BytesIO

TITLE, BODY, HEADING, NUMBER = "方正小标宋简体", "仿宋_GB2312", "黑体", "宋体"
SECOND = "楷体_GB2312"
# Not free, so not shipped: where a machine lacks them, these stand in, in this order.
STAND_INS = {
    TITLE: ("华文中宋", "Noto Serif CJK SC"),
    BODY: ("仿宋", "Noto Serif CJK SC"),
    SECOND: ("楷体", "Noto Serif CJK SC"),
    HEADING: ("SimHei", "Noto Sans CJK SC"),
    NUMBER: ("SimSun", "Noto Serif CJK SC"),
}


def main():
    limits = json.loads(sys.argv[1])
    fence(limits)
    # Only now: what the library allocates is inside the fence.
    description = json.load(sys.stdin.buffer)
    minutes = description.get("layout") == "minutes"
    document = write_minutes(description) if minutes else write(description)
    out = BytesIO()
    document.save(out)
    sys.stdout.buffer.write(out.getvalue())


def fence(limits):
    memory, seconds = limits["memory_bytes"], limits["cpu_seconds"]
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 1024**3),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            continue  # macOS knows no limit on address space


def write(description):
    """`{title, subtitle, parts: [{heading, paragraphs, table}], ending}`."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.shared import Pt

    document = Document()
    lay_out(document)
    title = paragraph(document, description["title"], font=TITLE, size=22)
    title.alignment = ALIGN.CENTER
    title.paragraph_format.line_spacing = Pt(32)
    subtitle = paragraph(document, description["subtitle"])
    subtitle.alignment = ALIGN.CENTER
    paragraph(document, "")
    for part in description["parts"]:
        heading = paragraph(document, part["heading"], font=HEADING)
        indent(heading)
        heading.paragraph_format.keep_with_next = True
        for text in part.get("paragraphs", ()):
            indent(paragraph(document, text))
        if part.get("table"):
            table(document, part["table"])
    paragraph(document, "")
    ending = paragraph(document, description["ending"])
    ending.alignment = ALIGN.RIGHT
    ending.paragraph_format.right_indent = Pt(16 * 4)  # 右空四字
    return document


def lay_out(document):
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    section.footer_distance = Mm(25)
    # Else a reader may take the Japanese shapes of the same characters.
    language = document.styles.element.find(".//" + qn("w:lang"))
    language.set(qn("w:eastAsia"), "zh-CN")
    normal = document.styles["Normal"]
    set_font(normal.element.get_or_add_rPr(), BODY)
    normal.font.size = Pt(16)
    spacing = normal.paragraph_format
    spacing.space_before = spacing.space_after = Pt(0)
    spacing.line_spacing = Pt(28.95)
    # The footer's paragraph: — 1 —
    footer = section.footer.paragraphs[0]
    footer.alignment = 1
    for kind, text in (
        ("text", "— "),
        ("begin", ""),
        ("code", "PAGE"),
        ("end", ""),
        ("text", " —"),
    ):
        run = footer.add_run(text if kind == "text" else "")
        run.font.size = Pt(14)
        set_font(run._element.get_or_add_rPr(), NUMBER)
        if kind in ("begin", "end"):
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._element.append(mark)
        elif kind == "code":
            code = OxmlElement("w:instrText")
            code.text = text
            run._element.append(code)
    declare_stand_ins(document)


def declare_stand_ins(document):
    """Which font stands in for one that a machine lacks (the font table's altName)."""
    from docx.opc.constants import RELATIONSHIP_TYPE
    from lxml import etree

    part = document.part.part_related_by(RELATIONSHIP_TYPE.FONT_TABLE)
    fonts = etree.fromstring(part.blob)
    space = fonts.nsmap["w"]
    for name, others in STAND_INS.items():
        font = etree.SubElement(fonts, f"{{{space}}}font")
        font.set(f"{{{space}}}name", name)
        other = etree.SubElement(font, f"{{{space}}}altName")
        other.set(f"{{{space}}}val", ",".join(others))
        charset = etree.SubElement(font, f"{{{space}}}charset")
        charset.set(f"{{{space}}}val", "86")
    part._blob = etree.tostring(
        fonts, xml_declaration=True, encoding="UTF-8", standalone=True
    )


def set_font(properties, name):
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
        fonts.set(qn(script), name)
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(theme), None)


def paragraph(container, text, *, font=BODY, size=16):
    from docx.shared import Pt

    made = container.add_paragraph()
    run = made.add_run(text)
    run.font.size = Pt(size)
    set_font(run._element.get_or_add_rPr(), font)
    return made


def indent(made):
    from docx.shared import Pt

    made.paragraph_format.first_line_indent = Pt(32)  # two characters


def table(document, description):
    """`{head: [..], rows: [[..]], widths: [mm]}`; the head repeats on every page."""
    from docx.oxml import OxmlElement
    from docx.shared import Mm, Pt

    lines = [description["head"], *description["rows"]]
    made = document.add_table(rows=len(lines), cols=len(description["head"]))
    made.style = "Table Grid"
    made.autofit = False
    for column, width in zip(made.columns, description["widths"], strict=True):
        column.width = Mm(width)
    for row, line in zip(made.rows, lines, strict=True):
        properties = row._tr.get_or_add_trPr()
        properties.append(OxmlElement("w:cantSplit"))
        if line is lines[0]:
            properties.append(OxmlElement("w:tblHeader"))
        for cell, text, width in zip(
            row.cells, line, description["widths"], strict=True
        ):
            cell.width = Mm(width)
            words = cell.paragraphs[0]
            words.paragraph_format.line_spacing = Pt(18)
            run = words.add_run(text)
            run.font.size = Pt(12)
            set_font(
                run._element.get_or_add_rPr(), HEADING if line is lines[0] else BODY
            )


# --- minutes of meetings -------------------------------------------------------------

CHARACTER = 442.2 / 28  # points: 156 mm hold 28 characters of size 3
LINES = {"h1": HEADING, "h2": SECOND, "p": BODY}


def write_minutes(description):
    """`{mark, reference, issuer, dated, title, subtitle, blocks: [[style, text]], sign:
    [text], attendance: [[label, text]], foot: [text, [left, right]]}`, in the order of
    GB/T 9704-2012, 10.3. Without a mark the paper has no red head and no foot.
    """
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.shared import Pt

    document = Document()
    lay_out(document)
    set_grid(document)
    number_pages(document)
    if description["mark"]:
        red_head(document, description)
    title = paragraph(document, description["title"], font=TITLE, size=22)
    title.alignment = ALIGN.CENTER
    title.paragraph_format.line_spacing = Pt(32)
    title.paragraph_format.keep_with_next = True
    if description["subtitle"]:
        subtitle = paragraph(document, description["subtitle"])
        subtitle.alignment = ALIGN.CENTER
    paragraph(document, "")
    for style, text in description["blocks"]:
        line = paragraph(document, text, font=LINES[style])
        indent(line)
        line.paragraph_format.keep_with_next = style != "p"
    if description["sign"]:
        paragraph(document, "")
    for text in description["sign"]:
        line = paragraph(document, text)
        line.alignment = ALIGN.RIGHT
        line.paragraph_format.right_indent = Pt(16 * 4)  # 右空四字
        line.paragraph_format.keep_with_next = text != description["sign"][-1]
    if description["attendance"]:
        paragraph(document, "")
    for label, text in description["attendance"]:
        hanging(document, label, text)
    if description["foot"]:
        paragraph(document, "")
        foot(document, description["foot"])
    return document


def set_grid(document):
    """22 lines of 28 characters: pitch of lines in twentieths, of characters in 4096ths.

    The text itself keeps off the grid and is spaced so: LibreOffice gives a character
    wider than the pitch two places on it.
    """
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    section = document.sections[0]._sectPr
    grid = section.find(qn("w:docGrid"))
    if grid is None:
        grid = OxmlElement("w:docGrid")
        section.append(grid)
    grid.set(qn("w:type"), "linesAndChars")
    grid.set(qn("w:linePitch"), "579")
    grid.set(qn("w:charSpace"), "-848")
    normal = document.styles["Normal"].element
    off = OxmlElement("w:snapToGrid")
    off.set(qn("w:val"), "0")
    normal.get_or_add_pPr().insert_element_before(
        off, "w:spacing", "w:ind", "w:contextualSpacing", "w:jc", "w:outlineLvl"
    )
    document.styles["Normal"].paragraph_format.widow_control = False  # 22 lines
    run = normal.get_or_add_rPr()
    closer = OxmlElement("w:spacing")
    closer.set(qn("w:val"), "-5")  # twentieths of a point: 28 times 15.75
    off = OxmlElement("w:snapToGrid")
    off.set(qn("w:val"), "0")
    run.insert_element_before(off, "w:vanish", "w:color", "w:sz", "w:szCs", "w:lang")
    run.insert_element_before(
        closer, "w:w", "w:kern", "w:position", "w:sz", "w:szCs", "w:lang"
    )


def number_pages(document):
    """— 1 — at the right of odd pages, at the left of even ones, one character in."""
    from copy import deepcopy

    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.shared import Pt

    document.settings.odd_and_even_pages_header_footer = True
    section = document.sections[0]
    odd = section.footer.paragraphs[0]
    even = section.even_page_footer.paragraphs[0]
    for run in odd.runs:
        even._p.append(deepcopy(run._element))
    odd.alignment, even.alignment = ALIGN.RIGHT, ALIGN.LEFT
    odd.paragraph_format.right_indent = Pt(14)
    even.paragraph_format.left_indent = Pt(14)


def red_head(document, description):
    """The mark 35 mm below the type area's top, the number, a red rule 4 mm below."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH as ALIGN
    from docx.enum.text import WD_LINE_SPACING as RULE
    from docx.shared import Mm, Pt, RGBColor

    space = paragraph(document, "")
    space.paragraph_format.line_spacing_rule = RULE.EXACTLY
    space.paragraph_format.line_spacing = Mm(35)
    mark = description["mark"]
    size = min(42, int(430 / len(mark)))
    line = paragraph(document, mark, font=TITLE, size=size)
    line.alignment = ALIGN.CENTER
    line.paragraph_format.line_spacing = Pt(size * 1.3)
    line.runs[0].font.color.rgb = RGBColor(255, 0, 0)
    paragraph(document, "")
    paragraph(document, description["reference"]).alignment = ALIGN.CENTER
    issued = paragraph(document, f"{description['issuer']}\t{description['dated']}")
    issued.paragraph_format.tab_stops.add_tab_stop(Mm(156), ALIGN.RIGHT)
    border(issued, "bottom", size=18, color="FF0000", space=11)
    for _ in range(2):
        paragraph(document, "")


def border(made, side, *, size, color, space=0):
    """A rule along a paragraph: eighths of a point, points of space."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    borders = OxmlElement("w:pBdr")
    line = OxmlElement(f"w:{side}")
    for name, value in (
        ("val", "single"),
        ("sz", size),
        ("space", space),
        ("color", color),
    ):
        line.set(qn(f"w:{name}"), str(value))
    borders.append(line)
    made._p.get_or_add_pPr().insert_element_before(
        borders, "w:shd", "w:tabs", "w:spacing", "w:ind", "w:jc", "w:rPr"
    )


def hanging(document, label, text):
    """出席：…, two characters in, further lines below the first one's text."""
    from docx.shared import Pt

    line = paragraph(document, f"{label}：", font=HEADING)
    run = line.add_run(text)
    run.font.size = Pt(16)
    set_font(run._element.get_or_add_rPr(), BODY)
    label_width = CHARACTER * (len(label) + 1)
    line.paragraph_format.left_indent = Pt(2 * CHARACTER + label_width)
    line.paragraph_format.first_line_indent = Pt(-label_width)


def foot(document, lines):
    """版记: to whom it goes, who printed it when, at the foot of the last page."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Mm, Pt

    made = document.add_table(rows=len(lines), cols=1)
    made.autofit = False
    made.columns[0].width = Mm(156)
    properties = made._tbl.tblPr
    place = OxmlElement("w:tblpPr")
    for name, value in (
        ("vertAnchor", "margin"),
        ("horzAnchor", "margin"),
        ("tblpXSpec", "left"),
        ("tblpYSpec", "bottom"),
    ):
        place.set(qn(f"w:{name}"), value)
    properties.insert(1 if properties.find(qn("w:tblStyle")) is not None else 0, place)
    borders = OxmlElement("w:tblBorders")
    for side, size in (("top", 8), ("bottom", 8), ("insideH", 6)):  # 0.35 and 0.25 mm
        line = OxmlElement(f"w:{side}")
        for name, value in (
            ("val", "single"),
            ("sz", size),
            ("space", 0),
            ("color", "000000"),
        ):
            line.set(qn(f"w:{name}"), str(value))
        borders.append(line)
    properties.append(borders)
    last = paragraph(document, "")  # a page must not end with a table
    last.paragraph_format.line_spacing = Pt(1)
    for row, text in zip(made.rows, lines, strict=True):
        cell = row.cells[0]
        cell.width = Mm(156)
        words = cell.paragraphs[0]
        words.paragraph_format.left_indent = Pt(14)
        words.paragraph_format.right_indent = Pt(14)
        words.paragraph_format.line_spacing = Pt(22)
        if not isinstance(text, str):
            words.paragraph_format.tab_stops.add_tab_stop(Mm(146), 2)
            text = "\t".join(text)
        run = words.add_run(text)
        run.font.size = Pt(14)
        set_font(run._element.get_or_add_rPr(), BODY)


if __name__ == "__main__":
    main()
