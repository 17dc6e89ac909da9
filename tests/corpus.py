"""Files from outside, good and bad, each in one place: what readers and forms are shown.

`FILES` holds them all. A bad one is refused by every form, a good one by all but those
that it is meant for.
"""

import io
import json
import struct
import zipfile
import zlib
from functools import cache
from pathlib import Path

import openpyxl
import pillow_heif
from docx import Document
from PIL import ExifTags, Image, PngImagePlugin

from tests.enterprises.files import gbk, line, workbook

# What a form takes.
LEDGER, TEMPLATE, FORM, OUTLINE, PICTURE = [
    "ledger",
    "template",
    "form",
    "outline",
    "picture",
]
ANY_BOOK = {LEDGER, TEMPLATE, FORM}

# --- workbooks -------------------------------------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x02"
OLD_LEDGER = Path(__file__).parent / "tianshan" / "old_ledger.xls"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ROW = '<row r="1"><c r="A1"><v>1</v></c></row>'


def saved(book):
    stream = io.BytesIO()
    book.save(stream)
    stream.seek(0)
    return stream


def package(sheet=ROW, *, before="", **parts):
    """An .xlsx package with the given sheet data, written by hand."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    links = "http://schemas.openxmlformats.org/package/2006/relationships"
    types = "http://schemas.openxmlformats.org/package/2006/content-types"
    head = '<?xml version="1.0" encoding="UTF-8"?>'
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(
            "[Content_Types].xml",
            f'{head}<Types xmlns="{types}">'
            '<Default Extension="xml" ContentType="application/xml"/>'
            '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.'
            'openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>',
        )
        file.writestr(
            "_rels/.rels",
            f'{head}<Relationships xmlns="{links}"><Relationship Id="rId1" '
            f'Type="{office}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
        )
        file.writestr(
            "xl/workbook.xml",
            f'{head}<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="台账" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        file.writestr(
            "xl/_rels/workbook.xml.rels",
            f'{head}<Relationships xmlns="{links}"><Relationship Id="rId1" '
            f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
            "</Relationships>",
        )
        file.writestr(
            "xl/worksheets/sheet1.xml",
            f'{head}{before}<worksheet xmlns="{main}"><sheetData>{sheet}'
            "</sheetData></worksheet>",
        )
        for name, content in parts.items():
            file.writestr(name.replace("__", "/"), content)
    stream.seek(0)
    return stream


def with_part(content, name, data=b"x", also=None):
    """The package with one more part, and other parts changed by `also(name, data)`."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for each in old.namelist():
            part = old.read(each)
            new.writestr(each, also(each, part) if also else part)
        if name:
            new.writestr(name, data)
    return out.getvalue()


def without(content, name):
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new,
    ):
        for each in old.namelist():
            if each != name:
                new.writestr(each, old.read(each))
    return out.getvalue()


def archive(**parts):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, content in parts.items():
            file.writestr(name.replace("__", "/"), content)
    return out.getvalue()


def ole(stream):
    """The beginning of an old Office file that holds a stream of that name."""
    return OLE + bytes(504) + stream.encode("utf-16-le") + bytes(480)


def xml(sheet="", **more):
    return package(sheet or ROW, **more).getvalue()


def lying():
    """Says that its largest part is 64 bytes long."""
    content = xml(**{"xl__sharedStrings.xml": b" " * 3_000_000})
    return content.replace((3_000_000).to_bytes(4, "little"), b"\x40\x00\x00\x00")


def ledger(*rows):
    return workbook(*(rows or [line("新茶行", room="3", staff=2)]))


def formula(text):
    book = openpyxl.Workbook()
    book.active["A1"], book.active["B1"] = "{{在册}}", text
    return saved(book).getvalue()


FAR = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
NEVER = '<row r="99999999999999999999"><c r="A1"><v>1</v></c></row>'
BAD_SHEETS = {
    "last cell": FAR,
    "last cell, quoted otherwise": FAR.replace(
        'r="XFD1048576"', "s='0'\n r = 'XFD1048576' "
    ),
    "far row": '<row r="1"><c r="A300000"><v>1</v></c></row>',
    "far column": '<row r="1"><c r="ZZ1"><v>1</v></c></row>',
    "many cells": '<row r="190000"><c r="GR190000"><v>1</v></c></row>',
    "row of twenty digits": NEVER,
    "cell of twenty digits": '<row r="1"><c r="A99999999999999999999"><v>1</v></c></row>',
    "column of eight letters": '<row r="1"><c r="ABCDEFGH1"><v>1</v></c></row>',
    "row of five thousand digits": f'<row r="{"9" * 5000}"><c><v>1</v></c></row>',
    "never closed": '<row r="1"><c r="A1"><v>1</v>',
    "string that is none": '<row r="1"><c r="A1" t="s"><v>99999</v></c></row>',
}


