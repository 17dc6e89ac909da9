"""What may be done next with an issue, and by whom, as its page says it."""

from dataclasses import dataclass

from django.urls import reverse

from accounts.rights import Right
from issues.models import Issue
from visits.models import Demand


@dataclass(frozen=True)
class Step:
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
    if issue.state == Issue.State.CLOSED:
        return []
    mine = issue.may_be_decided_by(user)
    by_body = f"由{issue.body}办理"
    steps = []

    def step(label, icon, url, hint, *, obstacle="", allowed=mine, who=by_body, **how):
        if obstacle:
            steps.append(Step(label, icon, obstacle))
        elif not allowed:
            steps.append(Step(label, icon, who))
        else:
            steps.append(Step(label, icon, hint, url, **how))

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
            for measure in matter.measures_open:
                step(
                    f"登记完成：{measure.content}",
                    "checkbox",
                    reverse("issues:measure_finish", args=[measure.pk]),
                    f"{measure.lead}主办，{measure.due_on:%Y-%m-%d} 到期",
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
                who="由议事主体或提出者所属党组织回告",
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


def to_tell(matter, user):
    """The matter's untold demands that the user may record as told."""
    demands = Demand.objects.untold().filter(
        pk__in=matter.links.in_force().values("demand")
    )
    if matter.issue and matter.issue.may_be_decided_by(user):
        return demands
    theirs = Demand.objects.visible_to(user, Right.ANSWER_DEMANDS)
    return demands.filter(pk__in=theirs.values("pk"))


def may_tell_some(matter, user):
    return to_tell(matter, user).exists()
