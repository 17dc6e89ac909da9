"""Rows in every ledger."""

import datetime as dt

import pytest

from dashboard.reports.upward import FormRequest
from enterprises.models import Business
from issues import cadence, parts
from issues.models import Meeting
from services.models import ServiceBrand
from tests.factories import (
    LIVE_ON,
    NOON,
    TODAY,
    ActivityFactory,
    AttendanceFactory,
    BodyFactory,
    BuildingFactory,
    BusinessFactory,
    CoverageFactory,
    DemandFactory,
    MeasureFactory,
    NeedAskerFactory,
    OrderFactory,
    OrganizationFactory,
    PlanFactory,
    PlanItemFactory,
    ProviderFactory,
    StationFactory,
    VisitFactory,
    fields_of,
)
from visits import confidential
from visits.models import Demand, Visit

DAY = dt.timedelta(days=1)


@pytest.fixture
def full(grid, clerk):
    """Rows in every ledger, each unlike the next in what may go wrong on the way."""
    tower = BuildingFactory(grid=grid, name="金虹桥", aliases=["虹桥大厦"], floors=12)
    BuildingFactory(grid=grid, name="天山茶城")
    shops = [
        BusinessFactory(
            grid=grid,
            kind=kind,
            name=f"{label}{number}",
            building=tower if number % 2 else None,
            room=["B08", "1203 室", "", "3F-901"][number],
            trade=["茶叶零售", "", "餐饮", "咨询"][number],
            staff_count=[None, 0, 12, 3000][number],
            contact_name=["沈女士", "", "王建国", "王建国"][number],
            contact_phone=["13900001234", "", "021-55501234", "13900001235"][number],
            founded_on=[None, dt.date(2020, 1, 1), dt.date(2019, 3, 9), None][number],
            founded_precision=["day", "year", "day", "day"][number],
            members_count=[None, 0, 3, 4][number],
            note=["", "=1+1", "两句话 写的", "'单引号"][number],
        )
        for kind, label in Business.Kind.choices
        for number in range(4)
    ]
    closed = BusinessFactory(grid=grid, name="迁走的店", state=Business.State.MOVED)
    for number, shop in enumerate([*shops, closed]):
        absent = Visit.Outcome.ABSENT if number % 3 == 0 else Visit.Outcome.NORMAL
        VisitFactory(
            business=shop,
            visited_on=TODAY - number * DAY,
            outcome=absent,
            note="门关着，=IF(1)" if number % 2 else "",
        )
        states = [Demand.State.NEW, Demand.State.ANSWERED, Demand.State.TOLD]
        state = states[number % 3]
        DemandFactory(
            business=shop,
            words=f"第{number}件：希望早点清运",
            raised_on=TODAY - (number + 5) * DAY,
            state=state,
            outcome="" if state in Demand.OPEN else "改到八点",
            **fields_of(state),
        )
    secret = DemandFactory(business=shops[0], words="不好说的事", raised_on=TODAY)
    confidential.make_confidential(secret, handler=clerk, by=clerk, at=NOON)
    CoverageFactory(business=shops[1], organization=OrganizationFactory(grid=grid))
    body = BodyFactory(grid=grid, weekly=True, cadence_from=LIVE_ON)
    cadence.keep(body, today=TODAY)
    measure = MeasureFactory(matter__issue__body=body)
    what = {"content": "开市前清运", "due_on": TODAY, "by": clerk, "at": NOON}
    parts.assign(measure, measure.lead, lead=True, **what)
    Meeting.objects.create(
        body=body,
        kind=Meeting.Kind.REGULAR,
        title="例会",
        on=TODAY,
        at=dt.time(15, 0),
        place="党群服务站",
        made_by=clerk,
    )
    ActivityFactory(grid=grid, rule="严禁现场交易", state="draft", partners="=1+1")
    station = StationFactory(grid=grid, name="天山驿空间")
    brand = ServiceBrand.objects.first()
    told = {"brand": brand, "partners": "工会", "about": "讲了合同"}
    held = {
        "grid": grid,
        "station": station,
        "state": "held",
        "title": "节令茶会：夏至",
    }
    heads = {"head_count": 45, "head_basis": "photo", "households": 12}
    ActivityFactory(**held, **told, **heads, starts=NOON - 90 * DAY)
    ActivityFactory(**held, **told, untimed=True, starts=NOON - 80 * DAY)
    ActivityFactory(**held, starts=NOON - 70 * DAY, place="一层大厅")
    AttendanceFactory(activity=ActivityFactory(**held, starts=NOON - 60 * DAY))
    ActivityFactory(grid=grid.parent, title="街道的", starts=NOON - DAY, state="held")
    NeedAskerFactory(need__grid=grid, business=shops[0])
    ProviderFactory(grid=grid)
    OrderFactory(business=shops[0])
    FormRequest.objects.create(
        grid=grid,
        asked_by="区里的部门",
        name="=月报",
        asked_on=TODAY,
        basis="工作要求",
        often=FormRequest.Often.MONTH,
        fields=["有效覆盖"],
        by=clerk,
        at=NOON,
    )
    confirmed = {"state": "confirmed", "confirmed_on": TODAY, "confirmed_by": clerk}
    PlanItemFactory(plan=PlanFactory(building=tower, **confirmed))
