"""What may be done next with an issue, and by whom, as its page says it."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone

from accounts.rights import Right
from issues.fixing import held_back
from issues.ladder_forms import FORMS
from issues.models import Issue
from issues.models.rules import DONE, LEADER, TALKED, Step, rules_of
from issues.place import next_body
from issues.taking import acting_in
from visits.models import Demand


@dataclass(frozen=True)
class Next:
    """One thing that comes next. Without `url` it is locked, and `why` says why."""

    label: str
    icon: str
    why: str
    url: str = ""
    post: bool = False

    @property
    def open(self):
        return bool(self.url)


def next_steps(issue, matters, user):
    """The steps from the issue's state on; `matters` as `views` has counted them.

    A step is open when the state allows it, nothing stands in its way, and it is the
    user's. The actions ask all of it again.
    """
    if issue.state in Issue.FINAL:
        return []
    mine = issue.may_be_decided_by(user)
    by_body = f"由{issue.body}办理"
    steps = []

    def step(label, icon, url, hint, *, obstacle="", allowed=mine, who=by_body, **how):
        if obstacle:
            steps.append(Next(label, icon, obstacle))
        elif not allowed:
            steps.append(Next(label, icon, who))
        else:
            steps.append(Next(label, icon, hint, url, **how))

    open_steps = issue.open_steps
    if "decide" in open_steps:
        step(
            "研商并定措施",
            "clipboard-check",
            reverse("issues:issue_decide", args=[issue.pk]),
            "记下意见，定下措施、主办和期限",
        )
    running = [matter for matter in matters if "end" in matter.open_steps]
    if "finish_measure" in open_steps:
        for matter in running:
            for measure in matter.measures_all:
                if measure.done_on:
                    continue
                step(
                    f"登记完成：{measure.content}",
                    "checkbox",
                    reverse("issues:measure_finish", args=[measure.pk]),
                    f"{measure.lead}主办，{measure.due_on:%Y-%m-%d} 到期",
                    obstacle=held_back(measure.parts_all),
                )
    for matter in running:
        left = len(matter.measures_open)
        if "end_matter" not in open_steps:
            obstacle = "先研商，定下措施"
        else:
            obstacle = f"还有 {left} 项措施没有完成" if left else ""
        step(
            f"办结事项：{matter.title}",
            "flag",
            reverse("issues:matter_end", args=[matter.pk]),
            "写明变化前和变化后",
            obstacle=obstacle,
        )
    if "add_measure" in open_steps and running:
        step(
            "增加措施",
            "circle-plus",
            reverse("issues:measure_add", args=[issue.pk]),
            "一项不够时再定一项",
        )
    for matter in matters:
        if matter in running:
            step("逐户回告", "send", "", "", obstacle="事项办结后才能回告")
        elif matter.untold:
            step(
                f"逐户回告：{matter.title}",
                "send",
                reverse("issues:matter_tell", args=[matter.pk]),
                f"还有 {matter.untold} 件没有回告",
                allowed=mine or may_tell_some(matter, user),
                who="由议事主体或提出的人所属党组织回告",
            )
    untold = sum(matter.untold for matter in matters)
    if running:
        obstacle = f"还有 {len(running)} 个事项没有办结"
    else:
        obstacle = f"还有 {untold} 件诉求没有回告" if untold else ""
    step(
        "办结议题",
        "circle-check",
        reverse("issues:issue_close", args=[issue.pk]),
        "所有提出的人都已回告",
        obstacle=obstacle,
        post=True,
    )
    return steps


LADDER = (
    Step.CALL_TOGETHER,
    Step.HAND_OUT,
    Step.SUPERVISE,
    Step.ESCALATE,
    Step.SEND_BACK,
    Step.PASS_UP,
    Step.SUSPEND,
    Step.RESUME,
    Step.WITHDRAW,
    Step.REOPEN,
)


def ladder_steps(issue, user):
    """The steps that change the issue's way, as the table has them; a leader's own to
    a leader alone."""
    steps = []
    for step in LADDER:
        if step not in issue.open_steps or not _fits(issue, step):
            continue
        rule = rules_of(step)[0]
        _, icon, hint = FORMS[step]
        if acting_in(issue, step, user) is not None:
            url = reverse("issues:issue_step", args=[issue.pk, step])
            if step == Step.CALL_TOGETHER:  # the body's meeting is made with it
                url = reverse("issues:issue_call", args=[issue.pk])
            steps.append(Next(step.label, icon, hint, url))
        elif rule.who[0] not in LEADER:
            steps.append(Next(step.label, icon, f"由{issue.body}办理"))
    return steps


def _fits(issue, step):
    """Up where there is a body above, down where there is one below, out where none."""
    if step in (Step.ESCALATE, Step.PASS_UP):
        above, _ = next_body(issue, up=True)
        return (above is not None) == (step == Step.ESCALATE)
    if step == Step.SEND_BACK:
        return next_body(issue, up=False)[0] is not None
    return True


def stuck(issue, measures, steps, now):
    """`(where, next)`: where it is stuck (卡点), and who has to do what next."""
    today = timezone.localdate(now)
    late = [one for one in measures if not one.done_on and one.due_on < today]
    if late:
        worst = min(late, key=lambda one: one.due_on)
        days = (today - worst.due_on).days
        where = f"措施“{worst.content}”过期 {days} 天"
        return where, f"{worst.lead}办完，或由{issue.body}研商改期"
    if issue.state == Issue.State.SUSPENDED:
        last = next(one for one in reversed(steps) if one.step == Step.SUSPEND)
        over = "已到期，" if last.until <= today else ""
        return (
            f"暂缓到 {last.until:%Y-%m-%d}：{last.reason}",
            f"{over}{issue.body}恢复办理",
        )
    if issue.state in TALKED:
        days = (now - _since(steps, issue)).days
        return f"等{issue.body}研商，已 {days} 天", f"{issue.body}开会研商"
    if issue.state in DONE:
        running = [one for one in measures if not one.done_on]
        if running:
            first = min(running, key=lambda one: one.due_on)
            return "", f"{first.lead}在 {first.due_on:%Y-%m-%d} 前完成“{first.content}”"
        return "措施都完成了，事项还没有办结", f"{issue.body}办结事项"
    if issue.state == Issue.State.FEEDBACK:
        return "还有提出的人没有回告", "逐户回告"
    return "", ""


def _since(steps, issue):
    """When the body that has it now got it."""
    got = [one for one in steps if one.from_body_id != one.to_body_id]
    return got[-1].at if got else issue.steps.first().at


def to_tell(matter, user):
    """The matter's untold demands that the user may record as told."""
    demands = Demand.objects.untold().filter(
        pk__in=matter.links.in_force().values("demand")
    )
    if matter.may_be_decided_by(user):
        return demands
    theirs = Demand.objects.visible_to(user, Right.ANSWER_DEMANDS)
    return demands.filter(pk__in=theirs.values("pk"))


def may_tell_some(matter, user):
    return to_tell(matter, user).exists()
