"""A small world, made row by row. Nothing here is richer than a test can be read."""

import contextlib
import datetime as dt
import uuid

import factory
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.rights import Role
from enterprises.models import Business, Coverage, Occupancy, Operation
from grids.models import Building, Grid, Post
from issues.models import (
    DeliberationBody,
    Issue,
    IssueStep,
    Level,
    Matter,
    MatterDemand,
    Measure,
    rules,
)
from issues.models.rules import Step
from party.models import (
    BuildingPlan,
    MemberUnit,
    OrganizationBuilding,
    OrganizationOfficer,
    PartyOrganization,
    PlanItem,
    Station,
    StationRoom,
    StationStaff,
    UnitOfficer,
)
from services.models import (
    Activity,
    Attendance,
    MenuItem,
    MenuStation,
    Need,
    NeedAsker,
    Offer,
    Order,
    Provider,
    ServiceBrand,
    Signup,
)
from tianshan.ledgers import touched
from tianshan.values import extra
from tianshan.values.models import ExtraField
from visits.models import Demand, DemandCategory, DemandDue, Visit

NOON = timezone.make_aware(dt.datetime(2026, 10, 15, 12))
TODAY = dt.date(2026, 10, 15)
LIVE_ON = dt.date(2025, 1, 1)
HOUR = dt.timedelta(hours=1)

_made = None  # businesses that are told of later, all at once


def tell(business_id):
    if _made is None:
        touched([business_id])
    else:
        _made.add(business_id)


def tell_now():
    """Before a fixture looks at a page: what was made by then is told of."""
    if _made:
        touched(_made)
        _made.clear()


@contextlib.contextmanager
def told_at_the_end():
    """What is computed from rows is written once, when all of them are made."""
    global _made
    _made = set()
    try:
        yield
        touched(_made)
    finally:
        _made = None


class GridFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Grid
        django_get_or_create = ["code"]

    code = factory.Sequence(lambda n: f"310105006{601 + n}")
    name = factory.LazyAttribute(lambda grid: f"网格{grid.code[-3:]}")
    kind = Grid.Kind.GRID
    live_on = LIVE_ON


class StreetFactory(GridFactory):
    code = "310105006"
    name = "天山路街道"
    kind = Grid.Kind.STREET


class BuildingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Building

    name = factory.Sequence(lambda n: f"楼宇{n}")
    kind = Building.Kind.OFFICE
    grid = factory.SubFactory(GridFactory)


class StationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Station

    name = factory.Sequence(lambda n: f"阵地{n}")
    kind = Station.Kind.STATION
    grid = factory.SubFactory(GridFactory)
    opened_on = LIVE_ON


class RoomFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StationRoom

    station = factory.SubFactory(StationFactory)
    name = factory.Sequence(lambda n: f"会议室{n}")
    capacity = 20


class StationStaffFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = StationStaff


class ProviderFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Provider

    name = factory.Sequence(lambda n: f"提供方{n}")
    kind = Provider.Kind.STUDIO
    grid = factory.SubFactory(GridFactory)
    skills = ["尤克里里"]


class NeedFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Need

    title = "尤克里里老师"
    skill = "尤克里里"
    grid = factory.SubFactory(GridFactory)
    raised_on = TODAY
    raised_by = factory.SubFactory("tests.factories.UserFactory")


class NeedAskerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = NeedAsker

    need = factory.SubFactory(NeedFactory)
    business = factory.SubFactory("tests.factories.BusinessFactory")
    since = TODAY


class OfferFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Offer

    need = factory.SubFactory(NeedFactory)
    provider = factory.SubFactory(ProviderFactory)
    made_on = TODAY
    made_by = factory.SubFactory("tests.factories.UserFactory")


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User

    username = factory.Sequence(lambda n: f"user{n}")
    display_name = factory.LazyAttribute(lambda user: f"称呼{user.username}")


class PostFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Post

    user = factory.SubFactory(UserFactory)
    role = Role.GRID_STAFF
    grid = factory.SubFactory(GridFactory)
    since = LIVE_ON


class OrganizationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PartyOrganization

    name = factory.Sequence(lambda n: f"党支部{n}")
    kind = PartyOrganization.Kind.BRANCH
    grid = factory.SubFactory(GridFactory)


class HoldingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrganizationBuilding

    organization = factory.SubFactory(OrganizationFactory)
    building = factory.SubFactory(BuildingFactory)
    since = LIVE_ON


class OfficerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrganizationOfficer

    post = factory.SubFactory(PostFactory, role=Role.BRANCH_SECRETARY)
    organization = factory.SubFactory(OrganizationFactory)


class UnitFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MemberUnit

    name = factory.Sequence(lambda n: f"单位{n}")
    grid = factory.SubFactory(GridFactory)


class UnitOfficerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = UnitOfficer

    post = factory.SubFactory(PostFactory, role=Role.UNIT_OFFICER)
    unit = factory.SubFactory(UnitFactory)


class PlanFactory(factory.django.DjangoModelFactory):
    """A draft with every part written."""

    class Meta:
        model = BuildingPlan

    building = factory.SubFactory(BuildingFactory)
    year = 2026
    situation = "以贸易和设计企业为主。"
    setup = "楼宇党委覆盖全楼。"
    goals = "年底前有效覆盖八成。"
    drafted_by = factory.SubFactory(UserFactory)
    drafted_on = TODAY


class PlanItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PlanItem

    plan = factory.SubFactory(PlanFactory)
    position = factory.Sequence(lambda n: n + 1)
    content = factory.Sequence(lambda n: f"事项{n}")
    owner_title = "物业经理"
    since = TODAY
    due_on = TODAY + dt.timedelta(28)


class BusinessFactory(factory.django.DjangoModelFactory):
    """A business with its place and its state, as the importer would leave it."""

    class Meta:
        model = Business
        skip_postgeneration_save = True

    kind = Business.Kind.MERCHANT
    name = factory.Sequence(lambda n: f"商户{n}")
    grid = factory.SubFactory(GridFactory)
    discovered_on = LIVE_ON

    @factory.post_generation
    def placed(self, create, extracted, **kwargs):
        if not create or extracted is False:
            return
        Occupancy.objects.create(
            business=self,
            building=self.building,
            room=self.room,
            grid=self.grid,
            since=self.discovered_on,
        )
        Operation.objects.create(
            business=self, state=self.state, since=self.discovered_on
        )
        tell(self.pk)


class CoverageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Coverage
        skip_postgeneration_save = True

    business = factory.SubFactory(BusinessFactory)
    organization = factory.SubFactory(
        OrganizationFactory, grid=factory.SelfAttribute("..business.grid")
    )
    mode = Coverage.Mode.PLACE
    since = LIVE_ON

    @factory.post_generation
    def told(self, create, extracted, **kwargs):
        tell(self.business_id)


class VisitFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Visit
        skip_postgeneration_save = True

    business = factory.SubFactory(BusinessFactory)
    grid = factory.SelfAttribute("business.grid")
    building = factory.SelfAttribute("business.building")
    visitor = factory.SubFactory(UserFactory)
    outcome = Visit.Outcome.NORMAL
    people_met = factory.LazyAttribute(
        lambda visit: "" if visit.outcome == Visit.Outcome.ABSENT else Visit.Met.OWNER
    )
    visited_on = TODAY
    filled_at = NOON
    arrived_at = NOON
    client_key = factory.LazyFunction(uuid.uuid4)
    digest = "0" * 64

    @factory.post_generation
    def told(self, create, extracted, **kwargs):
        tell(self.business_id)


class CategoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DemandCategory
        django_get_or_create = ["name"]

    name = "环境清运"


class DemandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Demand
        skip_postgeneration_save = True

    business = factory.SubFactory(BusinessFactory)
    grid = factory.SelfAttribute("business.grid")
    category = factory.SubFactory(CategoryFactory)
    words = "垃圾清运车九点来，正好开门。"
    source = Demand.Source.VISIT
    recorded_by = factory.SubFactory(UserFactory)
    raised_on = TODAY
    due_on = factory.LazyAttribute(lambda demand: demand.raised_on + dt.timedelta(7))
    owed_by = "党支部"
    outcome_on = None
    first_outcome_on = factory.SelfAttribute("outcome_on")

    @factory.post_generation
    def owed(self, create, extracted, **kwargs):
        DemandDue.objects.create(
            demand=self,
            due_on=self.due_on,
            owed_by=self.owed_by,
            since=self.raised_on,
            reason="一般诉求，5 个工作日",
            by=self.recorded_by,
        )
        tell(self.business_id)


def fields_of(state):
    """What a demand in that state has beside it, for `DemandFactory(state=state, …)`."""
    if state in Demand.OPEN:
        return {}
    fields = {"outcome_on": TODAY, "tell_by": TODAY}
    if state in Demand.HEARD:
        fields["told_on"] = TODAY
    if state in Demand.DROPPED:
        fields |= {
            "dropped_on": TODAY,
            "dropped_by": UserFactory(),
            "dropped_why": "不用办了",
            "dropped_from": Demand.State.ANSWERED,
        }
    return fields


KINDS = {
    Level.BRANCH: DeliberationBody.Kind.BRANCH,
    Level.COMMITTEE: DeliberationBody.Kind.COMMITTEE,
    Level.CONFERENCE: DeliberationBody.Kind.CONFERENCE,
}
SCOPES = {
    Level.BRANCH: DeliberationBody.Scope.QUARTER,
    Level.COMMITTEE: DeliberationBody.Scope.BUILDINGS,
    Level.CONFERENCE: DeliberationBody.Scope.GRID,
}


class BodyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeliberationBody

    level = Level.BRANCH
    kind = factory.LazyAttribute(lambda body: KINDS[body.level])
    scope = factory.LazyAttribute(lambda body: SCOPES[body.level])
    name = factory.Sequence(lambda n: f"议事主体{n}")
    grid = factory.SubFactory(GridFactory)
    chair_title = "书记"


class IssueFactory(factory.django.DjangoModelFactory):
    """Proposed, then walked to the wanted state by steps that the table allows."""

    class Meta:
        model = Issue

    @classmethod
    @transaction.atomic
    def _create(cls, model_class, *args, state=Issue.State.PROPOSED, **kwargs):
        closed_on = kwargs.pop("closed_on", None)
        issue = super()._create(
            model_class, *args, state=Issue.State.PROPOSED, **kwargs
        )
        take(issue, rules.rules_of(Step.PROPOSE)[0], at=NOON)
        return walk(issue, state, closed_on=closed_on)

    title = factory.Sequence(lambda n: f"议题{n}")
    level = factory.SelfAttribute("body.level")
    state = Issue.State.PROPOSED
    body = factory.SubFactory(BodyFactory)
    grid = factory.SelfAttribute("body.grid")
    raised_on = TODAY
    raised_by = factory.SubFactory(UserFactory)


# What a step's row may have to say.
SAID = {
    "reason": "原因" * 250,
    "tried": "协调" * 250,
    "until": TODAY,
    "to_whom": "区里",
}


@transaction.atomic
def take(issue, rule, *, at=NOON, body=None, closed_on=None):
    """Write one step of the table down and move the issue, as an action would."""
    body = body or issue.body
    who = rule.who[0]
    role = next(
        (
            role
            for role in ("", *Role)
            if rules.takes(who, issue.level, role, on_behalf=False)
        ),
    )
    begins = rule.move == rules.Move.START
    to = rule.to or issue.state
    IssueStep.objects.create(
        issue=issue,
        step=rule.step,
        from_state="" if begins else issue.state,
        to_state=to,
        from_level=None if begins else issue.level,
        to_level=body.level,
        from_body=None if begins else issue.body,
        to_body=body,
        role=role,
        at=at,
        **{need: SAID[need] for need in rule.needs},
    )
    issue.state, issue.body, issue.level = to, body, body.level
    issue.closed_on = (closed_on or at.date()) if to in Issue.FINAL else None
    issue.save(update_fields=["state", "body", "level", "closed_on"])
    return issue


