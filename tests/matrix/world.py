"""One object of every kind that an address takes, in each of four territories.

Words of a territory begin with its mark, so that whoever reads one where he has no
business is found by a search through the answer.
"""

import datetime as dt
import hashlib
import io
import uuid

from django_tasks_db.models import DBTaskResult
from PIL import Image

from accounts.models import EnrolledPhone, SignedIn
from accounts.rights import Role
from cases import actions as case_actions
from cases.models import ConsentItem, HelpItem
from dashboard.api.models import ApiToken
from dashboard.models import WallLink
from dashboard.reports import models as reports
from dashboard.reports import upward
from enterprises import imports
from enterprises.models import (
    Adviser,
    AdviserAssignment,
    CoverageAct,
    ExportTemplate,
    JournalEntry,
    Merge,
    OfficialFacts,
    Ownership,
    Trade,
    TradeWord,
)
from grids.models import BuildingHonour, GridRules, Neighborhood
from issues.models import (
    AgendaItem,
    BodyMember,
    Evidence,
    Level,
    MatterMerge,
    MeasurePart,
    Meeting,
    Minutes,
    Opinion,
    PartAct,
    SortedDemand,
    Sorting,
    Supervision,
    Survey,
    SurveyPhoto,
)
from party.models import Booking, PioneerPost, StationFunction
from public import models as public
from public import tokens
from services.models import ActivitySeries, Dispatch, OrderAct
from tests import factories as make
from tests.enterprises.files import line, workbook
from tests.factories import LIVE_ON, NOON, TODAY
from tianshan.audit.models import Entry
from tianshan.files import keeping
from tianshan.files.pictures import Picture
from tianshan.ledgers.models import BulkEdit, SavedView
from tianshan.notices.models import Notice
from tianshan.values.models import ExtraField
from visits.models import Photo, Promise, Secret, TellingAttempt
from visits.models.door import DoorReport

DAY = dt.timedelta(days=1)
TERRITORIES = ("own", "sibling", "parent", "child")
MARKS = {"own": "甲", "sibling": "乙", "parent": "丙", "child": "丁"}
IDENTITY = "310105199001011234"
PHONES = {"own": "139711", "sibling": "139722", "parent": "139733", "child": "139744"}


def picture(mark):
    drawn = io.BytesIO()
    Image.new("RGB", (60, 40), (len(mark), 90, 160)).save(drawn, "JPEG", comment=mark)
    return Picture(drawn.getvalue(), drawn.getvalue(), 60, 40)


def token(kind, territory):
    return f"{kind}-{territory}-".ljust(43, "x")


def hashed(text):
    return hashlib.sha256(text.encode()).hexdigest()


class Territory:
    """What stands in one grid; `at["business"]` is its business, and so on."""

    def __init__(self, name, grid, users):
        self.name, self.grid, self.users = name, grid, users
        self.at = {"grid": grid}

    def word(self, what):
        """A word that stands in this territory alone."""
        return f"{MARKS[self.name] * 2}{what}"

    def phone(self, number):
        return f"{PHONES[self.name]}{number:05}"


def build():
    """The four territories, furnished."""
    street = make.StreetFactory(name="丙丙街道")
    grids = {
        "parent": street,
        "own": make.GridFactory(code="310105006603", name="甲甲网格", parent=street),
        "sibling": make.GridFactory(
            code="310105006602", name="乙乙网格", parent=street
        ),
    }
    grids["child"] = make.GridFactory(
        code="310105006603001", name="丁丁网格", parent=grids["own"], kind="block"
    )
    owner = make.UserFactory(username="whoever", display_name="经办人")
    territories = {name: Territory(name, grids[name], owner) for name in TERRITORIES}
    for territory in territories.values():
        furnish(territory, owner)
        territory.at |= shared(territory)
    return territories


def shared(here):
    """What belongs to no territory: lists of values, of which everybody has one."""
    trade = Trade.objects.first()
    return {
        "trade": trade,
        "trade_word": TradeWord.objects.first(),
        "extra": ExtraField.objects.first() or make.ExtraFieldFactory(),
        "category": make.CategoryFactory(),
        "help_item": HelpItem.objects.first(),
        "consent_item": ConsentItem.objects.first(),
        "brand": make.BrandFactory(),
        "menu_item": here.at["order"].item,
    }


