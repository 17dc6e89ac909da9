"""What in a workbook is a ledger: its sheets, heading rows, columns and rows.

`guess` proposes a mapping, one dict for each sheet, which is kept with the batch and
may be put right on the page; `tables_of` reads a workbook by it. What is not certain
is asked, never taken: two columns that may both be the code, and columns that only
their content speaks for.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from enterprises.imports.kinds import BUSINESS_KINDS, KINDS
from tianshan.files.cells import shown
from tianshan.values.extra import is_personal
from tianshan.values.typed import MASK
from tianshan.web.masks import masked_phone

ERROR, WARNING, NOTICE = "error", "warning", "notice"

# Numbers of rows, what this portal computes, and what it adds to wrong rows.
LEFT_ALONE = {
    *("序号", "编号", "网格", "覆盖方式", "门类"),
    # Known from the Party's side, never typed twice.
    *("是否建立党组织", "现行组建方式", "党组织名称", "书记", "党组织成立时间", "建制"),
    *("指导员", "指导员单位"),
    *("工作表", "行", "结果", "问题", "怎么改"),
}
# Fields of identity: where two columns claim one of them, nobody guesses.
NEVER_GUESSED = ("code",)

HEADING_WITHIN = 30  # rows in which the heading row must be found
SAMPLED = 300  # rows whose content may speak for a column
TOTAL = re.compile(r"^(合计|小计|总计|共计)([\s:：()（]|\d|$)")
REMARK = re.compile(r"^((注|说明|备注)[:：]|(填报|制表|审核)(人|单位|日期|时间)?[:：])")
# What the cells of a column look like when its heading says nothing.
LOOKS = {
    "code": re.compile(r"[0-9A-HJ-NP-RT-UW-Y]{18}", re.IGNORECASE),
    "contact_phone": re.compile(r"1[3-9]\d{9}|0\d{2,3}-?\d{7,8}"),
}


@dataclass
class Table:
    """A sheet that is a ledger: what it holds, and which column is which field."""

    name: str
    model: str  # a key of KINDS
    heading: int  # 0-based row, the last one of the heading
    columns: dict  # field -> 0-based column
    labels: list  # the headings as written; of two rows joined
    rows: list
    kind: str = ""  # of business, where sheet or title says so
    skipped: int = 0  # totals, remarks and repeated headings
    headings: tuple = ()  # the heading rows, without blanks and marks
    problems: list = field(default_factory=list)  # of the sheet as a whole

    @property
    def unread(self):
        """Headings of columns that the portal has no use for."""
        return [
            label
            for place, label in enumerate(self.labels)
            if label and place not in self.columns.values() and not says_nothing(label)
        ]


@dataclass
class Row:
    """One row of a table, with what its cells mean."""

    table: Table
    number: int  # as the spreadsheet numbers it
    cells: tuple
    values: dict = field(default_factory=dict)
    problems: list = field(default_factory=list)
    result: str = ""
    target: object = None  # the row written or matched, saved or not
    changes: dict = field(default_factory=dict)  # field -> [before, after]
    # What was decided on the page: cells typed anew, and differences not taken.
    mended: dict = field(default_factory=dict)
    refused: frozenset = frozenset()
    left: dict = field(default_factory=dict)
    pk: int | None = None  # of the ImportRow, when it comes from there

    @property
    def name(self):
        return self.values.get("name", "")

    def cell(self, name):
        if name in self.mended:
            return self.mended[name]
        place = self.table.columns.get(name)
        return None if place is None else self.cells[place]

    def problem(self, column, message, level=ERROR):
        """List what is wrong with a column, and what to do about it."""
        place = self.table.columns.get(column)
        value = shown(self.cell(column))
        self.problems.append(
            {
                "sheet": self.table.name,
                "row": self.number,
                "name": self.name,
                "column": self.table.labels[place] if place is not None else "",
                "value": _hidden(self.table.model, column, value),
                "message": message,
                "level": level,
            }
        )


def says_nothing(label):
    """Is the heading one of what the portal adds itself? Numbers of rows, what it
    computes, who exported, when, by which filter."""
    return plain(label) in LEFT_ALONE or bool(REMARK.match(label))


def _hidden(model, column, value):
    """What a list of problems may show of a cell."""
    if column == "contact_phone":
        return masked_phone(value)
    return MASK if is_personal(model, column) and value else value


def plain(label):
    """A heading without blanks, brackets and marks."""
    return re.sub(r"[\s()（）\[\]【】:：*、,，/\\·.]", "", label)


def letter(place):
    """The column as a spreadsheet names it."""
    name = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        name = chr(65 + rest) + name
    return name


# --- the mapping -------------------------------------------------------------------


def guess(workbook, memory=()):
    """How each sheet would be read: a list of plain dicts, to keep as JSON.

    `memory` is the office's HeadingMemory rows, nearest last. `columns` holds what is
    certain; `asked` the columns that claim one field (`{field: [column]}`),
    `suggested` fields that only the content of a column speaks for.
    """
    remembered = defaultdict(dict)
    for row in memory:
        remembered[row.model][row.heading] = row.field
    return [_guessed(sheet, remembered) for sheet in workbook.sheets]


def by_heading(sheet, heading, model, memory):
    """The sheet's mapping where somebody chose its heading row and its kind."""
    remembered = defaultdict(dict)
    for row in memory:
        remembered[row.model][row.heading] = row.field
    labels = labels_of(sheet, heading)
    columns, asked = _columns(labels, KINDS[model], remembered[model])
    chosen = {
        "name": sheet.name,
        "on": True,
        "model": model,
        "kind": kind_in(sheet.name),
        "heading": list(heading),
        "fill": True,
        "columns": columns,
        "asked": asked,
    }
    chosen["suggested"] = _suggested(sheet, chosen, remembered)
    return chosen