def bad_books():
    yield from ((f"sheet: {name}", xml(sheet)) for name, sheet in BAD_SHEETS.items())
    good = ledger()
    yield "entity", xml(before='<!DOCTYPE x [<!ENTITY a "aaaa">]>')
    lol = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 9}">' for n in range(1, 9))
    yield "entities without end", xml(before=f'<!DOCTYPE x [<!ENTITY a0 "ha">{lol}]>')
    yield "entity of a file", xml(before='<!doctype x SYSTEM "file:///etc/passwd">')
    yield "packs too well", xml(**{"xl__sharedStrings.xml": b" " * 40_000_000})
    yield "lies about its size", lying()
    yield "many parts", archive(**{f"xl__{n}.xml": b"" for n in range(2_500)})
    yield "plain archive", archive(**{"台账.xlsx": b"x"})
    yield "empty archive", b"PK\x05\x06" + bytes(18)
    yield "only its first four bytes", b"PK\x03\x04"
    yield "parts with a way up", archive(**{"..__..__etc__passwd": b"x"})
    yield "without its list of sheets", without(good, "xl/workbook.xml")
    yield "without its types", without(good, "[Content_Types].xml")
    yield "without its sheet", without(good, "xl/worksheets/sheet1.xml")
    yield (
        "sheets that are no XML",
        with_part(
            good, "", also=lambda name, data: b"\xff\xfe<" if "sheet1" in name else data
        ),
    )
    yield (
        "a list of sheets that is no XML",
        with_part(
            good,
            "",
            also=lambda name, data: b"<" if name.endswith("workbook.xml") else data,
        ),
    )
    yield "locked", ole("EncryptedPackage")
    yield "old document", ole("WordDocument")
    yield "old workbook of noughts", ole("Workbook") + bytes(2000)
    yield "old workbook cut off", OLD_LEDGER.read_bytes()[:3000]
    for keep in (0.1, 0.5, 0.9, 0.99):
        yield f"cut off at {keep}", good[: int(len(good) * keep)]
    middle = len(good) // 2
    yield "bytes turned", good[:middle] + bytes(40) + good[middle + 40 :]


def good_books():
    yield "ledger", ledger(), ANY_BOOK
    yield "old ledger", OLD_LEDGER.read_bytes(), {LEDGER}
    yield "ledger in GBK", gbk(line("新茶行", room="3")), {LEDGER}
    table = "单位名称,室号/摊位号,从业人员数\r\n新茶行,3,2\r\n"
    yield "ledger in UTF-8", table.encode(), {LEDGER}
    yield "ledger with a mark", b"\xef\xbb\xbf" + table.encode(), {LEDGER}
    tabs = table.replace(",", "\t")
    yield "ledger in UTF-16", b"\xff\xfe" + tabs.encode("utf-16-le"), {LEDGER}
    yield "ledger with semicolons", table.replace(",", ";").encode(), {LEDGER}
    yield "ledger with a formula", ledger(line("新茶行", staff="=1+6")), ANY_BOOK
    yield (
        "ledger with strange cells",
        ledger(
            line("新茶行", staff=float("1e300"), phone=19912345678.0, code="0" * 40),
            line(
                "=cmd|' /C calc'!A0", founded="2026-02-30", note="\u202e\u200b长" * 200
            ),
        ),
        {LEDGER},  # a template may not ask a program
    )
    macros = with_part(ledger(), "xl/vbaProject.bin", OLE)
    yield "ledger with macros", macros, {LEDGER}
    sheet = "xl/externalLinks/externalLink1.xml"
    yield "ledger that links elsewhere", with_part(ledger(), sheet), {LEDGER, TEMPLATE}
    yield "form", formula("=SUM(A1:A9)"), {FORM}
    for number, text in enumerate(
        [
            "=[1]表!A1",
            "=cmd|' /C calc'!A0",
            '=WEBSERVICE("http://x.example/")',
            '=DDE("a","b","c")',
        ]
    ):
        yield f"form that reaches out {number}", formula(text), set()


