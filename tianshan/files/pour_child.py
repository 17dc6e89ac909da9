"""Reads or fills the placeholders of one .docx, in a process that is allowed to die.

Run as a script, isolated from the portal. In come a line of JSON and the template's
bytes. Without `values` it answers the names in double braces, as JSON; with them the
document, in which each has become its text, in the looks of its first character.
"""

import json
import re
import resource
import sys
from io import BytesIO

UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
PLACEHOLDER = re.compile(r"\{\{\s*([^{}\n]{1,60}?)\s*\}\}")


def main():
    limits = json.loads(sys.argv[1])
    fence(limits)
    # Only now: what the library allocates is inside the fence.
    from docx import Document

    asked = sys.stdin.buffer
    head = json.loads(asked.readline())
    document = Document(BytesIO(asked.read(head["bytes"])))
    if head["values"] is None:
        names = [name for texts in lines(document) for name in named(texts)]
        sys.stdout.write(json.dumps(list(dict.fromkeys(names))))
        return
    for texts in lines(document):
        pour(texts, head["values"])
    document.core_properties.comments = head["note"][:255]
    out = BytesIO()
    document.save(out)
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


def lines(document):
    """The text elements of each paragraph: body, tables, boxes, headers, footers."""
    from docx.oxml.ns import qn

    roots = [document.element.body]
    for section in document.sections:
        for part in (
            section.header,
            section.footer,
            section.first_page_header,
            section.first_page_footer,
            section.even_page_header,
            section.even_page_footer,
        ):
            if not part.is_linked_to_previous:
                roots.append(part._element)
    for root in roots:
        for paragraph in root.iter(qn("w:p")):
            texts = [
                text
                for text in paragraph.iter(qn("w:t"))
                if next(text.iterancestors(qn("w:p"))) is paragraph
            ]
            if texts:
                yield texts


def named(texts):
    return PLACEHOLDER.findall("".join(text.text or "" for text in texts))


def pour(texts, values):
    """Replace from the last to the first, so that places stay right."""
    whole = "".join(text.text or "" for text in texts)
    for match in reversed(list(PLACEHOLDER.finditer(whole))):
        if match[1] in values:
            replace(texts, match.start(), match.end(), values[match[1]])


def replace(texts, start, end, value):
    """Put the value where the range begins; what else of it is in other runs goes."""
    at, first = 0, True
    for text in texts:
        old = text.text or ""
        left, right = max(start - at, 0), min(end - at, len(old))
        at += len(old)
        if left >= right:
            continue
        said = UNSEEN.sub("", value) if first else ""
        text.text, first = old[:left] + said + old[right:], False
        text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")


if __name__ == "__main__":
    main()
