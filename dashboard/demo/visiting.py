"""What visits bring besides their answers: company, promises, doors, doubles, photos.

Built on visits that the story has made, so that the seed's counts stay what they are.
"""

import datetime as dt
import io
import uuid

from PIL import Image, ImageDraw

from enterprises.models import Business
from visits import actions as visits
from visits import company, correcting, doors, doubles, photos, promises
from visits.models import DoorReport, Visit

DAY = dt.timedelta(days=1)
THIRD = "310105006603"
PROMISES = [
    ("带停车月卡的办理单来", -1),
    ("问清消防通道的整改期限", 0),
    ("把普惠金融的联系人告诉他", 3),
    ("下次带垃圾清运的新时间表", 6),
]


def load(world):
    today, noon, accounts = world["today"], world["noon"], world["accounts"]
    staff, clerk = accounts["grid_staff"], accounts["grid_clerk"]
    at = noon(today, 9)
    mine = Visit.objects.met().filter(visitor=staff, grid__code=THIRD)
    recent = list(mine.order_by("-visited_on", "pk")[:12])
    _company(recent[:3], world)
    for visit, (words, days) in zip(recent[3:], PROMISES, strict=False):
        promises.promise(
            visit,
            words=words,
            due_on=max(today + days * DAY, visit.visited_on),
            by=staff,
            at=noon(visit.visited_on),
        )
    kept = promises.promise(
        recent[7], words="送消防检查的清单", due_on=today, by=staff, at=at
    )
    promises.keep(kept, by=staff, at=at)
    correcting.correct(
        recent[8],
        changes={"note": "店主说月底要扩到隔壁一间。"},
        reason="回来核对过笔记",
        by=staff,
        at=at,
    )
    _photo(recent[9], staff, at)
    _doubles(recent[10:12], world, at)
    _doors(staff, clerk, today, at)
    _not_met(staff, today, noon)


def _company(recent, world):
    """Three joint visits: with a colleague, with a unit, with both."""
    unit = next(iter(world["units"].values()))
    worker = world["accounts"]["party_worker"]
    for visit, came in zip(recent, ([worker], [unit], [worker, unit]), strict=False):
        company.write_down(visit, came)


def _photo(visit, staff, at):
    """A drawn shop front: the demo shows no real place and no people."""
    image = Image.new("RGB", (960, 720), "#d8e4ec")
    draw = ImageDraw.Draw(image)
    draw.rectangle((140, 220, 820, 660), fill="#f4efe6", outline="#7a6a55", width=6)
    draw.rectangle((140, 150, 820, 220), fill="#8c2f28")
    draw.rectangle((200, 300, 460, 660), fill="#9fb6c1")
    draw.rectangle((520, 300, 760, 520), fill="#9fb6c1")
    out = io.BytesIO()
    image.save(out, "JPEG")
    photos.add(visit, content=out.getvalue(), by=staff, at=at)


def _doubles(recent, world, at):
    """A call told twice and joined; and one that waits to be looked at."""
    worker = world["accounts"]["party_worker"]
    for number, visit in enumerate(recent):
        method = Visit.Method.ON_SPOT if number == 0 else Visit.Method.PHONE
        pair = [visit] if number == 0 else [_again(visit, visit.visitor, method, at)]
        pair.append(_again(visit, worker, method, at))
        if number == 0:
            doubles.join(*pair, by=worker, at=at)


def _again(visit, by, method, at):
    made, _ = visits.log_visit(
        visit.business,
        client_key=uuid.uuid5(visit.client_key, f"{by.pk}{method}"),
        outcome=Visit.Outcome.NORMAL,
        method=method,
        people_met=Visit.Met.OWNER,
        visited_on=visit.visited_on,
        filled_at=at,
        note="和网格员一起到的，店主问起停车。",
        by=by,
        at=at,
    )
    return made


def _doors(staff, clerk, today, at):
    """One of each kind: two wait, one was not so."""
    shops = list(
        Business.objects.operating()
        .filter(grid__code=THIRD, kind=Business.Kind.MERCHANT, building__isnull=False)
        .order_by("-pk")[:3]
    )
    seen = {"seen_on": today - DAY, "filled_at": at, "by": staff, "at": at}
    doors.report(
        kind=DoorReport.Kind.OPENED,
        building=shops[0].building,
        room="2 层扶梯口",
        name="云上茶饮",
        words="新装修的档口，围挡刚拆，还没有开门。",
        client_key=uuid.UUID(int=1, version=4),
        **seen,
    )
    doors.report(
        kind=DoorReport.Kind.NEW_OWNER,
        business=shops[1],
        contact_name="林先生",
        words="店里换了人，说上月盘下来的。",
        client_key=uuid.UUID(int=2, version=4),
        **seen,
    )
    gone, _ = doors.report(
        kind=DoorReport.Kind.GONE,
        business=shops[2],
        words="卷帘门拉下，贴了告示。",
        client_key=uuid.UUID(int=3, version=4),
        **seen,
    )
    doors.decline(gone, reason="打电话问过，只是装修，下月开门。", by=clerk, at=at)


def _not_met(staff, today, noon):
    """Somebody who was not there the last time, to be tried again."""
    shop = (
        Business.objects.operating()
        .filter(grid__code=THIRD, kind=Business.Kind.MERCHANT)
        .order_by("pk")[7]
    )
    for back, hour in ((5, 10), (2, 15)):
        day = today - back * DAY
        visits.log_visit(
            shop,
            client_key=uuid.uuid5(uuid.UUID(int=4), str(back)),
            outcome=Visit.Outcome.ABSENT,
            visited_on=day,
            filled_at=noon(day, hour),
            by=staff,
            at=noon(day, hour),
        )