def bad_texts():
    yield "nothing", b""
    yield "only a mark", b"\xef\xbb\xbf \r\n"
    yield "a sentence", "今天走访了天山茶城。\n商户说电梯太慢。\n".encode()
    yield "one word", b"hello\n"
    yield "an object", b'{"a": 1}'
    yield "web page", b"<html><table><tr><td>1</td></tr></table></html>"
    yield "noughts", bytes(100)
    yield "noise", bytes(range(256)) * 40
    yield "no encoding", b"\x81\xff\xfe\x80," * 50
    yield (
        "a quotation without end",
        ('名称,备注\n店,"没有关\n' + "店,好\n" * 40).encode(),
    )
    yield "a program", b"\x7fELF" + bytes(200)
    yield "a script", b"#!/bin/sh\nrm -rf /\n"
    yield "rich text", rb"{\rtf1\ansi x}"
    yield "gzip", b"\x1f\x8b\x08" + bytes(60)
    yield "rar", b"Rar!\x1a\x07\x00" + bytes(60)


# --- documents -------------------------------------------------------------------------


def document(text="在册{{在册}}家"):
    made = Document()
    made.add_paragraph(text)
    return saved(made).getvalue()


def documents():
    good = document()
    yield "document", good, {FORM}
    yield "document with macros", with_part(good, "word/vbaProject.bin"), set()
    yield "document with a control", with_part(good, "word/activeX/a.bin"), set()
    yield "document with a file in it", with_part(good, "word/embeddings/a.bin"), set()
    link = (
        b'<Relationships><Relationship Id="r" Type="x/image" TargetMode="External"'
        b' Target="http://x.example/"/></Relationships>'
    )
    yield "document that links", with_part(good, "word/_rels/x.xml.rels", link), set()
    doctype = b'<!DOCTYPE x [<!ENTITY a "a">]>'

    def planted(name, data):
        head, end, rest = data.partition(b"?>")
        return head + end + doctype + rest if name == "word/document.xml" else data

    yield "document with an entity", with_part(good, "", also=planted), set()
    yield "document cut off", good[: len(good) // 2], set()
    yield "document without its types", without(good, "[Content_Types].xml"), set()
    yield (
        "document that is no XML",
        with_part(
            good,
            "",
            also=lambda name, data: b"<" if name == "word/document.xml" else data,
        ),
        set(),
    )
    names = "".join(f"{{{{名{n}}}}}" for n in range(400))
    yield "document of too many places", document(names), set()
    yield (
        "document that packs too well",
        with_part(good, "word/x.xml", b" " * 40_000_000),
        set(),
    )


# --- outlines --------------------------------------------------------------------------


def ring(west, south, east, north):
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def outline(coordinates, kind="Polygon", **properties):
    """GeoJSON of one feature of the third grid, `coordinates` as JSON if they are text."""
    if not isinstance(coordinates, str):
        coordinates = json.dumps(coordinates)
    said = json.dumps(properties or {"code": "310105006603"})
    return (
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": '
        f'{said}, "geometry": {{"type": "{kind}", "coordinates": {coordinates}}}}}]}}'
    ).encode()


GROUND = (121.395, 31.203, 121.420, 31.218)


def outlines():
    ground = ring(*GROUND)
    yield "outline", outline([ground]), {OUTLINE}
    yield "outline with a mark", b"\xef\xbb\xbf" + outline([ground]), {OUTLINE}
    bow = [ground[0], ground[2], ground[1], ground[3], ground[0]]
    bad = {
        "crosses itself": [bow],
        "in the sea": [ring(122.9, 31.2, 122.91, 31.21)],
        "turned round": [[[y, x] for x, y in ground]],
        "of two points": [ground[:2]],
        "empty": [],
        "of no width": [[ground[0]] * 5],
        "of words": '[[["a", "b"], null, {}]]',
        "of null": "null",
        "of an object": '{"0": 1}',
        "of NaN": "[[[NaN, NaN], [NaN, 1], [1, 1], [NaN, NaN]]]",
        "of Infinity": "[[[Infinity, 1], [1, -Infinity], [1, 1], [Infinity, 1]]]",
        "of a huge float": "[[[1e999, 31], [1, 1], [1, 1], [1e999, 31]]]",
        "of a huge integer": f"[[[{'9' * 400}, 31], [1, 1], [1, 1], [1, 1]]]",
        "of the hugest integer": f"[[[{'9' * 5000}, 31], [1, 1], [1, 1], [1, 1]]]",
        "nested deep": "[" * 500 + "]" * 500,
        "nested without end": "[" * 100_000 + "]" * 100_000,
        "of too many points": [ring(*GROUND)[:4] * 6_000],
    }
    for name, coordinates in bad.items():
        yield f"outline {name}", outline(coordinates), set()
    yield "outline of a line", outline(ground, kind="LineString"), set()
    yield "outline of nowhere", outline([ground], code="9"), set()
    for name, value in {
        "number": 7,
        "list": ["310105006603"],
        "object": {"a": {}},
        "nul": "a\0b",
        "html": "<img src=zq9>",
        "surrogate": "\ud800",
    }.items():
        yield f"outline named by a {name}", outline([ground], name=value), set()
    yield "outline of a list", b"[]", set()
    yield "outline of no features", b'{"features": []}', set()
    yield "outline of features that are none", b'{"features": [1, null, []]}', set()
    many = b'{"features": [' + b"{}," * 2_001 + b"{}]}"
    yield "outline of too many features", many, set()
    yield "outline cut off", outline([ground])[:90], set()
    yield "outline in UTF-16", outline([ground]).decode().encode("utf-16"), {OUTLINE}


# --- pictures --------------------------------------------------------------------------

SECRET = b"planted-by-the-camera"
KINDS = ("JPEG", "PNG", "WEBP", "HEIF")


def drawn(image=None, kind="JPEG", **how):
    if kind == "HEIF":
        pillow_heif.register_heif_opener()
    out = io.BytesIO()
    (image or Image.new("RGB", (80, 60), "red")).save(out, kind, **how)
    return out.getvalue()


def with_place(**more):
    """EXIF as a phone writes it: where, with what, and a remark."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = SECRET.decode()
    gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef] = "N"
    gps[ExifTags.GPS.GPSLatitude] = (31.0, 13.0, 0.7)
    for name, value in more.items():
        exif[ExifTags.Base[name]] = value
    return exif


def chunk(kind, body):
    crc = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc)


def bomb(width, height):
    """A PNG of a few hundred bytes that asks for the memory of its size."""
    head = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(100_000)))
        + chunk(b"IEND", b"")
    )


def pdf():
    return b"%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def zipped():
    return archive(**{"a.js": "alert(1)"})


def good_pictures():
    for kind in KINDS:
        yield f"photo {kind}", drawn(kind=kind)
        yield f"photo with its place {kind}", drawn(kind=kind, exif=with_place())
    yield "photo held upright", drawn(exif=with_place(Orientation=6))
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", SECRET.decode())
    yield "photo with words", drawn(kind="PNG", pnginfo=said)
    for mode in ("L", "P", "1", "CMYK", "LA"):
        kind = "JPEG" if mode == "CMYK" else "PNG"
        yield f"photo in {mode}", drawn(Image.new(mode, (30, 20)), kind)
    yield "photo of one pixel", drawn(Image.new("RGB", (1, 1)))
    yield "photo with a film behind it", drawn() + b"ftypmp42" + SECRET


def bad_pictures():
    for size in ((8_000, 6_300), (20_000, 20_000), (2**31 - 1, 2**31 - 1)):
        yield f"bomb of {size[0]}", bomb(*size)
    noise = Image.effect_noise((90, 90), 50).convert("RGB")
    for kind in KINDS:
        content = drawn(noise, kind)
        yield f"half a photo {kind}", content[: len(content) // 2]
    yield "no photo: pdf", pdf()
    yield (
        "no photo: svg",
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
    )
    yield (
        "no photo: head of a PNG, then a page",
        (b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>"),
    )
    yield "no photo: a PNG's head alone", PNG
    yield "photo and pdf", drawn(comment=pdf())
    yield "photo and zip", drawn() + zipped()
    yield "photo and page", drawn(comment=b"<html><script>zq9()</script>")
    for kind in ("GIF", "BMP", "TIFF", "ICO"):
        yield f"no photo: {kind}", drawn(kind=kind)
    yield "no photo: postscript", b"%!PS-Adobe-3.0\n(x) run\n"
    yield "no photo: film", b"\x00\x00\x00\x18ftypmp42" + bytes(200)


# --- all of them -----------------------------------------------------------------------


def _files():
    for name, content in [*bad_books(), *bad_texts(), *bad_pictures()]:
        yield name, content, set()
    for name, content in good_pictures():
        yield name, content, {PICTURE}
    yield from good_books()
    yield from documents()
    yield from outlines()


@cache
def files():
    """`{name: (content, kinds of forms that take it)}`, made when first asked for."""
    found = {}
    for name, content, taken in _files():
        assert name not in found, name
        found[name] = (content, frozenset(taken))
    return found
