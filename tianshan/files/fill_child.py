"""Fills one template from standard input, in a process that is allowed to die.

Run as a script, isolated from the portal: no Django, no settings, no environment. In
come a line of JSON, the template's bytes, then for each sheet a line that says where
its rows go and the rows, one a line; or a line with single cells of a sheet. Out comes
the filled workbook.
"""

import json
import re
import resource
import sys
from copy import copy
from datetime import date, datetime
from io import BytesIO

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
LONGEST_TEXT = 32_767
LIKE_A_NUMBER = re.compile(r"[\d ./:+-]+")
# A cell or a part of an area in a formula; $ marks and the sheet's name stay.
REF = re.compile(r"(?<![A-Za-z0-9_.!])(\$?[A-Z]{1,3}\$?)(\d{1,7})(?![\d(A-Za-z_!])")


def main():
    limits = json.loads(sys.argv[1])
    fence(limits)
    # Only now: what the library allocates is inside the fence.
    import openpyxl

    asked = sys.stdin.buffer
    head = json.loads(asked.readline())
    book = openpyxl.load_workbook(BytesIO(asked.read(head["bytes"])))
    sheet = None
    for line in asked:
        message = json.loads(line)
        if isinstance(message, dict) and "cells" in message:
            for row, column, value in message["cells"]:
                put(book[message["sheet"]].cell(row + 1, column + 1), value)
        elif isinstance(message, dict):
            if sheet:
                sheet.finish()
            sheet = Sheet(book[message["sheet"]], message)
        else:
            sheet.rows.append(message)
    if sheet:
        sheet.finish()
    book.properties.description = head["note"]
    # Values of formulas are stale now; whoever opens the file has them computed.
    book.calculation.fullCalcOnLoad = True
    out = BytesIO()
    book.save(out)
    sys.stdout.buffer.write(out.getvalue())


def fence(limits):
    """Take away memory, time and files before the first byte is parsed."""
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


class Sheet:
    """One sheet being filled. Rows and columns count from one here, as the library's."""

    def __init__(self, sheet, asked):
        self.sheet = sheet
        self.first = asked["first_row"] + 1
        self.columns = [place + 1 for place in asked["places"]]
        footer = asked["footer"]
        # The last row of the template that is room for data.
        self.last = footer if footer is not None else max(sheet.max_row, self.first)
        self.has_footer = footer is not None
        self.rows = []

    def finish(self):
        """Make room, write, and let what stands around the data fit what came."""
        grown = max(0, len(self.rows) - (self.last - self.first + 1))
        new_last = self.last + grown
        if grown and self.has_footer:
            self._move_footer(grown)
        self._clear()
        model = self._model_row()
        for number, values in enumerate(self.rows):
            self._write(self.first + number, values, model)
        if self.has_footer:
            self._refit(new_last, grown)
        self._widen(new_last)

    def _model_row(self):
        """How the first data row looks, and its formulas outside our columns."""
        cells = {}
        for column in range(1, self.sheet.max_column + 1):
            cell = self.sheet.cell(self.first, column)
            carried = None
            if column not in self.columns and cell.data_type == "f":
                carried = cell.value
            cells[column] = (copy(cell._style), carried)
        return cells, self.sheet.row_dimensions[self.first].height

    def _clear(self):
        """Take samples out of our columns; what stands beside them stays."""
        for row in range(self.first, self.last + 1):
            for column in self.columns:
                cell = self.sheet.cell(row, column)
                if type(cell).__name__ != "MergedCell":
                    cell.value = None

    def _write(self, row, values, model):
        from openpyxl.formula.translate import Translator
        from openpyxl.utils import get_column_letter

        styles, height = model
        beyond = row > self.last
        if beyond:
            for column, (style, _) in styles.items():
                self.sheet.cell(row, column)._style = copy(style)
            if height:
                self.sheet.row_dimensions[row].height = height
        if row > self.first:
            for column, (_, carried) in styles.items():
                if isinstance(carried, str) and (
                    beyond or self.sheet.cell(row, column).value is None
                ):
                    letter = get_column_letter(column)
                    moved = Translator(carried, f"{letter}{self.first}")
                    cell = self.sheet.cell(row, column)
                    cell.value = moved.translate_formula(f"{letter}{row}")
        for column, value in zip(self.columns, values, strict=True):
            put(self.sheet.cell(row, column), value)

    def _move_footer(self, grown):
        """Push what stands below the data down, merged cells and heights with it."""
        from openpyxl.utils import get_column_letter

        sheet, below = self.sheet, self.last + 1
        areas = [area for area in sheet.merged_cells.ranges if area.min_row >= below]
        for area in areas:
            sheet.unmerge_cells(area.coord)
        heights = {
            row: sheet.row_dimensions[row].height
            for row in range(below, sheet.max_row + 1)
        }
        letter = get_column_letter(sheet.max_column)
        sheet.move_range(f"A{below}:{letter}{sheet.max_row}", rows=grown)
        for area in areas:
            area.shift(row_shift=grown)
            sheet.merge_cells(area.coord)
        for row, height in sorted(heights.items(), reverse=True):
            sheet.row_dimensions[row + grown].height = height
        for row in range(below, below + grown):
            sheet.row_dimensions[row].height = None

    def _refit(self, new_last, grown):
        """Formulas of the footer reach to the last row that was written."""

        def moved(match):
            row = int(match[2])
            if row > self.last:
                row += grown
            elif row == self.last and grown:
                # Where one row was room for all, an area still begins with it.
                begins = match.string[match.end() :].startswith(":")
                row = row if begins and row == self.first else new_last
            return f"{match[1]}{row}"

        for row in self.sheet.iter_rows(min_row=new_last + 1):
            for cell in row:
                if cell.data_type == "f" and isinstance(cell.value, str):
                    cell.value = REF.sub(moved, cell.value)

    def _widen(self, new_last):
        """Let the drop-down lists of the first data row hold for all rows written."""
        from openpyxl.worksheet.cell_range import CellRange

        for rule in self.sheet.data_validations.dataValidation:
            for area in list(rule.sqref.ranges):
                if area.min_row <= self.first <= area.max_row < new_last:
                    rule.sqref.add(
                        CellRange(
                            min_col=area.min_col,
                            max_col=area.max_col,
                            min_row=area.min_row,
                            max_row=new_last,
                        ).coord
                    )


def put(cell, value):
    """Text stays text, whatever it looks like; dates look like dates."""
    if type(cell).__name__ == "MergedCell":
        return
    if isinstance(value, dict):
        day = value.get("day")
        cell.value = (
            date.fromisoformat(day) if day else datetime.fromisoformat(value["moment"])
        )
        if cell.number_format == "General" or cell.number_format == "@":
            cell.number_format = "yyyy-mm-dd" if day else "yyyy-mm-dd hh:mm"
        return
    if not isinstance(value, str):
        cell.value = value
        return
    text = UNSEEN.sub("", value)[:LONGEST_TEXT]
    cell.value = text
    cell.data_type = "s"  # never a formula, even if it begins with =
    if cell.number_format == "General" and LIKE_A_NUMBER.fullmatch(text):
        cell.number_format = "@"


if __name__ == "__main__":
    main()
