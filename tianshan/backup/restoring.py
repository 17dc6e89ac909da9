"""Bringing an archive back: all of it verified first, then all of it or nothing."""

import os
import shutil
from pathlib import Path

from tianshan.backup import Refused, archive
from tianshan.backup.server import sums

EMPTY = b"DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n"


def restore(path, *, key, database, files, replace, at):
    """Put the archive's database and files in place; returns its list.

    Into an empty database, or, with `replace`, in place of all that is there; the files
    that were there are kept beside the new ones.
    """
    files = Path(files)
    manifest = archive.verify(path, key=key)
    if not replace and (database.tables() or _any_file(files)):
        raise Refused(
            "数据库或者文件夹里已经有内容，没有动它们。要换成备份里的，"
            "请把 --replace 写两次。"
        )
    if others := database.others():
        raise Refused(
            f"还有 {others} 个连接在用数据库，没有动它。请先停下门户和后台任务。"
        )
    draft = files.with_name(f".{files.name}.restoring")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True, mode=0o700)
    try:
        archive.read(path, key=key, script=_into(database, replace), file=_below(draft))
        _compare(database, manifest)
        if files.exists():
            if _any_file(files):
                files.rename(files.with_name(f"{files.name}.before-{at:%Y%m%dT%H%M%S}"))
            else:
                shutil.rmtree(files)
        draft.rename(files)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return manifest


def _any_file(folder):
    return any(path.is_file() for path in folder.rglob("*"))


def _into(database, replace):
    def run(pieces):
        def script():
            if replace:
                yield EMPTY
            yield from pieces

        database.run(script())

    return run


def _below(folder):
    def write(name, content):
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise Refused(archive.BROKEN)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(path, "xb", opener=archive.private) as file:
            shutil.copyfileobj(content, file)
            file.flush()
            os.fsync(file.fileno())

    return write


def _compare(database, manifest):
    """Is everything there, row by row?"""
    with database.at_one_moment() as (connection, _):
        tables, sequences = sums(connection)
    wrong = sorted(
        name
        for name in tables.keys() | manifest["tables"].keys()
        if tables.get(name) != manifest["tables"].get(name)
    )
    if wrong or sequences != manifest["sequences"]:
        names = "、".join(wrong[:5]) or "序号"
        raise Refused(f"恢复后的内容和备份对不上（{names}），请不要使用这个数据库。")
