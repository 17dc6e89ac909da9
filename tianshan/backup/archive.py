"""What an archive holds: the database as a script, the files, and a list of both.

    database/000000 …   the script, compressed, in pieces
    files/…             what lies below MEDIA_ROOT
    manifest.json       rows and checksum of each table, SHA-256 of script and each file

Nothing of it is ever written to the disk unsealed.
"""

import contextlib
import errno
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from pathlib import Path

from tianshan.backup import Refused
from tianshan.backup.sealed import BROKEN, Reader, Writer
from tianshan.backup.server import sums

PIECE = 4 * 1024 * 1024
GZIP = 16 + zlib.MAX_WBITS
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def write(path, *, key, database, files, at):
    """Make the archive `path`; it is there whole and verified, or not at all."""
    path = Path(path)
    draft = path.with_name(f".{path.name}.part")
    try:
        with open(draft, "xb", opener=private) as file:
            manifest = _write(file, key, database, Path(files), at)
            file.flush()
            os.fsync(file.fileno())
        verify(draft, key=key)
        draft.rename(path)
        _keep_name(path.parent)
    except OSError as error:
        if error.errno in FULL:
            raise Refused("硬盘满了，没有做成备份，半个文件也没有留下。") from None
        raise
    finally:
        draft.unlink(missing_ok=True)
    return manifest


def private(path, flags):
    return os.open(path, flags, 0o600)


def _keep_name(folder):
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(file, key, database, files, at):
    sealed = Writer(file, key)
    with tarfile.open(fileobj=sealed, mode="w|", bufsize=64 * 1024) as archive:
        with database.at_one_moment() as (connection, snapshot):
            tables, sequences = sums(connection)
            version = connection.info.server_version // 10000
            script = _add_script(archive, database.dump(snapshot))
        # After the database: a row's file is there before the row is.
        listed = dict(_add_files(archive, files))
        manifest = {
            "made_at": at.isoformat(),
            "postgresql": version,
            "tables": tables,
            "sequences": sequences,
            "script": script,
            "files": listed,
        }
        _add(archive, "manifest.json", json.dumps(manifest).encode())
    sealed.finish()
    return manifest


def _add(archive, name, content):
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def _add_script(archive, pieces):
    digest, press, held, number = hashlib.sha256(), zlib.compressobj(wbits=GZIP), [], 0
    for piece in pieces:
        digest.update(piece)
        held.append(press.compress(piece))
        if sum(map(len, held)) >= PIECE:
            _add(archive, f"database/{number:06}", b"".join(held))
            held, number = [], number + 1
    _add(archive, f"database/{number:06}", b"".join(held) + press.flush())
    return digest.hexdigest()


def _add_files(archive, folder):
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file():
            continue
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            member = tarfile.TarInfo(f"files/{path.relative_to(folder).as_posix()}")
            member.size = os.fstat(file.fileno()).st_size
            hashed = _Hashed(file)
            archive.addfile(member, hashed)
            yield member.name[6:], [member.size, hashed.digest.hexdigest()]


class _Hashed:
    def __init__(self, file):
        self.file, self.digest = file, hashlib.sha256()

    def read(self, size=-1):
        content = self.file.read(size)
        self.digest.update(content)
        return content


# --- reading ---------------------------------------------------------------------------


def verify(path, *, key):
    """The list of what the archive holds, after all of it was compared with the list."""
    found = {"script": hashlib.sha256(), "rows": {}, "files": {}}
    counted = _count_rows(found["rows"])
    next(counted)

    def script(pieces):
        for piece in pieces:
            found["script"].update(piece)
            counted.send(piece)

    def file(name, content):
        digest, size = hashlib.sha256(), 0
        while piece := content.read(1024 * 1024):
            digest.update(piece)
            size += len(piece)
        found["files"][name] = [size, digest.hexdigest()]

    manifest = read(path, key=key, script=script, file=file)
    rows = {name: count for name, (count, _) in manifest["tables"].items()}
    if (
        found["script"].hexdigest() != manifest["script"]
        or found["files"] != manifest["files"]
        or found["rows"] != rows
    ):
        raise Refused(BROKEN)
    return manifest


COPIED = re.compile(rb'COPY [^ .]+\.(?:"([^"]+)"|([^ "]+)) \(.*\) FROM stdin;')


def _count_rows(rows):
    """Takes the script piece by piece and counts what it brings into each table."""
    rest, table = b"", None
    while True:
        *lines, rest = (rest + (yield)).split(b"\n")
        for line in lines:
            if table is None:
                if line.startswith(b"COPY ") and (match := COPIED.fullmatch(line)):
                    table = (match[1] or match[2]).decode()
                    rows[table] = 0
            elif line == rb"\.":
                table = None
            else:
                rows[table] += 1


def read(path, *, key, script=None, file=None):
    """Go through the archive once: `script(pieces)`, `file(name, content)` of each.

    Returns the list. What is read is what was sealed; whether all of it is there
    is known at the end alone.
    """
    try:
        with Path(path).open("rb") as sealed:
            content = io.BufferedReader(Reader(sealed, key), 64 * 1024)
            with tarfile.open(fileobj=content, mode="r|", bufsize=64 * 1024) as archive:
                manifest = _read(archive, script, file)
            content.read()  # to the end: a cut one is noticed there
    except FileNotFoundError:
        raise Refused(f"没有这个文件：{path}") from None
    except (tarfile.TarError, zlib.error, json.JSONDecodeError, KeyError):
        raise Refused(BROKEN) from None
    return manifest


def _read(archive, script, file):
    members = iter(archive)
    member = next(members)

    def pieces():
        nonlocal member
        open_up = zlib.decompressobj(wbits=GZIP)
        while member is not None and member.name.startswith("database/"):
            yield open_up.decompress(archive.extractfile(member).read())
            member = next(members, None)
        yield open_up.flush()
        if not open_up.eof:
            raise Refused(BROKEN)

    if script is None:
        for _ in pieces():
            pass
    else:
        script(pieces())
    manifest = None
    while member is not None:
        content = archive.extractfile(member)
        if member.name == "manifest.json":
            manifest = json.loads(content.read())
        elif file is not None:
            file(member.name.removeprefix("files/"), content)
        member = next(members, None)
    if manifest is None:
        raise Refused(BROKEN)
    return manifest
