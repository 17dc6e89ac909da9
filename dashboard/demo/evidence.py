"""Units confirm what they lead; what a survey saw before, and what was so after.

The pictures are sketches drawn here: a demo shows no place and nobody as they are.
"""

import io

from PIL import Image, ImageDraw, ImageFont

from issues import parts, surveys
from issues.models import Matter, SurveyPhoto
from tianshan.files.pictures import safe_picture
from tianshan.workdays import Calendar

Stage = SurveyPhoto.Stage
SIZE = (800, 600)
PAPER, INK, WALL, BAD, GOOD = "#f6f1e7", "#3b3a36", "#d9cfbd", "#b3402e", "#3f7d4e"


def _sketch():
    picture = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 470, *SIZE), fill="#e3dccb")
    return picture, draw


def _jpeg(picture):
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=85)
    return out.getvalue()


def market(*, hour, shut):
    """Shops in a row, the cart before them, and what the clock says."""
    picture, draw = _sketch()
    colour = GOOD if shut else BAD
    for left in range(40, 760, 180):
        draw.rectangle((left, 210, left + 150, 470), fill=WALL, outline=INK, width=4)
        draw.rectangle((left, 180, left + 150, 214), fill="#8a6d3b")
        if shut:
            for top in range(232, 470, 24):
                draw.line((left + 14, top, left + 136, top), fill=INK, width=3)
        else:
            draw.rectangle((left + 30, 270, left + 120, 470), fill="#fffaf0")
    draw.rectangle((250, 420, 500, 520), fill=colour, outline=INK, width=4)
    draw.rectangle((500, 450, 570, 520), fill=PAPER, outline=INK, width=4)
    for centre in (310, 520):
        draw.ellipse((centre - 26, 500, centre + 26, 552), fill=INK)
    font = ImageFont.load_default(88)
    draw.text((400, 90), hour, font=font, fill=colour, anchor="mm")
    return _jpeg(picture)


def lifts(*, doors, waiting, minutes):
    """Lift doors with the floors they serve, and how many stand before them."""
    picture, draw = _sketch()
    colour = GOOD if len(doors) > 1 else BAD
    width = 600 // len(doors)
    for place, floors in enumerate(doors):
        left = 100 + place * width
        box = (left + 20, 190, left + width - 20, 470)
        draw.rectangle(box, fill=WALL, outline=INK, width=4)
        middle = left + width // 2
        draw.line((middle, 190, middle, 470), fill=INK, width=4)
        draw.text(
            (middle, 160),
            floors,
            font=ImageFont.load_default(40),
            fill=INK,
            anchor="mm",
        )
    for place in range(waiting):
        x, y = 70 + place % 12 * 60, 430 + place // 12 * 60
        draw.ellipse((x - 16, y - 50, x + 16, y - 18), fill=colour)
        draw.rounded_rectangle((x - 22, y - 16, x + 22, y + 60), 12, fill=colour)
    font = ImageFont.load_default(72)
    draw.text((400, 70), f"{minutes} min", font=font, fill=colour, anchor="mm")
    return _jpeg(picture)


# wish of a matter -> where, what the survey saw, its picture, what the unit reports with
# its own. The clock and the minutes are the seed's.
SEEN = {
    "干湿垃圾清运避开开市时间": (
        "天山茶城一楼主通道",
        "上午 9 点开市，两个作业部门的清运车先后进场，占住主通道约四十分钟。",
        ("开市时清运车占着通道", market(hour="9:00", shut=False)),
        ("8 点前清运完，开市时通道是空的（示意图）", market(hour="7:50", shut=True)),
    ),
    "缓解早高峰电梯拥堵": (
        "金虹桥国际中心大堂",
        "8 点 50 分大堂排队，电梯层层停，等了约二十分钟。",
        ("早高峰大堂排队", lifts(doors=["1-30"], waiting=12, minutes=20)),
        (
            "高峰分区停靠，大堂不再排长队（示意图）",
            lifts(doors=["1-10", "11-20", "21-30"], waiting=5, minutes=8),
        ),
    ),
}


def surveyed(world, issue, *, on, noon):
    """Before the meeting: the clerk writes down what was seen, with its picture."""
    clerk = world["accounts"]["grid_clerk"]
    for matter in Matter.objects.filter(issue=issue, title__in=SEEN):
        place, findings, (caption, content), _ = SEEN[matter.title]
        told = {"by": clerk, "at": noon(on, 10)}
        survey = surveys.enter(
            issue,
            on=on,
            place=place,
            who="台账员、作业和物业单位代表、商户代表",
            findings=findings,
            **told,
        )
        surveys.add_photo(
            survey,
            stage=Stage.BEFORE,
            content=content,
            caption=f"{caption}（示意图）",
            **told,
        )


def confirmed(world, measure, *, noon):
    """The working day after: its lead confirms, by its own account or through the clerk."""
    lead = measure.parts.get(lead=True)
    if "confirm" not in lead.open_steps:
        return  # the body's own, confirmed by deciding
    day = min(Calendar.load().add(measure.decided_on, 1), world["today"])
    parts.confirm(lead, **_spoken_for(world, lead), at=noon(day))


def reported(world, measure, *, on, noon):
    """How it is now, with a picture, on the day on which it is done."""
    if measure.matter.title in SEEN:
        words, content = SEEN[measure.matter.title][3]
        lead = measure.parts.get(lead=True)
        parts.report(
            lead,
            words=words,
            pictures=[safe_picture(content)],
            **_spoken_for(world, lead),
            at=noon(on, 9),
        )


def _spoken_for(world, part):
    officer = world["accounts"]["unit_officer"]
    if part.unit and part.unit.officers.filter(post__user=officer).exists():
        return {"by": officer}
    return {"by": world["accounts"]["grid_clerk"], "how": "phone"}
