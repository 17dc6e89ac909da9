"""Phones that send what they hold, one record at a time, until they have its number.

They believe nothing but an answer that carries the number, as the phone's own script
does. Every tenth answer is lost on the way: half of them because the connection breaks
as soon as the record is out, so that it comes again while the server still has it in
hand, half of them once the server has answered.
"""

import hashlib
import http.client
import json
import random
import re
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit
from uuid import UUID

PASSWORD = "Correct-horse-7"
VISIT = re.compile(r"^/visits/(\d+)/$")
SENDS_OF_A_BAD_ONE = 3
PART = 16 * 1024  # bytes of a photo that go at once


@dataclass
class Picture:
    """A photo that belongs to a record and travels in parts by itself."""

    key: UUID
    content: bytes
    done: bool = False
    refusals: int = 0

    @property
    def sha256(self):
        return hashlib.sha256(self.content).hexdigest()


@dataclass
class Record:
    """One visit as it was filled in; `bad` ones can never be stored."""

    key: UUID
    business: int
    outcome: str
    note: str
    category: int = 0
    words: str = ""
    bad: bool = False
    filled_at: str = ""
    number: int = 0
    refusals: int = 0
    pictures: list = field(default_factory=list)
    form: dict | None = None  # what the opened page holds, of the way by form

    @property
    def fields(self):
        return {
            "outcome": self.outcome,
            "people_met": "" if self.outcome == "absent" else "owner",
            "method": "on_spot",
            "visited_on": self.filled_at[:10],
            "state": "operating",
            "note": self.note,
            **(
                {"demand-0-category": str(self.category), "demand-0-words": self.words}
                if self.category
                else {}
            ),
        }


class NoAnswer(Exception):
    """The answer did not come, for whatever reason: send it again."""