def _guessed(sheet, remembered):
    best = None
    for rows, labels in would_be_headings(sheet):
        for kind in KINDS.values():
            if kind.never.intersection(map(plain, labels)):
                continue
            found = _columns(labels, kind, remembered[kind.key])
            columns, asked = found
            named = len(columns) + len(asked)
            known = {*columns, *asked}
            if named < 3 or not all(known & set(group) for group in kind.needs):
                continue
            if best is None or named > best["named"]:
                best = {
                    "model": kind.key,
                    "heading": list(rows),
                    "columns": columns,
                    "asked": asked,
                    "named": named,
                }
    guessed = best or {"model": "", "heading": [], "columns": {}, "asked": {}}
    guessed.pop("named", None)
    guessed |= {"name": sheet.name, "on": bool(best), "kind": "", "fill": True}
    if best is None:
        _propose_unheaded(sheet, guessed)
    guessed["suggested"] = _suggested(sheet, guessed, remembered) if best else {}
    if guessed["heading"]:
        above = sheet.rows[: guessed["heading"][0]]
        title = " ".join(shown(cell) for cells in above for cell in cells)
        guessed["kind"] = kind_in(sheet.name) or kind_in(title)
    return guessed


def would_be_headings(sheet):
    """(rows, labels) that may be the heading: each row, and each two that go together."""
    for number, cells in enumerate(sheet.rows[:HEADING_WITHIN]):
        yield (number,), [shown(cell) for cell in cells]
        if number + 1 < len(sheet.rows) and _go_together(sheet, number):
            yield (number, number + 1), labels_of(sheet, [number, number + 1])


def _go_together(sheet, number):
    """May this row and the next be one heading?

    Where the upper row says something of its own the lower one must be blank, unless
    the upper cell reaches over several columns.
    """
    upper = [shown(cell) for cell in sheet.rows[number]]
    lower = [shown(cell) for cell in sheet.rows[number + 1]]
    wide = _wide(sheet, number, upper, lower)
    both = [i for i, text in enumerate(lower) if text and upper[i] and i not in wide]
    return any(lower) and sum(map(bool, upper)) >= 2 and wide and not both


