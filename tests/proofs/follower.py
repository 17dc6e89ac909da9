"""A second PostgreSQL that follows the first: made by pg_basebackup, on loopback."""

import socket
import time
from contextlib import suppress
from urllib.parse import quote

import psycopg

from tianshan.database.server import APPLICATION, DATABASE, SUPERUSER

PATIENCE = 60  # seconds for what the replica is waited for


class Follower:
    """The replica of an embedded server; as that one, of another user where need be."""

    def __init__(self, server):
        self.server, self.notes = server, server._notes
        self.data = server.directory / "replica"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]

    @property
    def url(self):
        password = quote(self.notes["passwords"][APPLICATION], safe="")
        return f"postgresql://{APPLICATION}:{password}@127.0.0.1:{self.port}/{DATABASE}"

    def make(self):
        """Copy the primary while it runs, and follow it from there on."""
        with (self.server.data / "pg_hba.conf").open("a") as rules:
            rules.write(f"host replication {SUPERUSER} 127.0.0.1/32 scram-sha-256\n")
        self.server._sql("SELECT pg_reload_conf()")
        password = self.notes["passwords"][SUPERUSER]
        primary = (
            f"host=127.0.0.1 port={self.notes['port']} user={SUPERUSER}"
            f" password={password}"
        )
        self.server._call(
            "pg_basebackup",
            *[f"--dbname={primary}", f"--pgdata={self.data}", "--write-recovery-conf"],
            *["--wal-method=stream", "--checkpoint=fast", "--no-sync"],
        )
        self.start()

    def start(self):
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "shared_buffers": "32MB",
            # No fewer than the primary has, or it does not follow.
            "max_locks_per_transaction": "256",
            "cluster_name": "follower",
        }
        self.server._call(
            "pg_ctl",
            *["start", "--wait", "-D", str(self.data)],
            *["-l", str(self.server.directory / "replica.log")],
            *["-o", " ".join(f"-c {key}='{value}'" for key, value in options.items())],
        )

    def stop(self):
        """At once, as a power cut does it; whoever is connected loses the connection."""
        with suppress(Exception):
            self.server._call(
                "pg_ctl", "stop", "--wait", "--mode=immediate", "-D", str(self.data)
            )

    def say(self, statement):
        """Run a statement there as its administrator."""
        with psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.notes["passwords"][SUPERUSER],
            dbname=DATABASE,
            autocommit=True,
        ) as connection:
            row = connection.execute(statement).fetchone()
            return row and row[0]

    def pause(self):
        self.say("SELECT pg_wal_replay_pause()")
        self._until("SELECT pg_get_wal_replay_pause_state() = 'paused'")

    def go_on(self):
        self.say("SELECT pg_wal_replay_resume()")

    def catch_up(self):
        """Wait until all that the primary has written is replayed."""
        place = self.server._sql("SELECT pg_current_wal_flush_lsn()")
        self._until(f"SELECT pg_last_wal_replay_lsn() >= '{place}'")

    def _until(self, question):
        deadline = time.monotonic() + PATIENCE
        while not self.say(question):
            if time.monotonic() > deadline:
                raise SystemExit(f"The replica did not come so far: {question}")
            time.sleep(0.02)