def furnish(here, owner):
    """Everything of one territory, each thing once."""
    ground(here)
    shops(here, owner)
    asked(here, owner)
    deliberated(here, owner)
    served(here, owner)
    reported(here, owner)
    sealed(here, owner)


def ground(here):
    at, word, grid = here.at, here.word, here.grid
    at["building"] = make.BuildingFactory(grid=grid, name=word("大厦"), floors=9)
    at["honour"] = BuildingHonour.objects.create(
        building=at["building"], name=word("荣誉")
    )
    at["organization"] = make.OrganizationFactory(grid=grid, name=word("党支部"))
    at["committee"] = make.OrganizationFactory(
        grid=grid, name=word("楼宇党委"), kind="building_committee"
    )
    make.HoldingFactory(organization=at["committee"], building=at["building"])
    at["pioneer"] = PioneerPost.objects.create(
        organization=at["organization"],
        title=word("先锋岗"),
        duty="带头",
        holder="党员",
        holder_name=word("党员姓名"),
        name_consented_on=TODAY,
        meeting="支部会议",
        assigned_on=TODAY,
        since=TODAY,
    )
    at["unit"] = make.UnitFactory(grid=grid, name=word("城管单位"))
    at["plan"] = make.PlanFactory(building=at["building"], situation=word("草稿情况"))
    at["plan_item"] = make.PlanItemFactory(plan=at["plan"], content=word("方案事项"))
    at["station"] = make.StationFactory(grid=grid, name=word("阵地"))
    at["function"] = StationFunction.objects.create(
        station=at["station"], name=word("功能")
    )
    at["room"] = make.RoomFactory(station=at["station"], name=word("会议室"))
    at["booking"] = Booking.objects.create(
        room=at["room"],
        starts=NOON + 90 * DAY,
        ends=NOON + 91 * DAY,
        title=word("预订"),
        organization=at["organization"],
        made_by=make.UserFactory(),
        made_at=NOON,
    )
    at["rules"] = GridRules.objects.create(grid=grid, since=TODAY, set_at=NOON)


def shops(here, owner):
    at, word, grid = here.at, here.word, here.grid
    at["business"] = make.BusinessFactory(
        grid=grid,
        building=at["building"],
        name=word("茶行"),
        contact_name=word("阿姨"),
        contact_phone=here.phone(1),
        note=word("商户备注"),
    )
    at["other_business"] = make.BusinessFactory(
        grid=grid, building=at["building"], name=word("旁边店")
    )
    gone = make.BusinessFactory(grid=grid, name=word("旧店"))
    Ownership.objects.create(
        business=at["business"], owner=word("业主"), phone=here.phone(2), since=TODAY
    )
    OfficialFacts.objects.create(
        business=at["business"], principal_name=word("负责人"), members_full=7
    )
    at["act"] = CoverageAct.objects.create(
        kind="take_in",
        organization=at["organization"],
        on=TODAY,
        at=NOON,
        building=at["building"],
        reason=word("纳入原因"),
    )
    at["coverage"] = make.CoverageFactory(
        business=at["business"],
        organization=at["organization"],
        act=at["act"],
        basis=word("依据"),
    )
    at["assignment"] = AdviserAssignment.objects.create(
        adviser=Adviser.objects.create(
            title=word("指导员"), employment="full", level="street", grid=grid
        ),
        business=at["business"],
        since=TODAY,
    )
    at["note"] = JournalEntry.objects.create(
        business=at["business"], words=word("手记"), by=owner, at=NOON
    )
    at["merge"] = Merge.objects.create(
        survivor=at["business"], gone=gone, reason=word("同一家"), by=owner, at=NOON
    )
    at["batch"] = imports.upload(
        name=word("台账.xlsx"),
        content=workbook(line(word("导入店"), room="9", phone=IDENTITY)),
        grid=grid,
        known_since=LIVE_ON,
        by=None,
        at=NOON,
    )
    at["template"] = ExportTemplate.objects.create(
        name=word("上报模板"),
        grid=grid,
        file_name="模板.xlsx",
        file=b"",
        sha256=hashed("template"),
        at=NOON,
        by=owner,
    )
    at["view"] = SavedView.objects.create(
        owner=owner, ledger="businesses", name=word("视图")
    )
    at["bulk"] = BulkEdit.objects.create(
        ledger="businesses", act="trade", words=word("批量"), rows=1, by=owner, at=NOON
    )
    at["job"] = DBTaskResult.objects.create(
        status="FAILED",
        task_path="tianshan.notices.tasks.send_reminders",
        args_kwargs={"args": [], "kwargs": {}},
        backend_name="default",
        run_after=NOON,
        finished_at=NOON,
    )
    at["notice"] = Notice.objects.create(
        to=owner, key=here.name, words=word("提醒"), url="/", at=NOON
    )
    at["phone"] = EnrolledPhone.objects.create(
        user=owner,
        label=word("手机"),
        token_hash=hashed("phone" + here.name),
        pin="x",
        enrolled_at=NOON,
    )


