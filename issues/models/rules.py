"""The steps of an issue: who may, from which state, to which, and what it needs.

One table. The buttons (`issues.steps`), the actions (`issues.taking`) and the database
(`issues.models.step`) read it; no state, level or body of an issue changes otherwise.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.db import models

from accounts.rights import BY_ORGANIZATION, BY_UNIT, Right, roles_with
from issues.models.bodies import Level


class State(models.TextChoices):
    PROPOSED = "proposed", "待研商"
    DELIBERATING = "deliberating", "研商中"
    DECIDED = "decided", "已定措施"
    IN_PROGRESS = "in_progress", "办理中"
    FEEDBACK = "feedback", "待回告"
    SUSPENDED = "suspended", "暂缓"
    CLOSED = "closed", "已办结"
    WITHDRAWN = "withdrawn", "已撤回"


class Step(models.TextChoices):
    PROPOSE = "propose", "提出议题"
    ADD_MATTER = "add_matter", "加入事项"
    PUT_ON_TABLE = "put_on_table", "列入会议"
    CARRY_OVER = "carry_over", "留到下次会议"
    DECIDE = "decide", "研商定措施"
    ADD_MEASURE = "add_measure", "增加措施"
    FINISH_MEASURE = "finish_measure", "登记措施完成"
    ESCALATE = "escalate", "提级"
    SEND_BACK = "send_back", "退回下一级"
    PASS_UP = "pass_up", "上报区级"
    SUSPEND = "suspend", "暂缓"
    RESUME = "resume", "恢复办理"
    WITHDRAW = "withdraw", "撤回议题"
    REOPEN = "reopen", "重新办理"
    END_MATTER = "end_matter", "办结事项"
    CLOSE = "close", "办结议题"
    SETTLE = "settle", "回告齐了，议题办结"
    UNSETTLE = "unsettle", "回告作废，恢复待回告"
    CALL_TOGETHER = "call_together", "召集研商"
    HAND_OUT = "hand_out", "交办"
    SUPERVISE = "supervise", "督办"
    ANSWER_SUPERVISION = "answer_supervision", "答复督办"


class Who(StrEnum):
    """Who takes a step; the words are shown where it is not the reader's."""

    PROPOSER = "提议题的人"
    BODY = "议事主体"
    LEAD = "主办单位"
    CALLER = "街道领导（召集）"
    HANDER = "街道领导（交办）"
    SUPERVISOR = "街道领导（督办）"
    FOLLOWS = "自动"  # it follows from another act, whoever did that


class Move(StrEnum):
    """What becomes of the level."""

    START = "start"
    STAY = "stay"
    UP = "up"
    DOWN = "down"
    ANY = "any"


@dataclass(frozen=True)
class Rule:
    """One line of the table. `to=None`: the state stays."""

    step: Step
    who: tuple
    frm: tuple
    to: State | None
    move: Move = Move.STAY
    needs: tuple = ()  # what the step's row must say

    def ends(self, state):
        return self.to or state


# The right that decides at each level. The grid clerk may act for whoever holds it.
DECIDES = {
    Level.BRANCH: Right.DECIDE_IN_BRANCH,
    Level.COMMITTEE: Right.DECIDE_IN_COMMITTEE,
    Level.CONFERENCE: Right.DECIDE_IN_CONFERENCE,
}
LEADER = {
    Who.CALLER: Right.CALL_TOGETHER,
    Who.HANDER: Right.HAND_OUT,
    Who.SUPERVISOR: Right.SUPERVISE,
}

_S = State
TALKED = (_S.PROPOSED, _S.DELIBERATING)  # nothing decided yet
DONE = (_S.DECIDED, _S.IN_PROGRESS)  # decided, being carried out
LIVE = TALKED + DONE
OPEN = (*LIVE, _S.FEEDBACK, _S.SUSPENDED)
FINAL = (_S.CLOSED, _S.WITHDRAWN)

_BODY = (Who.BODY,)
_T = Step