def walk(issue, state, *, closed_on=None):
    """The shortest way to a state by steps that leave the level as it is."""
    ways = {issue.state: []}
    queue = [issue.state]
    for now in queue:
        for rule in rules.RULES:
            stays = rule.move == rules.Move.STAY and now in rule.frm
            if stays and rule.ends(now) not in ways:
                ways[rule.ends(now)] = [*ways[now], rule]
                queue.append(rule.ends(now))
    for rule in ways[state]:
        take(issue, rule, closed_on=closed_on)
    return issue


class MatterFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Matter

    title = factory.Sequence(lambda n: f"事项{n}")
    issue = factory.SubFactory(IssueFactory)
    grid = factory.SelfAttribute("issue.grid")
    raised_on = TODAY


class MatterDemandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MatterDemand

    matter = factory.SubFactory(MatterFactory)
    demand = factory.SubFactory(DemandFactory, state=Demand.State.JOINED)
    joined_at = NOON


class MeasureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Measure

    matter = factory.SubFactory(MatterFactory)
    issue = factory.SelfAttribute("matter.issue")
    content = "改为每天上午 8 点以前清运"
    lead_unit = factory.SubFactory(
        UnitFactory, grid=factory.SelfAttribute("..matter.grid")
    )
    decided_on = TODAY
    due_on = TODAY + dt.timedelta(14)


class ExtraFieldFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ExtraField
        skip_postgeneration_save = True

    of = "business"
    label = factory.Sequence(lambda n: f"附加{n}")
    type = ExtraField.Type.TEXT

    @factory.post_generation
    def told(self, create, extracted, **kwargs):
        extra.changed()


class ActivityFactory(factory.django.DjangoModelFactory):
    """At a station, tomorrow from two to four, announced."""

    class Meta:
        model = Activity

    title = factory.Sequence(lambda n: f"活动{n}")
    grid = factory.SubFactory(GridFactory)
    place_kind = Activity.Place.STATION
    station = factory.SubFactory(StationFactory, grid=factory.SelfAttribute("..grid"))
    host = factory.SelfAttribute("station")
    starts = NOON + dt.timedelta(days=1, hours=2)
    ends = factory.LazyAttribute(lambda activity: activity.starts + 2 * HOUR)
    state = Activity.State.ANNOUNCED
    made_by = factory.SubFactory(UserFactory)
    made_at = NOON


class SignupFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Signup

    activity = factory.SubFactory(ActivityFactory)
    number = factory.Sequence(lambda n: n + 1)
    employer = "暖新巢"
    persons = 1
    source = Signup.Source.STAFF
    state = Signup.State.IN
    asked_at = NOON


class AttendanceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Attendance

    activity = factory.SubFactory(
        ActivityFactory, starts=NOON - 2 * HOUR, state=Activity.State.HELD
    )
    employer = "暖新巢"
    how = Attendance.How.DOOR
    at = NOON


class BrandFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ServiceBrand
        django_get_or_create = ["name"]

    name = "医靠驿站"


class ItemFactory(factory.django.DjangoModelFactory):
    """A service on the menu; `stations=[…]` can give it."""

    class Meta:
        model = MenuItem
        skip_postgeneration_save = True

    brand = factory.SubFactory(BrandFactory)
    name = factory.Sequence(lambda n: f"服务{n}")
    what = "心理咨询师上门，一对一谈"
    for_whom = "企业员工"
    lasts = "约 1 小时"

    @factory.post_generation
    def stations(self, create, extracted):
        for station in extracted or ():
            MenuStation.objects.create(item=self, station=station)


class OrderFactory(factory.django.DjangoModelFactory):
    """As it was placed by its card; other states come by the acts."""

    class Meta:
        model = Order

    item = factory.SubFactory(ItemFactory)
    business = factory.SubFactory(BusinessFactory)
    grid = factory.SelfAttribute("business.grid")
    source = Order.Source.CARD
    people = 10
    placed_at = NOON
    waits_since = TODAY
    dispatch_by = TODAY + dt.timedelta(days=1)