def _wide(sheet, number, upper, lower):
    """`{column: text above it}` where a cell of the row reaches over several columns.

    By the merged areas; a table without any (a CSV) says it by blanks on the right of
    a text under which the next row goes on.
    """
    wide = {}
    for (top, left), (bottom, right) in sheet.merged:
        if top == bottom == number and right > left and left < len(upper):
            for place in range(left, min(right + 1, len(upper))):
                wide[place] = upper[left]
    if wide or sheet.merged:
        return wide
    for place, text in enumerate(upper):
        if not text or not lower[place]:
            continue
        reach = place + 1
        while reach < len(upper) and not upper[reach] and lower[reach]:
            reach += 1
        if reach - place > 1:
            wide |= dict.fromkeys(range(place, reach), text)
    return wide


def labels_of(sheet, rows):
    """The headings of the columns: one row as written, two rows joined."""
    upper = [shown(cell) for cell in sheet.rows[rows[0]]]
    if len(rows) == 1:
        return upper
    lower = [shown(cell) for cell in sheet.rows[rows[1]]]
    wide = _wide(sheet, rows[0], upper, lower)
    return [
        "·".join(dict.fromkeys(filter(None, [wide.get(i, upper[i]), lower[i]])))
        for i in range(len(upper))
    ]


def _columns(labels, kind, remembered):
    """`{field: column}` of a would-be heading, and `{field: [columns]}` to be asked."""
    claims = defaultdict(list)  # field -> [(rank of the word, column)]
    for place, label in enumerate(labels):
        for word in readings(label):
            if word in remembered:
                # One remembered may be an extra field that is asked no longer.
                if remembered[word] in kind.headings:
                    claims[remembered[word]].append((-1, place))
                break
            named = [
                (name, words.index(word))
                for name, words in kind.headings.items()
                if word in words
            ]
            if named:
                for name, rank in named:
                    claims[name].append((rank, place))
                break
    columns, asked = {}, {}
    for name, found in claims.items():
        said = [place for rank, place in found if rank < 0]
        if len(said) == 1 or (len(found) > 1 and name not in NEVER_GUESSED):
            columns[name] = said[0] if len(said) == 1 else min(found)[1]
        elif len(found) == 1:
            columns[name] = found[0][1]
        else:
            asked[name] = [place for _, place in found]
    return columns, asked


def readings(label):
    """A heading of two rows is known by both together, else by its lower part."""
    words = [plain(label)]
    if "·" in label:
        words.append(plain(label.rpartition("·")[2]))
    return [word for word in words if word]


def _suggested(sheet, guessed, remembered):
    """Fields that no heading named and that the content of a column speaks for."""
    kind = KINDS[guessed["model"]]
    open_fields = [
        name
        for name in LOOKS
        if name in kind.headings
        and name not in guessed["columns"]
        and name not in guessed["asked"]
    ]
    suggested = {}
    labels = labels_of(sheet, guessed["heading"])
    for place, label in enumerate(labels):
        if place in guessed["columns"].values() or says_nothing(label):
            continue
        if plain(label) in remembered[kind.key]:
            continue
        for name in open_fields:
            if _looks_like(sheet, guessed["heading"][-1] + 1, place, LOOKS[name]):
                suggested.setdefault(name, []).append(place)
    for name, places in list(suggested.items()):
        if len(places) > 1 and name in NEVER_GUESSED:
            guessed["asked"][name] = suggested.pop(name)
        else:
            suggested[name] = places[0]
    return suggested


def _looks_like(sheet, begin, place, shape):
    texts = [shown(row[place]) for row in sheet.rows[begin : begin + SAMPLED]]
    texts = [text for text in texts if text]
    fitting = sum(bool(shape.fullmatch(text)) for text in texts)
    return len(texts) >= 1 and fitting * 5 >= len(texts) * 4


def _propose_unheaded(sheet, guessed):
    """A table whose headings say nothing to us: its widest row of texts near the top
    may be the heading; which column is what is asked."""
    best, most = None, 2
    for number, cells in enumerate(sheet.rows[:HEADING_WITHIN]):
        texts = sum(isinstance(cell, str) and bool(shown(cell)) for cell in cells)
        if texts > most:
            best, most = number, texts
    if best is not None and best + 1 < len(sheet.rows):
        guessed["heading"] = [best]


def may_be_mapped(mapping):
    """Is there a sheet that somebody could map by hand?"""
    return any(sheet["heading"] for sheet in mapping)