def asked(here, owner):
    at, word = here.at, here.word
    business = at["business"]
    at["visit"] = make.VisitFactory(
        business=business, visitor=owner, note=word("走访备注")
    )
    at["other_visit"] = make.VisitFactory(business=business, visitor=owner)
    at["promise"] = Promise.objects.create(
        business=business,
        visit=at["visit"],
        words=word("承诺"),
        due_on=TODAY,
        by=owner,
    )
    at["photo"] = Photo.objects.create(
        by=owner,
        key=uuid.uuid4(),
        record_key=at["visit"].client_key,
        sha256=hashed("photo"),
        size=9,
        have=9,
        arrived_at=NOON,
        kept_at=NOON,
        state="kept",
        name=keeping.keep_picture("photos", picture(word("照片"))),
        width=60,
        height=40,
    )
    at["door"] = DoorReport.objects.create(
        kind="opened",
        grid=here.grid,
        building=at["building"],
        name=word("新开门"),
        contact_phone=here.phone(3),
        seen_on=TODAY,
        by=owner,
        filled_at=NOON,
        arrived_at=NOON,
        client_key=uuid.uuid4(),
        digest="0" * 64,
    )
    at["demand"] = make.DemandFactory(
        business=business, words=word("诉求原话"), said_by=word("说话人")
    )
    at["confidential"] = make.DemandFactory(
        business=business, words="保密", confidential=True, handler=owner
    )
    Secret.objects.create(demand=at["confidential"], words=word("保密诉求原话"))
    at["told"] = told = make.DemandFactory(
        business=business,
        words=word("已答复"),
        state="answered",
        **make.fields_of("answered"),
    )
    at["attempt"] = TellingAttempt.objects.create(
        demand=told,
        on=TODAY,
        time="morning",
        how="phone",
        by=owner,
        note=word("没人接"),
    )


