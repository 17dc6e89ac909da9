"""Files that people upload and download: workbooks and CSV, read and written safely.

`read_workbook` turns what somebody handed in into plain cells or says in one Chinese
sentence why not (`FileProblem`). Untrusted bytes are parsed in a child process with
limits on memory and time, because a workbook of two kilobytes can ask for gigabytes.
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
