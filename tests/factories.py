"""A small world, made row by row. Nothing here is richer than a test can be read."""

import datetime as dt
import uuid

import factory
from django.utils import timezone

from accounts.models import User
from accounts.rights import Role
from enterprises.models import Business, Coverage, Occupancy, Operation
from grids.models import Building, Grid, Post
from issues.models import DeliberationBody, Issue, Level, Matter, MatterDemand, Measure
from party.models import (
    BuildingPlan,
    MemberUnit,
    OrganizationBuilding,
    OrganizationOfficer,
    PartyOrganization,
    PlanItem,
    UnitOfficer,
)
from tianshan.ledgers import touched
from tianshan.values import extra
from tianshan.values.models import ExtraField
from visits.models import Demand, DemandCategory, DemandDue, Visit

NOON = timezone.make_aware(dt.datetime(2026, 10, 15, 12))
TODAY = dt.date(2026, 10, 15)
LIVE_ON = dt.date(2025, 1, 1)


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
        touched([self.pk])


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
        touched([self.business_id])


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
        touched([self.business_id])


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
        touched([self.business_id])


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


class BodyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DeliberationBody

    level = Level.BRANCH
    name = factory.Sequence(lambda n: f"议事主体{n}")
    grid = factory.SubFactory(GridFactory)


class IssueFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Issue

    title = factory.Sequence(lambda n: f"议题{n}")
    level = factory.SelfAttribute("body.level")
    state = Issue.State.PROPOSED
    body = factory.SubFactory(BodyFactory)
    grid = factory.SelfAttribute("body.grid")
    raised_on = TODAY
    raised_by = factory.SubFactory(UserFactory)


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
