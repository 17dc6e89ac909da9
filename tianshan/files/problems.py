"""What is said to people about their files. Every message tells what to do next."""


class FileProblem(Exception):
    """The file cannot be taken; the message, in Chinese, says why and what to do."""


class CellProblem(Exception):
    """The cell's content cannot be understood; the message says what to write."""
