"""What happened to an issue, in words: its steps, and the audit log of what is in it."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from issues.models import Matter, MeasurePart
from issues.models.rules import Step
from tianshan.audit.models import Entry
from tianshan.audit.verbs import VERBS
from visits.models import Demand

SHOWN = 100  # lines
# Steps that what is in the issue tells better: which matter, which measure.
TOLD_BELOW = {
    Step.ADD_MATTER,
    Step.ADD_MEASURE,
    Step.FINISH_MEASURE,
    Step.END_MATTER,
}


@dataclass
class Line:
    at: dt.datetime
    by: Any  # None: the portal itself, or an asker
    words: str
    for_whom: str = ""
    how: str = ""
    meeting: Any = None
    times: int = 1


def told_history(steps, matters, measures):
    """What was done to an issue and all that is in it: `Line`s, latest first.

    Its own steps say who, for whom, why and at which meeting; the rest is from the
    audit log. Whoever sees the issue may read it; the log as such stays the auditor's.
    No entry names an asker.
    """
    told = _of_entries(matters, measures)
    told += [_of_step(one) for one in reversed(steps) if one.step not in TOLD_BELOW]
    told.sort(key=lambda line: line.at, reverse=True)
    return told[:SHOWN]


def _of_step(step):
    words = step.get_step_display()
    if step.from_body_id != step.to_body_id:
        words += f"，交{step.to_body}"
    if step.skipped:
        words += f"（越过{step.skipped}）"
    if step.to_whom:
        words += f"，报{step.to_whom}"
    if step.until:
        words += f"，到 {step.until:%Y-%m-%d}"
    if step.reason:
        words += f"：{step.reason}"
    if step.tried:
        words += f"；已经做过：{step.tried}"
    return Line(step.at, step.by, words, step.for_whom, step.how, step.meeting)


def _of_entries(matters, measures):
    """Equal neighbours share a line: many joined one after the other."""
    about = Q(pk__in=[])
    subjects = {
        "issues.matter": {matter.pk: matter.title for matter in matters},
        "issues.measure": {measure.pk: measure.content for measure in measures},
        "issues.measurepart": {
            part.pk: f"{part.holder}：{part.content}"
            for part in MeasurePart.objects.filter(measure__in=measures).select_related(
                "unit", "organization"
            )
        },
    }
    for subject, titles in subjects.items():
        about |= Q(subject=subject, subject_id__in=titles)
    entries = Entry.objects.filter(about).select_related("by").order_by("-at", "-pk")
    lines = []
    for entry in entries[:SHOWN]:
        say = SAID.get(entry.verb)
        if say:
            words = say(subjects[entry.subject][entry.subject_id], entry.data)
            if not words:
                continue
            last = lines[-1] if lines else None
            if last and (last.words, last.by) == (words, entry.by):
                last.times += 1
                continue
            lines.append(Line(entry.at, entry.by, words, entry.on_behalf_of))
    return lines


def _of_part(title, data, verb):
    """The lead's part begins and ends with its measure, which says so itself."""
    if verb == "part.recounted":
        return f"节假日安排有变，“{title}”的期限改为 {data['due_on']}"
    if data.get("lead") and verb in ("part.assigned", "part.finished"):
        return ""
    reason = "" if verb == "part.assigned" else data.get("reason")  # its own words
    return f"{VERBS[verb]}“{title}”" + (f"：{reason}" if reason else "")


SAID = {
    "matter.dealt_with": lambda title, data: f"“{title}”由{data['body']}直接办理",
    "matter.carried": lambda title, data: f"事项“{title}”列入议题",
    "matter.withdrawn": lambda title, data: f"撤销事项“{title}”",
    "matter.joined": lambda title, data: f"一件诉求并入“{title}”",
    "matter.case_noted": lambda title, data: f"记下“{title}”的外部案号",
    "matter.merged": lambda title, data: (
        f"另一个事项并入“{title}”，带来 {data['demands']} 件诉求"
    ),
    "matter.unmerged": lambda title, data: (
        f"撤销并入“{title}”的合并，退回 {data['demands']} 件诉求"
    ),
    "matter.reopened": lambda title, data: f"事项“{title}”重新办理",
    "matter.added": lambda title, data: f"加入事项“{title}”",
    "matter.left": lambda title, data: f"一件诉求移出“{title}”",
    "matter.ended": lambda title, data: (
        f"事项“{title}”办结：{Matter.Ending(data['ending']).label}"
    ),
    "matter.told": lambda title, data: (
        f"“{title}”回告 {data['demands']} 件：{Demand.Told(data['how']).label}"
    ),
    "measure.decided": lambda title, data: f"定措施“{title}”，{data['due_on']} 到期",
    "measure.finished": lambda title, data: f"措施“{title}”完成",
    **{
        verb: lambda title, data, verb=verb: _of_part(title, data, verb)
        for verb in VERBS
        if verb.startswith("part.")
    },
}
