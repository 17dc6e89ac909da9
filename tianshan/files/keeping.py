"""Files that the portal keeps: whole or not there, under names of our own making.

A folder below MEDIA_ROOT belongs to one room. What is written is on the disk before the
row that names it; a row that is then not written leaves a file that nobody names.
"""

import os
import uuid

from django.conf import settings
from django.http import FileResponse

from tianshan.files.pictures import CONTENT_TYPE

SMALL = "-small"


def keep_picture(folder, picture):
    """Write a Picture and its thumbnail; returns the name of the two."""
    name = uuid.uuid4().hex
    _write(_path(folder, name), picture.content)
    _write(_path(folder, name + SMALL), picture.thumbnail)
    return name


def picture_response(folder, name, *, small=False):
    """The picture as an answer that no cache keeps and no browser takes for a page.

    Whoever asks has been asked whether he may see it.
    """
    path = _path(folder, name + (SMALL if small else ""))
    response = FileResponse(path.open("rb"), content_type=CONTENT_TYPE)
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = "inline"
    return response


def keep_document(folder, content, ending="docx"):
    """Write a document of our own making; returns its name."""
    name = uuid.uuid4().hex
    _write(_path(folder, name, ending), content)
    return name


def kept_document(folder, name, ending="docx"):
    """Its bytes, as they are on the disk."""
    return _path(folder, name, ending).read_bytes()


def _path(folder, name, ending="jpg"):
    return settings.MEDIA_ROOT / folder / name[:2] / f"{name}.{ending}"


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    beside = path.with_suffix(".new")
    with open(beside, "wb", opener=_for_us_alone) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    _sync_folder(path.parent)


def _for_us_alone(path, flags):
    return os.open(path, flags, 0o600)


def _sync_folder(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class Incoming:
    """A file that arrives in parts; how many of its bytes count, its row says."""

    def __init__(self, folder, key):
        self.path = settings.MEDIA_ROOT / folder / "incoming" / str(key)

    def put(self, at, part):
        """Write a part at its place, and have it on the disk before it counts."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "r+b") as file:
            file.seek(at)
            file.write(part)
            file.truncate()
            file.flush()
            os.fsync(file.fileno())

    def size(self):
        return self.path.stat().st_size if self.path.exists() else 0

    def content(self):
        return self.path.read_bytes()

    def drop(self):
        self.path.unlink(missing_ok=True)