def deliberated(here, owner):
    at, word = here.at, here.word
    at["body"] = make.BodyFactory(
        grid=here.grid,
        name=word("议事会"),
        organization=at["organization"],
        level=Level.BRANCH,
    )
    at["member"] = BodyMember.objects.create(
        body=at["body"], title=word("委员"), position=1, since=LIVE_ON, unit=at["unit"]
    )
    at["issue"] = make.IssueFactory(
        body=at["body"], title=word("议题"), state="deliberating"
    )
    at["matter"] = make.MatterFactory(issue=at["issue"], title=word("事项"))
    other = make.MatterFactory(issue=at["issue"], title=word("并来的事项"))
    joined = make.DemandFactory(
        business=at["business"], state="joined", words=word("并入诉求")
    )
    make.MatterDemandFactory(matter=at["matter"], demand=joined)
    at["matter_merge"] = MatterMerge.objects.create(
        gone=other, kept=at["matter"], by=owner, at=NOON
    )
    at["sorting"] = Sorting.objects.create(
        kind="join", by=owner, at=NOON, matter=at["matter"]
    )
    SortedDemand.objects.create(sorting=at["sorting"], demand=joined)
    at["measure"] = make.MeasureFactory(
        matter=at["matter"], content=word("措施"), lead_unit=at["unit"]
    )
    at["part"] = MeasurePart.objects.create(
        measure=at["measure"],
        lead=True,
        content=word("分工"),
        assigned_on=TODAY,
        due_on=TODAY + 14 * DAY,
        unit=at["unit"],
        state="waiting",
    )
    act = PartAct.objects.create(
        part=at["part"],
        step="assign",
        to_state="waiting",
        holder=str(at["unit"]),
        how="meeting",
        at=NOON,
        by=owner,
    )
    at["evidence"] = Evidence.objects.create(
        act=act,
        name=keeping.keep_picture("evidence", picture(word("证据"))),
        width=60,
        height=40,
    )
    at["supervision"] = Supervision.objects.create(
        issue=at["issue"], words=word("督办"), by=owner, at=NOON
    )
    at["meeting"] = Meeting.objects.create(
        body=at["body"],
        kind="regular",
        title=word("会议"),
        on=TODAY,
        at=dt.time(15),
        place="会议室",
        made_by=owner,
        state="notified",
        notified_at=NOON,
    )
    at["item"] = AgendaItem.objects.create(
        meeting=at["meeting"],
        position=1,
        title=word("议程"),
        reason="提议",
        issue=at["issue"],
    )
    at["opinion"] = Opinion.objects.create(
        item=at["item"], who="城管", words=word("单位意见"), by=owner, at=NOON
    )
    paper = word("纪要").encode()
    at["minutes"] = Minutes.objects.create(
        meeting=at["meeting"],
        body=at["body"],
        version=1,
        year=2026,
        name=keeping.keep_document("minutes", paper),
        sha256=hashlib.sha256(paper).hexdigest(),
        size=len(paper),
        confirmed_by=owner,
        confirmed_at=NOON,
    )
    at["survey"] = Survey.objects.create(
        issue=at["issue"],
        on=TODAY,
        place=word("现场"),
        who="物业",
        findings=word("勘察"),
        by=owner,
        at=NOON,
    )
    at["survey_photo"] = SurveyPhoto.objects.create(
        survey=at["survey"],
        stage="before",
        name=keeping.keep_picture("surveys", picture(word("现场照片"))),
        width=60,
        height=40,
        by=owner,
        at=NOON,
    )


def served(here, owner):
    at, word = here.at, here.word
    at["series"] = ActivitySeries.objects.create(title=word("系列"), grid=here.grid)
    at["activity"] = make.ActivityFactory(
        title=word("活动"),
        grid=here.grid,
        station=at["station"],
        series=at["series"],
        number=1,
        starts=NOON + 100 * DAY,
    )
    at["signup"] = make.SignupFactory(
        activity=at["activity"], title=word("报名人"), phone=here.phone(4)
    )
    at["attendance"] = make.AttendanceFactory(
        activity=at["activity"], employer=word("签到")
    )
    at["need"] = make.NeedFactory(
        grid=here.grid, title=word("资源需求"), raised_by=owner
    )
    at["asker"] = make.NeedAskerFactory(need=at["need"], business=at["business"])
    at["provider"] = make.ProviderFactory(
        grid=here.grid, name=word("提供方"), contact_phone=here.phone(5)
    )
    at["offer"] = make.OfferFactory(
        need=at["need"], provider=at["provider"], words=word("应承"), made_by=owner
    )
    item = make.ItemFactory(name=f"服务{here.name}", stations=[at["station"]])
    at["order"] = make.OrderFactory(
        item=item,
        business=at["business"],
        words=word("点单话"),
        phone=here.phone(6),
        state="dispatched",
        dispatched_at=NOON,
        answer_by=NOON + DAY,
        first_answer_by=NOON + DAY,
    )
    for step, state in (("place", "placed"), ("dispatch", "dispatched")):
        OrderAct.objects.create(order=at["order"], step=step, to_state=state, at=NOON)
    at["dispatch"] = Dispatch.objects.create(
        order=at["order"],
        station=at["station"],
        sent_by=owner,
        sent_at=NOON,
        answer_by=NOON + DAY,
    )
    cards(here, owner)


