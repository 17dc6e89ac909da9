# ruff: noqa: S608  the statements are put together from numbers and names of this module
"""An invented street, district or city, of any number of businesses and visits.

Drawn by hashes, so that two runs measure the same. Names are put together from
syllables; no firm of that name is meant. What is computed of the rows (search, Standing,
sums, history) is computed by the database too, and is what the portal itself would
have computed: `tests/dashboard/test_bench_world.py` compares them.
"""

import datetime as dt
import random
from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.db import connection

from accounts.models import User
from accounts.rights import Role
from dashboard.bench.filling import bare, choice, draw, fill, fill_history
from dashboard.models import Standing, StandingSum
from enterprises.models import Business, Coverage, Occupancy, Operation
from grids.models import Building, Grid, Post
from grids.rules import Rules
from party.models import PartyOrganization
from tianshan.database.copying import copy_in
from tianshan.pinyin import fold, search_text, sort_key
from visits.models import Demand, DemandCategory, DemandDue, Visit

HEADS = "安宝昌成大德东方丰福广海恒鸿华汇吉佳嘉金锦京景聚凯康乐利联隆美明南宁鹏启庆荣瑞润盛顺泰天同万旺伟祥新兴旭雅亚阳益盈永优裕源悦云泽振正志中众"
FIRMS = (
    "科技有限公司",
    "信息技术有限公司",
    "国际贸易有限公司",
    "文化传播有限公司",
    "企业管理有限公司",
    "广告有限公司",
    "建筑设计事务所",
    "会计师事务所",
)
SHOPS = ("茶行", "餐饮店", "服装店", "便利店", "药房", "理发店", "花店", "五金店")
TRADES = ("批发零售", "住宿餐饮", "信息技术", "租赁商务", "居民服务", "文化体育")
NAMES = 99_999  # different ones at most; every third is a firm's
STREET_HOLDS = 12_500  # businesses
GRIDS = 8  # of a street
LIVE_ON = dt.date(2025, 1, 1)
VISITED_FOR = 600  # days
ASKED_FOR = 300

SCALES = {  # businesses, visits
    "street": (12_000, 100_000),
    "district": (200_000, 1_000_000),
    "city": (3_000_000, 10_000_000),
}


@dataclass
class World:
    clerk: User  # of all of it
    worker: User  # who logs visits, of all of it
    street: Grid  # one of its streets


