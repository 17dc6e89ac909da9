"""A file that only BACKUP_KEY opens: AES-256-GCM in chunks, each bound to its place.

A chunk's nonce is its number and whether it is the last, so that none can be left out,
moved or cut off unnoticed. Each file has a key of its own, derived with a salt.
"""

import base64
import binascii
import io
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tianshan.backup import Refused

MAGIC = b"tianshan backup 1\n"
SALT, NAME, KEY, TAG = 16, 8, 32, 16  # bytes
CHUNK = 1024 * 1024

NO_KEY = "没有设置 BACKUP_KEY（32 字节，URL 安全的 base64），不能备份，也不能恢复。"
NO_BACKUP = "这个文件不是备份。"
WRONG_KEY = "BACKUP_KEY 不是做这个备份时用的那一把，打不开。"
BROKEN = "这个备份不完整，或者被改动过，没有用它。"


def key_of(text):
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY:
        raise Refused(NO_KEY)
    return key


def _derived(key, salt):
    """What encrypts, and what tells this key from others without telling it."""
    made = HKDF(SHA256(), KEY + NAME, salt, b"tianshan backup").derive(key)
    return AESGCM(made[:KEY]), made[KEY:]


def _nonce(number, last):
    return number.to_bytes(11) + bytes([last])


class Writer(io.RawIOBase):
    """Seals what is written to it; only `finish` makes it whole."""

    def __init__(self, file, key):
        salt = os.urandom(SALT)
        self._cipher, name = _derived(key, salt)
        self._file, self._head = file, MAGIC + salt + name
        self._held, self._number = bytearray(), 0
        file.write(self._head)

    def writable(self):
        return True

    def write(self, content):
        self._held += content
        # One chunk is always held back: it may be the last.
        while len(self._held) > CHUNK:
            self._seal(bytes(self._held[:CHUNK]), last=False)
            del self._held[:CHUNK]
        return len(content)

    def finish(self):
        self._seal(bytes(self._held), last=True)

    def _seal(self, chunk, *, last):
        nonce = _nonce(self._number, last)
        self._file.write(self._cipher.encrypt(nonce, chunk, self._head))
        self._number += 1


class Reader(io.RawIOBase):
    """Opens what `Writer` sealed, and refuses whatever differs from it."""

    def __init__(self, file, key):
        head = file.read(len(MAGIC) + SALT + NAME)
        if not head.startswith(MAGIC):
            raise Refused(NO_BACKUP)
        if len(head) < len(MAGIC) + SALT + NAME:
            raise Refused(BROKEN)
        self._cipher, name = _derived(key, head[len(MAGIC) : -NAME])
        if name != head[-NAME:]:
            raise Refused(WRONG_KEY)
        self._file, self._head = file, head
        self._next, self._number = file.read(CHUNK + TAG), 0
        self._held, self._ended = b"", False

    def readable(self):
        return True

    def readinto(self, space):
        while not self._held and not self._ended:
            self._held = self._open()
        taken = self._held[: len(space)]
        space[: len(taken)] = taken
        self._held = self._held[len(taken) :]
        return len(taken)

    def _open(self):
        sealed, self._next = self._next, self._file.read(CHUNK + TAG)
        self._ended = not self._next
        try:
            chunk = self._cipher.decrypt(
                _nonce(self._number, self._ended), sealed, self._head
            )
        except InvalidTag:
            raise Refused(BROKEN) from None
        self._number += 1
        return chunk
