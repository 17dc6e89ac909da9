"""Files that people upload and download: workbooks, CSV and photos, handled safely.

`read_workbook` turns what somebody handed in into plain cells or says in one Chinese
sentence why not (`FileProblem`). Untrusted bytes are parsed in a child process with
limits on memory and time, because a workbook of two kilobytes can ask for gigabytes.
`pictures.safe_picture` draws a photo anew in such a child.
"""

from tianshan.files.problems import CellProblem, FileProblem
from tianshan.files.reading import Limits, Sheet, Workbook, read_workbook

__all__ = [
    "CellProblem",
    "FileProblem",
    "Limits",
    "Sheet",
    "Workbook",
    "read_workbook",
]
