"""Photos that people hand in, drawn anew before anybody sees them.

`safe_picture` makes a JPEG and a thumbnail out of a stranger's bytes, or says in one
Chinese sentence why not. What the file is called and said to be plays no part.
"""

import json
import logging
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tianshan.files.problems import FileProblem

log = logging.getLogger(__name__)

CONTENT_TYPE = "image/jpeg"
MOST_BYTES = 15 * 1024**2
ACCEPT = "image/jpeg,image/png,image/webp,image/heic,image/heif"
_CHILD = Path(__file__).with_name("picture_child.py")
_SAID = {
    "not a picture": "这不是照片。请选 JPG、PNG、WebP 或 HEIC 格式的照片。",
    "too many pixels": "这张照片的像素太多，最多 5000 万。请把相机的分辨率调低后重拍。",
    "broken": "这张照片不完整或已损坏，打不开。请重新选择或重拍。",
}
# Of a file that is a picture and something else too, within what others look for it.
_DISGUISES = (b"%pdf-", b"<!doctype html", b"<html", b"<script", b"<svg", b"<?php")


@dataclass(frozen=True)
class Limits:
    """Roomy for a phone's camera, far below what would hurt the server."""

    file_bytes: int = MOST_BYTES
    pixels: int = 50_000_000
    edge: int = 2560  # pixels of the longer side that are kept
    small_edge: int = 480
    memory_bytes: int = 1024**3
    cpu_seconds: int = 20
    wall_seconds: float = 40

    def for_child(self):
        return {
            "pixels": self.pixels,
            "edge": self.edge,
            "small_edge": self.small_edge,
            "memory_bytes": self.memory_bytes,
            "cpu_seconds": self.cpu_seconds,
        }


@dataclass(frozen=True)
class Picture:
    """A JPEG that holds pixels and nothing else, and a small one beside it."""

    content: bytes
    thumbnail: bytes
    width: int
    height: int


class TooLarge(FileProblem):
    """More bytes than are taken (413)."""


def refuse_too_large(size, most=MOST_BYTES):
    """Raises TooLarge for more bytes than are taken; ask before reading them."""
    if size > most:
        raise TooLarge(f"照片太大，最多 {most // 1024**2} MB。")


class NotNow(Exception):
    """The machine is too busy; the same bytes may be taken later (503)."""


def safe_picture(content, limits=Limits()):
    """The Picture that the bytes hold.

    Raises FileProblem for what can never become one, TooLarge among them, and NotNow
    when the same bytes may succeed later.
    """
    refuse_too_large(len(content), limits.file_bytes)
    if not content:
        raise FileProblem("这个文件是空的，请重新选择照片。")
    start = content[:1024].lower()
    if any(mark in start for mark in _DISGUISES) or _ends_as_zip(content):
        raise FileProblem(_SAID["not a picture"])
    try:
        child = subprocess.run(
            # Isolated, and without our environment: it holds the secrets.
            [sys.executable, "-I", _CHILD, json.dumps(limits.for_child())],
            input=content,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
            timeout=limits.wall_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        log.warning("Drawing a photo anew took more than %s s", limits.wall_seconds)
        raise NotNow from None
    except OSError:
        log.warning("Drawing a photo anew could not begin")
        raise NotNow from None
    return _picture(child)


def _picture(child):
    head, _, rest = child.stdout.partition(b"\n")
    if not head:
        log.warning("Drawing a photo anew ended with code %s", child.returncode)
        if child.returncode == -9:  # killed from outside: memory of the whole machine
            raise NotNow
        raise FileProblem(_SAID["broken"])
    answer = json.loads(head)
    if "problem" in answer:
        raise FileProblem(_SAID[answer["problem"]])
    whole, small = answer["bytes"]
    if len(rest) != whole + small:
        log.warning("A photo drawn anew came in part, code %s", child.returncode)
        raise NotNow
    return Picture(rest[:whole], rest[whole:], answer["width"], answer["height"])


def _ends_as_zip(content):
    """Unpackers look for their directory at the end and pass over what is before."""
    at = content.rfind(b"PK\x05\x06", max(0, len(content) - 65_557))
    if at < 0 or len(content) < at + 22:
        return False
    remark = int.from_bytes(content[at + 20 : at + 22], "little")
    return len(content) == at + 22 + remark
