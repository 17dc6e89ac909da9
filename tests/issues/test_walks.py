"""Whatever is done in whatever order: one owner, no dead end, and steps that replay.

The full matrix of states, steps and roles is put to the database; the actions refuse
first by right and then by state, so each of the two is put to them for every step.
"""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.rights import Role
from issues import actions, fixing, ladder
from issues.models import Issue, IssueStep, Level, Matter, rules
from issues.models.rules import RULES, Move, State, Step, allowed, rules_of
from issues.spent import at_levels, replayed, stints
from tests.factories import (
    NOON,
    TODAY,
    BodyFactory,
    DemandFactory,
    OfficerFactory,
    OrganizationFactory,
    PostFactory,
    walk,
)

pytestmark = pytest.mark.django_db

LATER = TODAY + dt.timedelta(20)
FEW = settings(
    max_examples=6,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def world(grid, street, market, body, conference, branch, unit, secretary, demand):
    """An issue at the committee's level, with a body below it and one above."""
    organization = OrganizationFactory(name="茶城楼宇党委", grid=grid)
    committee = BodyFactory(level=Level.COMMITTEE, grid=grid, organization=organization)
    committee.buildings.add(market)
    users = {Role.BRANCH_SECRETARY: secretary}
    office = OfficerFactory(
        post__role=Role.BUILDING_SECRETARY, post__grid=grid, organization=organization
    )
    users[Role.BUILDING_SECRETARY] = office.post.user
    for role in Role:
        if role not in users:
            where = street if role == Role.STREET_LEADER else grid
            users[role] = PostFactory(role=role, grid=where).user
    issue = actions.propose(
        demand,
        title="茶城减负",
        wish="避开开市清运",
        level=Level.COMMITTEE,
        by=secretary,
        at=NOON,
    )
    bodies = {one.level: one for one in (body, committee, conference)}
    return {"issue": issue, "users": users, "bodies": bodies, "unit": unit}


# --- the table itself ----------------------------------------------------------------


def test_no_state_is_dead():
    for state in State:
        reached, queue = {state}, [state]
        for now in queue:
            for rule in RULES:
                if now in rule.frm and rule.ends(now) not in reached:
                    reached.add(rule.ends(now))
                    queue.append(rule.ends(now))
        assert State.CLOSED in reached
        assert len(reached) > 1


def test_every_step_stands_in_the_table():
    assert {rule.step for rule in RULES} == set(Step)


# --- the database --------------------------------------------------------------------


def write(issue, step, to, body, role, for_whom):
    return IssueStep.objects.create(
        issue=issue,
        step=step,
        from_state=issue.state,
        to_state=to,
        from_level=issue.level,
        to_level=body.level,
        from_body=issue.body,
        to_body=body,
        role=role,
        for_whom=for_whom,
        at=NOON,
        reason="原因",
        tried="做过",
        to_whom="区里",
        until=LATER,
    )


# Writes a step of an issue, undoes it, and says whether it was taken.
TRIED = """
CREATE FUNCTION pg_temp.tried(
    issue issues_issue, step text, ends text, level int, body bigint,
    role text, for_whom text
) RETURNS boolean AS $$
BEGIN
    INSERT INTO issues_issuestep (
        issue_id, step, from_state, to_state, from_level, to_level, from_body_id,
        to_body_id, role, for_whom, how, at, reason, tried, until, to_whom, skipped
    ) VALUES (
        issue.id, step, issue.state, ends, issue.level, level, issue.body_id,
        body, role, for_whom, '', now(), 'a', 'b', current_date, 'c', ''
    );
    RAISE EXCEPTION 'undone' USING ERRCODE = 'TS001';
EXCEPTION
    WHEN check_violation THEN RETURN FALSE;
    WHEN SQLSTATE 'TS001' THEN RETURN TRUE;
END $$ LANGUAGE plpgsql
"""


@pytest.mark.parametrize("state", State)
def test_the_database_takes_what_the_table_holds_and_nothing_else(world, state):
    issue, bodies = walk(world["issue"], state), world["bodies"]
    actors = [(role, "") for role in ("", *Role)] + [(Role.GRID_CLERK, "网格长")]
    moved = {Move.UP: bodies[3], Move.DOWN: bodies[1], Move.ANY: bodies[3]}
    asked = [
        (step, to, body.level, body.pk, role, for_whom)
        for step in Step
        for to in State
        for body in {moved.get(r.move, issue.body) for r in rules_of(step)}
        for role, for_whom in actors
    ]
    with connection.cursor() as cursor:
        cursor.execute(TRIED)
        cursor.execute(
            "SELECT pg_temp.tried(issue, t.step, t.ends, t.level, t.body, t.role, t.whom)"
            " FROM issues_issue AS issue, ROWS FROM (unnest(%s::text[]),"
            " unnest(%s::text[]), unnest(%s::int[]), unnest(%s::bigint[]),"
            " unnest(%s::text[]), unnest(%s::text[])) WITH ORDINALITY"
            " AS t(step, ends, level, body, role, whom, n)"
            " WHERE issue.id = %s ORDER BY n",
            [
                *(list(map(type_of, part)) for part in zip(*asked, strict=True)),
                issue.pk,
            ],
        )
        taken = [row[0] for row in cursor.fetchall()]

    held = [
        step != Step.PROPOSE
        and allowed(
            step,
            state,
            to,
            issue.level,
            role,
            on_behalf=bool(for_whom),
            to_level=level,
        )
        for step, to, level, _, role, for_whom in asked
    ]
    assert [one for one, a, b in zip(asked, taken, held, strict=True) if a != b] == []
    assert any(taken)


def type_of(value):
    return str(value) if isinstance(value, str) else int(value)


@pytest.mark.parametrize(
    "change",
    [
        {"state": "decided"},
        {"state": "closed", "closed_on": TODAY},
        {"level": 3},
        {"body": "conference"},
    ],
)
def test_nothing_changes_an_issue_past_its_steps(world, conference, change):
    if "body" in change:
        change = {"body": conference, "level": 3}

    with pytest.raises(IntegrityError), transaction.atomic():
        Issue.objects.filter(pk=world["issue"].pk).update(**change)


def test_an_issue_without_a_first_step_is_not_kept(world, body, secretary):
    Issue.objects.create(
        title="没人提过",
        level=1,
        state=State.PROPOSED,
        body=body,
        grid=body.grid,
        raised_on=TODAY,
        raised_by=secretary,
    )

    with pytest.raises(IntegrityError), transaction.atomic():
        check_what_is_deferred()
    Issue.objects.get(title="没人提过").steps.create(
        step=Step.PROPOSE,
        to_state=State.PROPOSED,
        to_level=1,
        to_body=body,
        role=Role.BRANCH_SECRETARY,
        at=NOON,
    )


def test_a_step_that_was_not_taken_is_not_kept(world):
    issue = world["issue"]
    write(issue, Step.DECIDE, State.DECIDED, issue.body, Role.BUILDING_SECRETARY, "")

    with pytest.raises(IntegrityError), transaction.atomic():
        check_what_is_deferred()
    Issue.objects.filter(pk=issue.pk).update(state=State.DECIDED)


def test_steps_are_neither_changed_nor_deleted(world):
    steps = IssueStep.objects.all()
    for act in (lambda: steps.update(reason="改"), steps.delete):
        with pytest.raises(Exception, match="Cannot"), transaction.atomic():
            act()


def check_what_is_deferred():
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


# --- the actions ---------------------------------------------------------------------


def first(rows):
    row = rows.first()
    if row is None:
        raise actions.Refused("没有了")
    return row


def ending(issue):
    return {
        "ending": "explained",
        "before": "",
        "after": "不能改",
        "benefited": None,
    }


def measure_of(world):
    return {
        "content": "改线",
        "lead": world["unit"],
        "due_on": LATER,
    }


ACTS = {
    Step.PUT_ON_TABLE: lambda w, i, **who: ladder.put_on_table(i, **who),
    Step.CARRY_OVER: lambda w, i, **who: ladder.carry_over(i, reason="未到", **who),
    Step.DECIDE: lambda w, i, **who: actions.decide(
        i, opinion="同意", matter=first(i.matters.open()), **measure_of(w), **who
    ),
    Step.ADD_MEASURE: lambda w, i, **who: fixing.add_measure(
        i, matter=first(i.matters.all()), **measure_of(w), **who
    ),
    Step.FINISH_MEASURE: lambda w, i, **who: fixing.finish_measure(
        first(i.measures.all()), result="好了", **who
    ),
    Step.ESCALATE: lambda w, i, **who: ladder.escalate(
        i, reason="跨部门", tried="谈过", **who
    ),
    Step.SEND_BACK: lambda w, i, **who: ladder.send_back(i, reason="能定", **who),
    Step.PASS_UP: lambda w, i, **who: ladder.pass_up(
        i, to_whom="区里", reason="区里定", **who
    ),
    Step.SUSPEND: lambda w, i, **who: ladder.suspend(
        i, until=LATER, reason="等租约", **who
    ),
    Step.RESUME: lambda w, i, **who: ladder.resume(i, **who),
    Step.WITHDRAW: lambda w, i, **who: ladder.withdraw(i, reason="谈妥", **who),
    Step.REOPEN: lambda w, i, **who: ladder.reopen(i, reason="又来", **who),
    Step.END_MATTER: lambda w, i, **who: actions.end_matter(
        first(i.matters.all()), **ending(i), **who
    ),
    Step.CLOSE: lambda w, i, **who: actions.close(i, **who),
    Step.CALL_TOGETHER: lambda w, i, **who: ladder.call_together(
        i, body=w["bodies"][3], on=LATER, reason="一起谈", **who
    ),
    Step.HAND_OUT: lambda w, i, **who: ladder.hand_out(
        i, matter=first(i.matters.open()), **measure_of(w), **who
    ),
    Step.SUPERVISE: lambda w, i, **who: ladder.supervise(i, words="快办", **who),
    Step.ANSWER_SUPERVISION: lambda w, i, **who: ladder.answer_supervision(
        first(i.supervisions.all()), answer="已办", **who
    ),
}
# The others follow from acts of their own, or begin with a demand.
WITHOUT = {Step.PROPOSE, Step.ADD_MATTER, Step.SETTLE, Step.UNSETTLE}


def test_each_step_has_its_act():
    assert set(ACTS) | WITHOUT == set(Step)


@pytest.fixture
def supervised(world):
    ladder.supervise(
        world["issue"], words="快", by=world["users"][Role.STREET_LEADER], at=NOON
    )
    matter = world["issue"].matters.get()
    world["issue"].measures.create(
        matter=matter,
        content="先做",
        lead_unit=world["unit"],
        decided_on=TODAY,
        due_on=LATER,
    )
    return world


@pytest.mark.parametrize("step", sorted(ACTS))
def test_the_action_is_refused_to_every_role_that_may_not(supervised, step):
    issue = supervised["issue"]
    rule = rules_of(step)[0]
    for role, user in supervised["users"].items():
        may = any(
            rules.takes(who, issue.level, role, on_behalf=role == Role.GRID_CLERK)
            for who in rule.who
            if who != rules.Who.LEAD  # officers of that unit alone
        )
        if not may:
            with pytest.raises(PermissionDenied):
                ACTS[step](supervised, issue, by=user, at=NOON)


@pytest.mark.parametrize("step", sorted(ACTS))
def test_the_action_is_refused_in_every_state_that_it_does_not_start_from(
    supervised, step
):
    issue, users = supervised["issue"], supervised["users"]
    leads = any(who in rules.LEADER for rule in rules_of(step) for who in rule.who)
    by = users[Role.STREET_LEADER if leads else Role.BUILDING_SECRETARY]
    for state in set(State) - Issue.STEPS[step]:
        with transaction.atomic():
            walk(issue, state)
            with pytest.raises(actions.Refused):
                ACTS[step](supervised, issue, by=by, at=NOON)
            transaction.set_rollback(True)
        issue.refresh_from_db()


# --- random walks --------------------------------------------------------------------

MOVES = st.lists(
    st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 30), st.integers(0, 3)),
    min_size=8,
    max_size=16,
)