def cards(here, owner):
    at, name = here.at, here.name
    made = {"made_at": NOON, "made_by": owner}

    def known(kind):
        at[f"{kind}_token"] = token(kind, name)
        return {"token_hash": hashed(at[f"{kind}_token"])}

    at["card"] = public.Card.objects.create(
        business=at["business"],
        origin=at["business"].pk,
        version=1,
        key_id="matrix",
        **known("card"),
        **made,
    )
    sending = public.Sending.objects.create(
        card=at["card"],
        demand=at["demand"],
        sent_at=NOON,
        form_hash=hashed(name),
        phone=here.phone(7),
    )
    at["sent_photo"] = public.SentPhoto.objects.create(
        sending=sending,
        name=keeping.keep_picture("sent", picture(here.word("顾客照片"))),
        width=60,
        height=40,
    )
    public.DemandLink.objects.create(demand=at["demand"], **known("demand"), **made)
    public.OrderLink.objects.create(order=at["order"], **known("order"), **made)
    public.NeedLink.objects.create(asker=at["asker"], **known("need"), **made)
    public.PartLink.objects.create(
        part=at["part"], holder="城管", **known("part"), **made
    )
    at["signup_token"] = tokens.row_token("signup", at["signup"].pk)
    at["poster_token"] = tokens.row_token("poster", at["activity"].pk)


def reported(here, owner):
    at, word, grid = here.at, here.word, here.grid
    at["wall"] = WallLink.objects.create(
        label=word("大屏"),
        grid=grid,
        token_hash=hashed(token("wall", here.name)),
        until=TODAY + 90 * DAY,
        made_at=NOON,
        made_by=owner,
    )
    at["report"] = reports.Report.objects.create(
        grid=grid,
        span="month",
        rule="calendar",
        start=TODAY,
        end=TODAY + DAY,
        told_at=NOON,
        origin=word("报告"),
        by=owner,
        at=NOON,
    )
    posts = [
        make.PostFactory(grid=grid, role=role)
        for role in (Role.GRID_CLERK, Role.GRID_CHIEF, Role.GRID_CHIEF)
    ]
    at["form"] = upward.UpwardForm.objects.create(
        grid=grid,
        name=word("报表"),
        authority="区委",
        kind="xlsx",
        file=b"",
        file_name="x.xlsx",
        sha256=hashed("form"),
        span="month",
        rule="calendar",
        since=TODAY,
        due_day=5,
        filler=posts[0],
        checker=posts[1],
        signer=posts[2],
        by=owner,
        at=NOON,
    )
    at["filing"] = upward.Filing.objects.create(
        form=at["form"],
        start=TODAY,
        end=TODAY + DAY,
        due_on=TODAY,
        told_at=NOON,
        counted_by=owner,
    )
    at["cell"] = upward.FilingCell.objects.create(
        filing=at["filing"], order=1, place="A1", label=word("填报草稿"), source="typed"
    )
    at["api_token"] = ApiToken.objects.create(
        label=word("接口"),
        grid=grid,
        scopes=["businesses"],
        token_hash=hashed("api" + here.name),
        until=TODAY + 90 * DAY,
        made_at=NOON,
        made_by=owner,
    )
    at["account"] = owner
    at["own_key"] = owner
    at["session"] = SignedIn.objects.create(
        user=owner,
        session_key=hashed(here.name)[:40],
        browser=word("浏览器"),
        began_at=NOON,
        seen_at=NOON,
    )
    at["request"] = upward.FormRequest.objects.create(
        grid=grid,
        asked_by="区委",
        name=word("要表"),
        asked_on=TODAY,
        basis="文件",
        often="once",
        fields=["户数"],
        by=owner,
        at=NOON,
    )


def sealed(here, owner):
    """A help case of its own helper, whom nobody else of the world is."""
    at = here.at
    committee = Neighborhood.objects.create(
        code=f"3101050060{TERRITORIES.index(here.name):02}", name=here.word("居委会")
    )
    here.grid.neighborhoods.add(committee)
    coordinator = make.PostFactory(role=Role.CASE_COORDINATOR, grid=here.grid).user
    at["helper"] = make.PostFactory(
        role=Role.HELPER, grid=here.grid, until=dt.date(2030, 1, 1)
    )
    at["post"] = at["helper"]
    helper = at["helper"].user
    at["case"] = case_actions.register(
        item=HelpItem.objects.first(),
        place="home",
        neighborhood=committee,
        expires_on=TODAY + 60 * DAY,
        facts={
            "name": here.word("帮办对象"),
            "phone": here.phone(8),
            "address": here.word("弄堂"),
            "birth_year": "1931",
            "note": here.word("帮办内容"),
        },
        helper=helper,
        by=coordinator,
        at=NOON,
    )
    Entry.objects.create(
        verb="grid.rules_set",
        subject="grid",
        subject_id=here.grid.pk,
        at=NOON,
        data={"words": here.word("审计内容")},
    )