def open_questions(mapping):
    """Does the mapping hold something that a person should see before going on?"""
    sheets = [sheet for sheet in mapping if sheet["on"]]
    return not sheets or any(
        sheet["asked"] or sheet["suggested"] or len(sheet["heading"]) > 1
        for sheet in sheets
    )


def kind_in(text):
    """企业 or 商户, when the text names exactly one kind."""
    found = [kind for word, kind in BUSINESS_KINDS.items() if word in text]
    return found[0] if len(found) == 1 else ""


# --- reading by a mapping ----------------------------------------------------------


def tables_of(workbook, mapping):
    """The sheets that are to be read, as Tables, and notes on what was done to them."""
    tables, notes = [], []
    for sheet, chosen in zip(workbook.sheets, mapping, strict=True):
        if not chosen["on"]:
            if any(cell is not None for row in sheet.rows for cell in row):
                notes.append(
                    f"工作表“{sheet.name}”没有读取。"
                    if chosen["model"]
                    else f"工作表“{sheet.name}”里没有认出表头，没有读取。"
                )
            continue
        heading = chosen["heading"]
        rows = sheet.rows
        if chosen["fill"]:
            rows, filled = _filled(sheet, heading[-1])
            if filled:
                notes.append(
                    f"工作表“{sheet.name}”有合并的格，已按第一格往下填了 {filled} 格。"
                )
        table = Table(
            name=sheet.name,
            model=chosen["model"],
            heading=heading[-1],
            columns=dict(chosen["columns"]),
            labels=labels_of(sheet, heading),
            rows=rows,
            kind=chosen["kind"],
            headings=tuple(
                tuple(plain(shown(cell)) for cell in sheet.rows[row]) for row in heading
            ),
        )
        for name, places in chosen["asked"].items():
            table.problems.append(_two_claims(table, name, places))
        for name, place in chosen["suggested"].items():
            notes.append(
                f"工作表“{sheet.name}”的 {letter(place)} 列“{table.labels[place]}”"
                f"看内容像“{KINDS[table.model].labels[name]}”，没有读取；"
                "要读取请在“对列”里选定。"
            )
        tables.append(table)
    return tables, notes


def _two_claims(table, name, places):
    columns = "、".join(f"{letter(p)} 列“{table.labels[p]}”" for p in places)
    return {
        "sheet": table.name,
        "row": table.heading + 1,
        "name": "",
        "column": columns,
        "value": "",
        "message": f"都像“{KINDS[table.model].labels[name]}”，没有读取。"
        "请在“对列”里选定一列，或在文件里改好表头。",
        "level": ERROR,
    }


def _filled(sheet, heading):
    """The rows with merged cells below the heading filled down, and how many were."""
    rows, count = None, 0
    for (top, left), (bottom, _) in sheet.merged:
        if bottom <= top or top <= heading or left >= len(sheet.rows[top]):
            continue
        value = sheet.rows[top][left]
        for number in range(top + 1, min(bottom + 1, len(sheet.rows))):
            cells = (rows or sheet.rows)[number]
            if value is None or not any(cell is not None for cell in cells):
                continue  # a blank row stays one
            rows = rows or list(sheet.rows)
            rows[number] = (*cells[:left], value, *cells[left + 1 :])
            count += 1
    return rows or sheet.rows, count


def rows_of(table):
    """The rows below the heading that say something."""
    for place in range(table.heading + 1, len(table.rows)):
        cells = table.rows[place]
        if not any(cell is not None for cell in cells):
            continue
        texts = [shown(cell) for cell in cells]
        if not any(texts):
            continue
        if _is_no_row(texts, table) or _is_heading(texts, table):
            table.skipped += 1
            continue
        yield Row(table=table, number=place + 1, cells=cells)


def _is_heading(texts, table):
    return tuple(plain(text) for text in texts) in table.headings


def _is_no_row(texts, table):
    """Totals and remarks stand under a ledger without being rows of it."""
    first = next(filter(None, texts))
    name = texts[table.columns["name"]] if "name" in table.columns else ""
    return any(TOTAL.match(text) or REMARK.match(text) for text in (first, name))
