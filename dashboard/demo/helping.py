"""Help cases of the demo: 张阿姨 at home, a stand, and what runs out soon. All invented."""

import datetime as dt

from django.contrib.auth.hashers import make_password

from accounts.models import User
from accounts.rights import Role
from cases import actions
from cases.models import (
    Consent,
    ConsentItem,
    HelpCase,
    HelpItem,
    Place,
    StandIn,
    StepRead,
)
from grids.models import Grid, Neighborhood, Post

RENEWAL, TRAVEL, CHANGE = "残疾证换证", "交通补贴申领", "残疾人登记信息变更"
AUNT = {
    "name": "张阿姨",
    "phone": "19900005201",
    "address": "茅台新村某号",
    "birth_year": "1948",
    "note": "看不清手机屏幕，子女在外地工作",
}
# How they are called, item, place, neighbourhood, certificate ends in days, state.
OPEN = [
    ("李阿姨", RENEWAL, Place.HOME, "天山二村", -3, "assigned"),
    ("陈老师", RENEWAL, Place.HOME, "仙霞", 12, "waiting"),
    ("周阿姨", RENEWAL, Place.HOME, "茅台", 24, "working"),
    ("吴师傅", RENEWAL, Place.COUNTER, "新风", 41, "assigned"),
    ("徐阿姨", RENEWAL, Place.HOME, "遵义", 55, "left"),
    ("孙老师", RENEWAL, Place.HOME, "玉屏", 78, "waiting"),
    ("何阿姨", CHANGE, Place.HOME, "联建", None, "assigned"),
]
# Days ago, item, place, neighbourhood, minutes.
DONE = [
    *((ago, RENEWAL, Place.HOME, name, 9) for ago, name in ((6, "茅台"), (9, "仙霞"))),
    *((ago, RENEWAL, Place.HOME, "茅台", 12) for ago in (8, 13, 15, 20, 22, 27, 34)),
    *((ago, TRAVEL, Place.COUNTER, "天山二村", 15) for ago in (7, 10, 14, 19, 25, 33)),
    *((ago, CHANGE, Place.COUNTER, "新光", 18) for ago in (11, 30, 200)),
    (240, RENEWAL, Place.HOME, "仙霞", 16),
]
STANDS = [(18, RENEWAL, "仙霞", 26), (18, TRAVEL, "仙霞", 31), (18, CHANGE, "仙霞", 12)]


def load(world):
    accounts, today, noon = world["accounts"], world["today"], world["noon"]
    coordinator, helper = accounts["case_coordinator"], accounts["helper"]
    people = {
        "coordinator": coordinator,
        "helper": helper,
        "left": _helper_who_left(today),
    }
    items = {item.name: item for item in HelpItem.objects.all()}
    places = {
        row.name.removesuffix("居委会"): row for row in Neighborhood.objects.all()
    }
    told = {"items": items, "places": places, "people": people}
    _aunt(told, today, noon)
    for name, item, place, where, ends, state in OPEN:
        _open(told, (name, item, place, where, ends), state, today, noon)
    for ago, item, place, where, minutes in DONE:
        day = today - dt.timedelta(days=ago)
        facts = {"name": "王阿伯", "phone": "", "address": "", "note": ""}
        case = _registered(told, (item, place, where, None), facts, noon(day, 9))
        _done(case, minutes, noon(day, 11), helper)
    for ago, item, where, count in STANDS:
        day = today - dt.timedelta(days=ago)
        actions.tally(
            item=items[item],
            place=Place.STAND,
            neighborhood=places[where],
            on=day,
            people=count,
            by=helper,
            at=noon(day, 15),
        )
    for case in HelpCase.objects.to_erase(today):
        actions.erase(
            case, why=HelpCase.Erased.KEPT_LONG_ENOUGH, by=None, at=noon(today, 3)
        )


def _helper_who_left(today):
    """Of the 黄马甲 youth team for two months; his time ended yesterday."""
    user = User.objects.create(
        username="volunteer_helper",
        display_name="青年服务队队员",
        password=make_password(None),
    )
    Post.objects.create(
        user=user,
        role=Role.HELPER,
        grid=Grid.objects.get(code="310105006"),
        since=today - dt.timedelta(days=60),
        until=today + dt.timedelta(days=1),
    )
    return user


def _registered(told, what, facts, at, helper=True):
    item, place, where, ends = what
    people = told["people"]
    return actions.register(
        item=told["items"][item],
        place=place,
        neighborhood=told["places"][where],
        expires_on=ends,
        facts={"birth_year": ""} | facts,
        helper=people["helper"] if helper else None,
        by=people["coordinator"],
        at=at,
    )


def _aunt(told, today, noon):
    """Found by the list of what runs out, helped at home in nine minutes."""
    day = today - dt.timedelta(days=5)
    ends = today + dt.timedelta(days=16)
    helper = told["people"]["helper"]
    what = (RENEWAL, Place.HOME, "茅台", ends)
    case = _registered(told, what, AUNT, noon(day - dt.timedelta(days=4), 9))
    actions.open_content(case, ["name", "phone"], by=helper, at=noon(day, 8))
    actions.open_content(case, ["name", "address"], by=helper, at=noon(day, 9))
    _done(case, 9, noon(day, 10), helper)


def _agreed(case, at, helper):
    case = actions.start(case, by=helper, at=at)
    yes = dict.fromkeys(ConsentItem.objects.active(), Consent.Answer.YES)
    return actions.ask_consent(case, answers=yes, by=helper, at=at)


def _done(case, minutes, at, helper):
    began_at = at - dt.timedelta(minutes=minutes)
    case = _agreed(case, began_at, helper)
    read = dict.fromkeys(case.item.steps, StepRead.Outcome.READ)
    actions.read_steps(case, outcomes=read, by=helper, at=at)
    actions.finish(
        case,
        result=HelpCase.Result.APPROVED,
        pressed_by=HelpCase.Pressed.SELF,
        began_at=began_at,
        ended_at=at,
        read_back=True,
        by=helper,
        at=at,
    )


def _open(told, who, state, today, noon):
    name, item, place, where, days = who
    ends = None if days is None else today + dt.timedelta(days=days)
    facts = {
        "name": name,
        "phone": "19900005200",
        "address": f"{where}某号",
        "note": "",
    }
    people = told["people"]
    day = today - dt.timedelta(days=8)
    what = (item, place, where, ends)
    case = _registered(told, what, facts, noon(day, 9), helper=state != "waiting")
    if state == "working":
        _agreed(case, noon(today, 9), people["helper"])
    elif state == "left":
        left = people["left"]
        actions.assign(case, helper=left, by=people["coordinator"], at=noon(day, 10))
        Post.objects.filter(user=left).update(until=today)
    elif place == Place.COUNTER:
        actions.let_stand_in(
            case,
            user=people["left"],
            why=StandIn.Why.AWAY,
            hours=3,
            by=people["coordinator"],
            at=noon(day, 11),
        )