def build(rows, visits=None, *, today):
    """Make it with so many businesses and visits, by default one to each."""
    chance = random.Random(310_105)  # noqa: S311  no secret hangs on it
    root, streets, grids = _territory(rows)
    buildings = _buildings(chance, grids, max(10, rows // 250))
    organizations = _organizations(grids, max(4, rows // 1000))
    world = World(
        clerk=_holder("bench", Role.GRID_CLERK, root),
        worker=_holder("bench_worker", Role.PARTY_WORKER, root),
        street=streets[0],
    )
    _names(chance, min(rows, NAMES))
    with bare(Business, Occupancy, Operation, Coverage, Visit, Demand, DemandDue):
        _businesses(rows, buildings)
        _coverages(rows, organizations)
        _visits(rows, rows if visits is None else visits, world.worker, today)
        _demands(rows, rows // 10, world.worker, today)
    events = [
        model._meta.apps.get_model(model._meta.app_label, f"{model.__name__}Event")
        for model in TRACKED
    ]
    with bare(*events):
        for model in TRACKED:
            fill_history(model)
    with bare(Standing, StandingSum):
        _standing(root)
        _sums()
    return world


TRACKED = (Business, Occupancy, Operation, Coverage, Visit, Demand, DemandDue)


def found():
    """The world that a run before has left."""
    users = {user.username: user for user in User.objects.all()}
    streets = Grid.objects.filter(kind=Grid.Kind.STREET)
    return World(
        clerk=users["bench"],
        worker=users["bench_worker"],
        street=streets.exclude(children__kind=Grid.Kind.STREET).first(),
    )


def clerk_of(grid):
    """A clerk of one street among many."""
    if known := User.objects.filter(username="bench_street").first():
        return known
    return _holder("bench_street", Role.GRID_CLERK, grid)


# --- what few there are of ------------------------------------------------------------


def _territory(rows):
    """One street, or as many as it takes below one root."""
    count = -(-rows // STREET_HOLDS)
    root, streets = None, []
    if count > 1:
        root = _grid("310105", "长宁", Grid.Kind.STREET, None)
    for number in range(count):
        code = f"310105{number + 6:03}"
        streets.append(_grid(code, f"第{number + 1}街道", Grid.Kind.STREET, root))
    grids = [
        _grid(f"{s.code}{600 + n}", f"第{n}综合网格", Grid.Kind.GRID, s)
        for s in streets
        for n in range(1, GRIDS + 1)
    ]
    return root or streets[0], streets, grids


def _grid(code, name, kind, parent):
    grid = Grid(code=code, name=name, kind=kind, parent=parent, live_on=LIVE_ON)
    grid.save()
    return grid


def _buildings(chance, grids, count):
    made = []
    for number in range(count):
        kind = chance.choice(list(Building.Kind))
        building = Building(
            name=f"{''.join(chance.choices(HEADS, k=2))}{kind.label[-2:]}{number}号",
            kind=kind,
            address=f"天山路{number}号",
            floors=chance.randint(1, 30),
            grid=chance.choice(grids),
        )
        building.index()
        made.append(building)
    return copy_in(made)


def _organizations(grids, count):
    made = [
        PartyOrganization(
            name=f"{HEADS[n % 60]}{HEADS[n // 60 % 60]}第{n}党支部",
            kind=PartyOrganization.Kind.BRANCH,
            grid=grids[n % len(grids)],
        )
        for n in range(count)
    ]
    for organization in made:
        organization.index()
    return copy_in(made)


def _holder(name, role, grid):
    user = User(username=name, display_name="测量", password=make_password(None))
    user.save()
    Post(user=user, role=role, grid=grid, since=LIVE_ON).save()
    return user


def _names(chance, count):
    """Names, with what sorting and searching read of them: the work of Python alone."""
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.bench_name")
        cursor.execute(
            "CREATE TEMP TABLE bench_name"
            " (n int PRIMARY KEY, name text, pinyin text, written text, spelt text)"
        )
        with cursor.copy("COPY bench_name FROM STDIN") as copy:
            for n in range(count):
                ends = SHOPS if n % 3 else FIRMS
                name = "".join(chance.choices(HEADS, k=3)) + chance.choice(ends)
                written = fold(name)
                spelt = search_text(name).removeprefix(written).strip()
                copy.write_row([n, name, sort_key(name), written, spelt])
        cursor.execute("ANALYZE bench_name")


# --- what many there are of -----------------------------------------------------------


def _array(values):
    """SQL: the one of these numbers or texts that stands at a place, from 0."""
    said = ",".join(f"'{v}'" if isinstance(v, str) else str(v) for v in values)
    return f"(ARRAY[{said}])"


def _businesses(rows, buildings):
    trades = f"{_array(TRADES)}[1 + {draw('drawn.n', 2, len(TRADES))}]"
    source = f"""
        FROM (
            SELECT n, mod(n, 3) = 0 AS firm, {buildings[0].pk} + {draw("n", 1, len(buildings))} AS building,
                (1 + {draw("n", 3, 30)})::text || lpad((1 + {draw("n", 4, 40)})::text, 2, '0') AS room,
                '1' || lpad({draw("n", 5, 2147483647)}::text, 10, '0') AS phone,
                CASE WHEN mod(n, 3) = 0 THEN
                    '9' || lpad({draw("n", 6, 10**8)}::text, 8, '0') || lpad(n::text, 9, '0')
                END AS code
            FROM generate_series(0, {rows - 1}) AS n
        ) AS drawn
        JOIN bench_name ON bench_name.n = mod(drawn.n, (SELECT COUNT(*) FROM bench_name))
        JOIN grids_building ON grids_building.id = drawn.building
        ORDER BY drawn.n
    """
    drawn = {
        "id": "drawn.n + 1",
        "kind": "CASE WHEN firm THEN 'enterprise' ELSE 'merchant' END",
        "name": "bench_name.name",
        "code": "code",
        "trade": trades,
        "staff_count": f"1 + {draw('drawn.n', 7, 300)}",
        "contact_name": f"substr('{HEADS}', 1 + {draw('drawn.n', 8, len(HEADS))}::int, 1) || '女士'",
        "contact_phone": "phone",
        "founded_on": f"date '{LIVE_ON}' - {draw('drawn.n', 9, 4000)}::int",
        "state": choice(
            "drawn.n",
            10,
            {"operating": 90, "suspended": 4, "moved": 3, "closed": 3},
        ),
        "discovered_on": f"date '{LIVE_ON}'",
        "grid_id": "grids_building.grid_id",
        "building_id": "building",
        "room": "room",
        "pinyin": "bench_name.pinyin",
        "search": "concat_ws(' ', written, lower(code), room,"
        " CASE WHEN right(phone, 4) <> room THEN right(phone, 4) END, spelt)",
    }
    fill(Business, drawn, source)
    at = {"id": "id", "business_id": "id", "since": "discovered_on"}
    place = {name: name for name in ("building_id", "room", "grid_id")}
    fill(Occupancy, at | place, "FROM enterprises_business")
    fill(Operation, at | {"state": "state"}, "FROM enterprises_business")


def _coverages(rows, organizations):
    modes = dict(zip([*Coverage.Mode.values, None], [8, 4, 50, 18, 20], strict=True))
    ranks = " ".join(f"WHEN '{m}' THEN {r}" for m, r in Coverage.RANK.items())
    fill(
        Coverage,
        {
            "id": "row_number() OVER ()",
            "business_id": "business",
            "organization_id": f"{organizations[0].pk} + {draw('business', 22, len(organizations))}",
            "mode": "mode",
            "rank": f"CASE mode {ranks} END",
            "since": f"date '{LIVE_ON}'",
        },
        f"FROM (SELECT business, {choice('business', 21, modes)} AS mode"
        f" FROM generate_series(1, {rows}) AS business) AS drawn WHERE mode IS NOT NULL",
    )


def _visits(rows, count, visitor, today):
    span = min(VISITED_FOR, (today - LIVE_ON).days)
    at = "((day + time '10:00') AT TIME ZONE 'Asia/Shanghai')"
    fill(
        Visit,
        {
            "id": "visit",
            "business_id": "business",
            "grid_id": "grid_id",
            "building_id": "building_id",
            "visitor_id": str(visitor.pk),
            "outcome": "outcome",
            "people_met": "CASE WHEN outcome = 'absent' THEN '' ELSE 'owner' END",
            "visited_on": "day",
            "filled_at": at,
            "arrived_at": at,
            "client_key": "md5(visit::text)::uuid",
            "digest": "'-'",
        },
        f"""
        FROM (
            SELECT visit, 1 + {draw("visit", 31, rows)} AS business,
                date '{today}' - 1 - {draw("visit", 32, span)}::int AS day,
                {choice("visit", 33, {"normal": 90, "absent": 10})} AS outcome
            FROM generate_series(1, {count}) AS visit
        ) AS drawn
        JOIN enterprises_business ON enterprises_business.id = business
        ORDER BY day, visit
        """,
    )


def _demands(rows, count, by, today):
    """Of four one is open, raised lately; the others have their outcome, and of these
    one in five has not been told of it."""
    category = DemandCategory.objects.offered().first()
    words = "门口停车难，送货车没有地方停"
    fill(
        Demand,
        {
            "id": "demand",
            "business_id": "business",
            "grid_id": "grid_id",
            "category_id": str(category.pk),
            "words": f"'{words}'",
            "source": "'visit'",
            "recorded_by_id": str(by.pk),
            "raised_on": "day",
            "first_word_on": "day",
            "state": "CASE WHEN open THEN 'new' WHEN told THEN 'told' ELSE 'answered' END",
            "due_on": "day + 7",
            "owed_by": "'网格员'",
            "outcome": "CASE WHEN open THEN '' ELSE '已划临时卸货位' END",
            "outcome_on": "CASE WHEN NOT open THEN day + 3 END",
            "first_outcome_on": "CASE WHEN NOT open THEN day + 3 END",
            "resolved": "CASE WHEN NOT open THEN true END",
            "tell_by": "CASE WHEN NOT open THEN day + 8 END",
            "told_on": "CASE WHEN NOT open AND told THEN day + 5 END",
            "told_how": "CASE WHEN NOT open AND told THEN 'visit' ELSE '' END",
            "told_by_id": f"CASE WHEN NOT open AND told THEN {by.pk} END",
            "search": f"'{search_text(words)}'",
        },
        f"""
        FROM (
            SELECT demand, 1 + {draw("demand", 41, rows)} AS business, open, told,
                date '{today}' - CASE WHEN open THEN 1 + {draw("demand", 42, 19)}
                    ELSE 7 + {draw("demand", 43, ASKED_FOR)} END::int AS day
            FROM (
                SELECT demand, {draw("demand", 44, 4)} = 0 AS open,
                    {draw("demand", 45, 5)} > 0 AS told
                FROM generate_series(1, {count}) AS demand
            ) AS drawn
        ) AS drawn
        JOIN enterprises_business ON enterprises_business.id = business
        ORDER BY day, demand
        """,
    )
    fill(
        DemandDue,
        {
            "id": "id",
            "demand_id": "id",
            "due_on": "due_on",
            "owed_by": "owed_by",
            "since": "raised_on",
            "reason": "'新登记'",
            "by_id": str(by.pk),
        },
        "FROM visits_demand",
    )


# --- what is computed -----------------------------------------------------------------


def _standing(root):
    """As `dashboard.standing` says it, of rows such as these: one place, one state and
    at most one coverage from the first day on, visits and demands."""
    rules = Rules.load().on(root, LIVE_ON)
    lapses = {"enterprise": rules.enterprises_take_part}
    lapses["merchant"] = rules.merchants_take_part
    asked = ", ".join(f"'{kind}'" for kind, asked in lapses.items() if asked) or "''"
    first = f"date '{LIVE_ON}'"
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMP TABLE bench_turn AS
            WITH turned AS (
                SELECT business_id, day, MAX(met) AS met FROM (
                    SELECT id, discovered_on, NULL::date FROM enterprises_business
                    UNION ALL
                    SELECT business_id, visited_on, visited_on FROM visits_visit
                        WHERE outcome <> 'absent'
                    UNION ALL
                    SELECT business_id, unnest(ARRAY[raised_on, outcome_on, told_on]),
                        NULL FROM visits_demand
                ) AS named (business_id, day, met)
                WHERE day IS NOT NULL GROUP BY 1, 2
            )
            SELECT business_id, day,
                MAX(met) OVER (PARTITION BY business_id ORDER BY day) AS met
            FROM turned
            """
        )
        cursor.execute("ANALYZE bench_turn")
        cursor.execute(
            "CREATE TEMP TABLE bench_asker AS"
            " SELECT DISTINCT business_id FROM visits_demand"
        )
        cursor.execute("ANALYZE bench_asker")
    fill(
        Standing,
        {
            "id": "row_number() OVER ()",
            "business_id": "state.business_id",
            "since": "day",
            "until": "LEAD(day) OVER (PARTITION BY state.business_id ORDER BY day)",
            "grid_id": "business.grid_id",
            "kind": "kind",
            "home_id": "business.grid_id",
            "operating": "business.state = 'operating'",
            "mode": "COALESCE(mode, '')",
            "visited": "met IS NOT NULL",
            "visited_until": f"COALESCE(met, {first}) + {rules.others_every}",
            "overdue_from": "overdue",
            "untold_from": "untold",
            "absent_from": f"CASE WHEN kind IN ({asked})"
            f" THEN GREATEST(discovered_on, {first}) + 366 END",
        },
        """
        FROM (
            SELECT *, LAG(ROW(met, overdue, untold))
                OVER (PARTITION BY business_id ORDER BY day) AS former
            FROM (
                SELECT turn.*, asked.* FROM bench_turn AS turn
                JOIN bench_asker USING (business_id)
                CROSS JOIN LATERAL (
                    SELECT MIN(due_on + 1) FILTER (
                            WHERE outcome_on IS NULL OR turn.day < outcome_on
                        ) AS overdue,
                        MIN(tell_by + 1) FILTER (
                            WHERE outcome_on <= turn.day
                            AND (told_on IS NULL OR turn.day < told_on)
                        ) AS untold
                    FROM visits_demand WHERE raised_on <= turn.day
                        AND visits_demand.business_id = turn.business_id
                ) AS asked
                UNION ALL
                SELECT turn.*, NULL, NULL FROM bench_turn AS turn
                WHERE NOT EXISTS (
                    SELECT FROM bench_asker
                    WHERE bench_asker.business_id = turn.business_id
                )
            ) AS told
        ) AS state
        JOIN enterprises_business AS business ON business.id = state.business_id
        LEFT JOIN enterprises_coverage AS coverage
            ON coverage.business_id = state.business_id
        WHERE former IS NULL
            OR former IS DISTINCT FROM ROW(state.met, state.overdue, state.untold)
        ORDER BY state.business_id, day
        """,
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_turn, bench_asker, bench_name")
        cursor.execute("ANALYZE dashboard_standing")


def _sums():
    """As the triggers of Standing add them up; days first, then months and years of
    these, which is ten times faster over millions of rows."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            CREATE TEMP TABLE bench_sum AS
            SELECT day, grid_id, home_id, mode,
                CASE
                    WHEN mode = '' THEN 0
                    WHEN NOT visited AND visited_until >= seen_on THEN -1
                    ELSE (visited_until < seen_on)::int
                        + 2 * COALESCE(overdue_from <= seen_on, false)::int
                        + 4 * COALESCE(untold_from <= seen_on, false)::int
                        + 8 * COALESCE(absent_from <= seen_on, false)::int
                END AS fails,
                SUM(sign) AS change
            FROM (
                SELECT row.*, turn.day, side.sign, turn.day - side.back AS seen_on
                FROM dashboard_standing AS row
                CROSS JOIN LATERAL (
                    SELECT DISTINCT day FROM (VALUES
                        (row.since), (row.until), (row.visited_until + 1),
                        (row.overdue_from), (row.untold_from), (row.absent_from)
                    ) AS named (day)
                    WHERE day >= row.since AND (row.until IS NULL OR day <= row.until)
                ) AS turn
                CROSS JOIN (VALUES (0, 1), (1, -1)) AS side (back, sign)
                WHERE row.operating
                    AND turn.day - side.back >= row.since
                    AND (row.until IS NULL OR turn.day - side.back < row.until)
            ) AS turned
            GROUP BY 1, 2, 3, 4, 5 HAVING SUM(sign) <> 0
            """
        )
    fill(
        StandingSum,
        {
            **{name: name for name in ("span", "grid_id", "home_id", "mode", "fails")},
            "day": "first",
            "change": "total",
        },
        """
        FROM (
            SELECT span, date_trunc(span, day::timestamp)::date AS first, grid_id,
                home_id, mode, fails, SUM(change) AS total
            FROM bench_sum CROSS JOIN (VALUES ('day'), ('month'), ('year')) AS part (span)
            GROUP BY 1, 2, 3, 4, 5, 6 HAVING SUM(change) <> 0
        ) AS summed ORDER BY span, first
        """,
    )
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bench_sum")
