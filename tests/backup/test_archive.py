"""An archive: made whole or not at all, opened by its key alone, brought back equal."""

import datetime as dt
import hashlib
import io
import os
import resource
import secrets
import subprocess
import sys
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from psycopg.sql import SQL, Identifier

from tests.database import drop
from tests.factories import BusinessFactory
from tianshan.backup import Refused, archive, restoring
from tianshan.backup.management.commands.backup import NAME, too_old
from tianshan.backup.sealed import BROKEN, CHUNK, WRONG_KEY, Reader, Writer, key_of
from tianshan.backup.server import Database

AT = dt.datetime(2026, 5, 11, 1, 0, tzinfo=dt.UTC)
KEY = secrets.token_bytes(32)


def sealed(content, key=KEY):
    file = io.BytesIO()
    writer = Writer(file, key)
    writer.write(content)
    writer.finish()
    return file.getvalue()


def opened(content, key=KEY):
    return io.BufferedReader(Reader(io.BytesIO(content), key)).read()


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
def test_what_is_sealed_opens(size):
    content = os.urandom(size)
    assert opened(sealed(content)) == content


def test_another_key_a_cut_and_a_change_are_refused():
    whole = sealed(os.urandom(3 * CHUNK))
    with pytest.raises(Refused, match="不是做这个备份时用的"):
        opened(whole, secrets.token_bytes(32))
    head = len(whole) - len(sealed(b"")) - 3 * CHUNK
    assert head == 2 * 16  # two more chunks have a tag each
    start = len(sealed(b"")) - 16
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    chunk = CHUNK + 16
    swapped = (
        whole[:start]
        + whole[start + chunk : start + 2 * chunk]
        + whole[start : start + chunk]
        + whole[start + 2 * chunk :]
    )
    for broken in (
        whole[:-1],
        whole[: start + chunk],  # cut where a chunk ends
        whole[:start],
        whole + b"x",
        bytes(changed),
        swapped,
        whole[: start + chunk] + whole[start + 2 * chunk :],
    ):
        with pytest.raises(Refused, match=BROKEN):
            opened(broken)


@pytest.mark.parametrize("text", ["", "short", "not base64 !", "A" * 60])
def test_a_key_that_is_none_is_refused(text):
    with pytest.raises(Refused, match="BACKUP_KEY"):
        key_of(text)


# --- with a database -------------------------------------------------------------------


@pytest.fixture
def database(transactional_db):
    return Database(connection.settings_dict)


@pytest.fixture
def content(database, grid):
    BusinessFactory(grid=grid, name="茶行\t一号\n\\.")
    BusinessFactory(grid=grid, name="茶行二号")
    folder = settings.MEDIA_ROOT / "photos"
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(os.urandom(3_000_000))
    (folder / "空.bin").write_bytes(b"")
    return settings.MEDIA_ROOT


@contextmanager
def second_database(name):
    """An empty one beside the tests' own."""
    own = connection.settings_dict
    with psycopg.connect(
        host=own["HOST"],
        port=own["PORT"] or None,
        user=own["USER"],
        password=own["PASSWORD"],
        dbname=own["NAME"],
        autocommit=True,
    ) as server:
        drop(server, name)
        server.execute(
            SQL("CREATE DATABASE {} TEMPLATE template0").format(Identifier(name))
        )
        try:
            yield Database(own | {"NAME": name})
        finally:
            drop(server, name)


def write(database, files, path):
    return archive.write(path, key=KEY, database=database, files=files, at=AT)


def restore(path, database, files, **more):
    return restoring.restore(
        path, **{"key": KEY, "replace": False, "at": AT} | more,
        database=database, files=files,
    )  # fmt: skip


