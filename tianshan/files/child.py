"""Parses one workbook from standard input, in a process that is allowed to die.

Run as a script, isolated from the portal: no Django, no settings, no environment.
Answers in JSON lines: a sheet, its rows (a number stands for so many blank ones), the
end. Without the end the answer is worth nothing. JSON, because the parent must not
unpickle what a process that read a stranger's file has written.
"""

import json
import resource
import sys
from datetime import date, datetime
from io import BytesIO


def main():
    limits = json.loads(sys.argv[1])
    fence(limits)
    # Only now: what the library allocates is inside the fence.
    import python_calamine

    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(
            BytesIO(sys.stdin.buffer.read())
        )
        for sheet in workbook.sheets_metadata:
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet:
                visible = sheet.visible == python_calamine.SheetVisibleEnum.Visible
                send_sheet(workbook.get_sheet_by_name(sheet.name), not visible, limits)
    except python_calamine.PasswordError:
        send({"problem": "这个文件有密码。请去掉密码，另存后再上传。"})
    except TooLarge as problem:
        send({"problem": str(problem)})
    else:
        send({"end": True})


class TooLarge(Exception):
    pass


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


def send_sheet(sheet, hidden, limits):
    height, width = reach(sheet)
    if height > limits["rows"] or width > limits["columns"]:
        raise TooLarge(
            f"工作表“{sheet.name}”太大：最多读 {limits['rows']} 行、"
            f"{limits['columns']} 列。请删除右侧和下方多余的内容，或拆成几个文件。"
        )
    limits["cells"] -= height * width
    if limits["cells"] < 0:
        raise TooLarge("这个文件的格子太多。请只保留台账，或拆成几个文件分别上传。")

    merged = (sheet.merged_cell_ranges or [])[:10_000]
    send({"sheet": sheet.name, "hidden": hidden, "merged": merged})
    if not height:
        return
    # The library leaves out empty columns on the left, but not empty rows above.
    left = [None] * sheet.start[1]
    blank = 0
    for row in sheet.iter_rows():
        row = left + [None if cell == "" else cell for cell in row]
        while row and row[-1] is None:
            row.pop()
        if not row:
            blank += 1
            continue
        if blank:
            send(blank)
            blank = 0
        send(row)


def reach(sheet):
    """Rows and columns from A1 to the last cell with content."""
    if sheet.end is None:
        return 0, 0
    return sheet.end[0] + 1, sheet.end[1] + 1


def send(message):
    sys.stdout.write(json.dumps(message, default=encode, separators=(",", ":")))
    sys.stdout.write("\n")


def encode(cell):
    if isinstance(cell, datetime):
        return {"moment": cell.isoformat()}
    if isinstance(cell, date):
        return {"day": cell.isoformat()}
    return str(cell)  # a time of day, a duration: read as text


if __name__ == "__main__":
    main()