@FEW
@given(MOVES)
def test_a_walk_keeps_one_owner_and_replays(world, moves):
    users = world["users"]
    strong = [
        users[Role.STREET_LEADER],
        users[Role.BUILDING_SECRETARY],
        users[Role.GRID_CHIEF],
        users[Role.BRANCH_SECRETARY],
        users[Role.GRID_CLERK],
    ]
    everyone = list(users.values()) + strong * 3
    with transaction.atomic():
        at = NOON
        for step, who, days in moves:
            at += dt.timedelta(days=days)
            issue = Issue.objects.get(pk=world["issue"].pk)
            try:
                ACTS[step](world, issue, by=everyone[who % len(everyone)], at=at)
            except (actions.Refused, PermissionDenied):
                pass
            issue = Issue.objects.select_related("body").get(pk=issue.pk)
            steps = list(issue.steps.select_related("to_body"))
            assert replayed(steps) == (issue.state, issue.level, issue.body_id)
            assert issue.body.level == issue.level
            assert {m.owner for m in Matter.objects.filter(issue=issue)} == {issue.body}
            assert any(issue.state in rule.frm for rule in RULES)
        whole = sum((one.time for one in stints(steps, at)), dt.timedelta())
        assert whole == sum(at_levels(steps, at).values(), dt.timedelta())
        if issue.state not in Issue.FINAL and not any(
            one.to_state in Issue.FINAL for one in steps
        ):
            assert whole == at - steps[0].at
        check_what_is_deferred()
        transaction.set_rollback(True)