def files_of(folder):
    return {
        path.relative_to(folder): hashlib.sha256(path.read_bytes()).digest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_what_is_brought_back_is_equal(database, content, tmp_path):
    path = tmp_path / "a.backup"
    made = write(database, content, path)
    assert made["tables"]["enterprises_business"][0] == 2
    assert (path.stat().st_mode & 0o777) == 0o600
    assert "茶行".encode() not in path.read_bytes()

    with second_database(f"{connection.settings_dict['NAME']}_restored") as second:
        folder = tmp_path / "restored"
        restore(path, second, folder)
        assert files_of(folder) == files_of(content)
        names = "SELECT name FROM enterprises_business ORDER BY id"
        with psycopg.connect(**second.address) as asked:
            found = [name for (name,) in asked.execute(names)]
        assert found == ["茶行\t一号\n\\.", "茶行二号"]

        # Not over what is there, unless asked to; then what was there is kept aside.
        with pytest.raises(Refused, match="--replace"):
            restore(path, second, folder)
        (folder / "later.bin").write_bytes(b"later")
        with psycopg.connect(**second.address) as asked:
            asked.execute("CREATE TABLE later ()")
        restore(path, second, folder, replace=True)
        assert "later" not in second.tables()
        assert files_of(folder) == files_of(content)
        assert (tmp_path / "restored.before-20260511T010000" / "later.bin").exists()

        someone = psycopg.connect(**second.address)
        with someone, pytest.raises(Refused, match="1 个连接"):
            restore(path, second, folder, replace=True)


def test_a_broken_archive_changes_nothing(database, content, tmp_path):
    path = tmp_path / "a.backup"
    write(database, content, path)
    whole = path.read_bytes()
    with second_database(f"{connection.settings_dict['NAME']}_refused") as second:
        for broken, key, words in (
            (whole[:-100], KEY, BROKEN),
            (whole[:-100] + os.urandom(100), KEY, BROKEN),
            (whole, secrets.token_bytes(32), WRONG_KEY),
        ):
            path.write_bytes(broken)
            with pytest.raises(Refused, match=words):
                restore(path, second, tmp_path / "restored", key=key)
        assert second.tables() == []
        assert not (tmp_path / "restored").exists()


def test_a_list_that_says_otherwise_is_refused(
    database, content, tmp_path, monkeypatch
):
    """The seals hold, yet a row or a file is not what was counted."""
    path = tmp_path / "a.backup"
    honest = archive.sums

    def one_more(asked):
        tables, sequences = honest(asked)
        tables["enterprises_business"][0] += 1
        return tables, sequences

    monkeypatch.setattr(archive, "sums", one_more)
    with pytest.raises(Refused, match=BROKEN):
        write(database, content, path)
    assert list(tmp_path.glob("*backup*")) == []


def test_a_restored_row_that_differs_is_noticed(
    database, content, tmp_path, monkeypatch
):
    path = tmp_path / "a.backup"
    write(database, content, path)
    run = Database.run

    def other(self, pieces):
        return run(self, (p.replace("二号".encode(), "三号".encode()) for p in pieces))

    monkeypatch.setattr(Database, "run", other)
    own = second_database(f"{connection.settings_dict['NAME']}_differs")
    with own as second, pytest.raises(Refused, match="enterprises_business"):
        restore(path, second, tmp_path / "restored")


def test_a_full_disk_leaves_no_half_archive(database, content, tmp_path, monkeypatch):
    """The limit on the size of a file stands for the disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2000000, 2000000))\n"
        "import os, sys\nfrom pathlib import Path\n"
        "from django.core.management import call_command\n"
        "import django\ndjango.setup()\n"
        "from django.conf import settings\n"
        "settings.MEDIA_ROOT = Path(sys.argv[1])\n"
        "settings.ERASURES = Path(sys.argv[2], 'erasures')\n"
        "call_command('backup', to=Path(sys.argv[2]))\n"
    )
    to = tmp_path / "to"
    where = urlsplit(os.environ["DATABASE_OWNER_URL"])
    url = where._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    run = subprocess.run(
        [sys.executable, "-c", code, content, to],
        env=os.environ
        | {
            "DJANGO_SETTINGS_MODULE": "tianshan.settings",
            "DATABASE_URL": url,
            "DATABASE_OWNER_URL": url,
        },
        cwd=settings.BASE_DIR,
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode != 0
    assert "硬盘满了" in run.stderr, run.stderr[-2000:]
    assert list(to.iterdir()) == []
    assert resource.getrlimit(resource.RLIMIT_FSIZE) == before


def test_old_ones_are_thrown_away_but_never_the_newest(tmp_path):
    days = [0, 5, 29, 31, 60]
    paths = [tmp_path / NAME.format(AT - dt.timedelta(days=day)) for day in days]
    old = too_old(paths, AT, 30)
    assert old == sorted(paths[3:])
    assert too_old(paths[4:], AT, 30) == []