@dataclass
class Phone:
    """One author's phone. `way` is how it sends: "form" or "sync"."""

    user: int
    login: str
    port: int
    way: str
    records: list
    seed: int
    drop: float
    answers: Counter = field(default_factory=Counter)
    cookies: dict = field(default_factory=dict)

    def __post_init__(self):
        self.chance = random.Random(self.seed)

    # --- one record after the other --------------------------------------------------

    def send_all(self, acknowledged, stop):
        """Send until everything has its number, or was refused often enough."""
        for record in self.records:
            pause = 0.05
            while not record.number and not stop.is_set():
                if record.bad and record.refusals >= SENDS_OF_A_BAD_ONE:
                    break
                if self.offer(record):
                    acknowledged(record)
                    break
                time.sleep(pause * self.chance.uniform(0.5, 1.5))
                pause = min(pause * 2, 1)
            for picture in record.pictures:
                while not picture.done and not picture.refusals and not stop.is_set():
                    if not self.offer_picture(record, picture):
                        time.sleep(self.chance.uniform(0.05, 0.5))

    def offer(self, record):
        """Send once; True when an answer brought the number home."""
        try:
            send = {"form": self._by_form, "sync": self._by_sync}[self.way]
            record.number = send(record) or 0
        except (NoAnswer, OSError, http.client.HTTPException):
            self.answers["none"] += 1
        return bool(record.number)

    def offer_again(self, record):
        """What was refused during the run, asked once more when all is calm."""
        self.drop = 0
        return self.offer(record)

    def _by_form(self, record):
        """As a browser: open the page once, then press the button until it answers."""
        page = f"/visits/new/?business={record.business}&key={record.key}"
        if record.form is None:
            status, headers, body = self._ask("GET", page)
            if status == 302 and (stored := VISIT.match(headers["Location"])):
                return int(stored[1])
            if status != 200:
                return self._not_now(status, headers)
            record.form = {
                **record.fields,
                "client_key": str(record.key),
                **{
                    name: _hidden(body, name)
                    for name in ("seen", "filled_at", "csrfmiddlewaretoken")
                },
            }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, headers, _ = self._ask(
            "POST", page, urlencode(record.form), kind, lossy=True
        )
        if status == 302 and (stored := VISIT.match(headers["Location"])):
            return int(stored[1])
        if status in {200, 409, 413}:
            record.refusals += 1
            return 0
        if status in {302, 403}:  # another session: its page has another token
            record.form = None
        return self._not_now(status, headers)

    def _by_sync(self, record):
        status, headers, body = self._ask("GET", "/visits/sync/")
        if status != 200:
            return self._not_now(status, headers)
        content = {
            "kind": "visit",
            "key": str(record.key),
            "author": self.user,
            "business": record.business,
            "filled_at": record.filled_at,
            "fields": record.fields,
        }
        status, headers, body = self._ask(
            "POST",
            "/visits/sync/",
            json.dumps(content),
            {
                "Content-Type": "application/json",
                "X-CSRFToken": json.loads(body)["token"],
            },
            lossy=True,
        )
        if status in {200, 201}:
            return int(json.loads(body)["number"])
        if status in {409, 413, 422}:
            record.refusals += 1
            return 0
        return self._not_now(status, headers)

    def offer_picture(self, record, picture):
        """Ask how much has arrived and send the next part; True once it is whole."""
        address = f"/visits/photos/{picture.key}/"
        try:
            status, headers, body = self._ask("GET", address)
            if status != 200:
                return bool(self._not_now(status, headers))
            start, total = json.loads(body)["have"], len(picture.content)
            if json.loads(body)["done"]:
                picture.done = True
                return True
            # Where the last part arrived and the drawing anew did not succeed, the
            # last byte is sent again.
            start = min(start, total - 1)
            part = picture.content[start : start + PART]
            status, headers, body = self._ask(
                "PUT",
                address,
                part,
                {
                    "Content-Type": "application/octet-stream",
                    "Content-Range": f"bytes {start}-{start + len(part) - 1}/{total}",
                    "X-Photo-SHA256": picture.sha256,
                    "X-Record-Key": str(record.key),
                    "X-CSRFToken": self.cookies.get("csrftoken", ""),
                },
                lossy=True,
            )
        except (NoAnswer, OSError, http.client.HTTPException):
            self.answers["none"] += 1
            return False
        if status in {409, 413, 422}:
            picture.refusals += 1
        elif status not in {200, 201, 202}:
            self._not_now(status, headers)
        else:
            picture.done = json.loads(body)["done"]
        return picture.done

    def _not_now(self, status, headers):
        if status == 401 or headers["Location"] == "/login/":
            self.sign_in()
        return 0

    def sign_in(self):
        _, _, page = self._ask("GET", "/login/")
        form = {
            "login": self.login,
            "password": PASSWORD,
            "csrfmiddlewaretoken": _hidden(page, "csrfmiddlewaretoken"),
        }
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        status, _, _ = self._ask("POST", "/login/", urlencode(form), kind)
        if status != 302:
            raise NoAnswer

    # --- one request -----------------------------------------------------------------

    def _ask(self, method, path, body=None, headers=None, *, lossy=False):
        """Status, headers and text; raises NoAnswer where the answer is to be lost."""
        lost = lossy and self.chance.random() < self.drop
        early = lost and self.chance.random() < 0.5
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(
                method, path, body, {**self._standing, **(headers or {})}
            )
            if early:
                raise NoAnswer
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        for name, value in answer.getheaders():
            if name.lower() == "set-cookie":
                cookie, _, content = value.partition(";")[0].partition("=")
                self.cookies[cookie] = content
        if lossy:
            self.answers[answer.status] += 1
        if lost:
            raise NoAnswer
        location = urlsplit(answer.headers.get("Location", "")).path
        return answer.status, {**answer.headers, "Location": location}, text

    @property
    def _standing(self):
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {
            "Cookie": cookies,
            "Referer": f"http://127.0.0.1:{self.port}/",
            "Accept": "text/html, application/json",
        }


def _hidden(page, name):
    for tag in re.findall(r"<input[^>]*>", page):
        if f'name="{name}"' in tag:
            return re.search(r'value="([^"]*)"', tag)[1]
    raise NoAnswer


def send_together(phones, *, watch=lambda sent: None, patience=3600):
    """All phones at once; `watch(number acknowledged)` runs beside them until done."""
    stop, count = threading.Event(), Counter()
    lock = threading.Lock()

    def acknowledged(record):
        with lock:
            count["sent"] += 1

    threads = [
        threading.Thread(target=phone.send_all, args=(acknowledged, stop), daemon=True)
        for phone in phones
    ]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + patience
    try:
        while any(thread.is_alive() for thread in threads):
            if time.monotonic() > deadline:
                break
            watch(count["sent"])
            time.sleep(0.02)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)
    return count["sent"]