@FEW
@given(st.lists(st.sampled_from("同异外"), min_size=1, max_size=4))
def test_joining_and_taking_out_is_as_if_nothing_had_been(
    world, shop, tower, other_grid, secretary, places
):
    places_of = {
        "同": {},
        "异": {"building": tower},
        "外": {"building": None, "grid": other_grid},
    }

    def picture(demands):
        issue = Issue.objects.get(pk=world["issue"].pk)
        matter = issue.matters.get()
        for demand in demands:
            demand.refresh_from_db()
        return (
            (issue.state, issue.level, issue.body_id, issue.grid_id),
            (issue.building_id, matter.grid_id, matter.building_id),
            sorted(matter.links.in_force().values_list("demand", flat=True)),
            [
                (d.state, d.words, d.due_on, d.owed_by, d.raised_on, d.visit_id)
                for d in demands
            ],
        )

    with transaction.atomic():
        demands = [DemandFactory(business=shop(**places_of[place])) for place in places]
        for demand in demands:
            demand.dues.create(
                due_on=demand.due_on,
                owed_by=demand.owed_by,
                since=TODAY,
                reason="提出",
            )
        matter = world["issue"].matters.get()
        before = picture(demands)
        for demand in demands:
            actions.join(matter, demand, by=secretary, at=NOON)
        for demand in reversed(demands):
            actions.take_out(demand, by=secretary, at=NOON)
        assert picture(demands) == before
        transaction.set_rollback(True)