# step, who, from, to, what becomes of the level, what it needs
RULES = (
    Rule(_T.PROPOSE, (Who.PROPOSER,), ("",), _S.PROPOSED, Move.START),
    Rule(_T.ADD_MATTER, (Who.PROPOSER,), TALKED, None),
    Rule(_T.PUT_ON_TABLE, _BODY, (_S.PROPOSED,), _S.DELIBERATING),
    Rule(_T.CARRY_OVER, _BODY, (_S.DELIBERATING,), _S.PROPOSED, needs=("reason",)),
    Rule(_T.DECIDE, _BODY, TALKED, _S.DECIDED),
    Rule(_T.ADD_MEASURE, _BODY, DONE, None),
    Rule(_T.FINISH_MEASURE, (Who.BODY, Who.LEAD), DONE, _S.IN_PROGRESS),
    # Measures of a lower level run on while a higher one deliberates.
    Rule(_T.FINISH_MEASURE, (Who.BODY, Who.LEAD), TALKED, None),
    Rule(_T.ESCALATE, _BODY, LIVE, _S.PROPOSED, Move.UP, ("reason", "tried")),
    Rule(_T.SEND_BACK, _BODY, TALKED, _S.PROPOSED, Move.DOWN, ("reason",)),
    Rule(_T.PASS_UP, _BODY, LIVE, _S.FEEDBACK, needs=("reason", "to_whom")),
    Rule(_T.SUSPEND, _BODY, LIVE, _S.SUSPENDED, needs=("reason", "until")),
    Rule(_T.RESUME, _BODY, (_S.SUSPENDED,), _S.PROPOSED),
    Rule(_T.RESUME, _BODY, (_S.SUSPENDED,), _S.DECIDED),
    Rule(_T.RESUME, _BODY, (_S.SUSPENDED,), _S.IN_PROGRESS),
    Rule(
        _T.WITHDRAW,
        (Who.BODY, Who.PROPOSER),
        TALKED,
        _S.WITHDRAWN,
        needs=("reason",),
    ),
    Rule(_T.REOPEN, _BODY, (_S.FEEDBACK, *FINAL), _S.PROPOSED, needs=("reason",)),
    Rule(_T.END_MATTER, _BODY, (_S.DELIBERATING,), None),
    Rule(_T.END_MATTER, _BODY, DONE, _S.IN_PROGRESS),
    Rule(_T.END_MATTER, _BODY, (_S.DELIBERATING, *DONE), _S.FEEDBACK),
    Rule(_T.CLOSE, _BODY, (_S.FEEDBACK,), _S.CLOSED),
    Rule(_T.SETTLE, (Who.FOLLOWS,), (_S.FEEDBACK,), _S.CLOSED),
    Rule(_T.UNSETTLE, (Who.FOLLOWS,), (_S.CLOSED,), _S.FEEDBACK),
    Rule(_T.CALL_TOGETHER, (Who.CALLER,), LIVE, None, needs=("reason",)),
    Rule(
        _T.CALL_TOGETHER,
        (Who.CALLER,),
        TALKED,
        _S.PROPOSED,
        Move.ANY,
        needs=("reason",),
    ),
    Rule(_T.HAND_OUT, (Who.HANDER,), TALKED, _S.DECIDED),
    Rule(_T.HAND_OUT, (Who.HANDER,), DONE, None),
    Rule(_T.SUPERVISE, (Who.SUPERVISOR,), OPEN, None, needs=("reason",)),
    Rule(_T.ANSWER_SUPERVISION, (Who.BODY, Who.LEAD), OPEN, None, needs=("reason",)),
)


def rules_of(step, state=None):
    return [rule for rule in RULES if rule.step == step and state in (None, *rule.frm)]


# Roles that may stand in the row of a step, by who takes it; `None`: whoever it was.
LEADS = sorted(BY_UNIT | BY_ORGANIZATION)
CLERKS = roles_with(Right.ACT_ON_BEHALF)
PROPOSERS = sorted(set(roles_with(Right.PROPOSE_ISSUES)) - set(CLERKS))


def allowed(step, state, to, level, role, *, on_behalf, to_level=None):
    """Does a line of the table allow this? The database asks the same (`step.py`)."""
    to_level = level if to_level is None else to_level
    return any(
        rule.ends(state) == to
        and moves(rule.move, level, to_level)
        and any(takes(who, level, role, on_behalf) for who in rule.who)
        for rule in rules_of(step, state)
    )


def moves(move, level, to_level):
    return {
        Move.START: level is None,
        Move.STAY: level == to_level,
        Move.UP: level is not None and level < to_level,
        Move.DOWN: level is not None and level > to_level,
        Move.ANY: level is not None,
    }[move]


def takes(who, level, role, on_behalf):
    if who == Who.FOLLOWS:
        return True
    if who in LEADER:
        return role in roles_with(LEADER[who])
    if role in CLERKS and on_behalf:
        return True
    if who == Who.LEAD:
        return role in LEADS or (role == "" and on_behalf)
    if who == Who.BODY:
        return role in roles_with(DECIDES[level])
    return role in PROPOSERS
