"""What happened to an issue, in words, from the audit log."""

from django.db.models import Q

from issues.models import Level, Matter
from tianshan.audit.models import Entry
from visits.models import Demand

SHOWN = 100  # entries; equal neighbours share a line


def told_history(issue, matters, measures):
    """`[{"at", "by", "words", "times"}]`, latest first, of one issue and all that is in it.

    Whoever sees the issue may read what was done to it; the audit log as such stays
    the auditor's. No entry names an asker.
    """
    about = Q(pk__in=[])
    subjects = {
        "issues.issue": {issue.pk: issue.title},
        "issues.matter": {matter.pk: matter.title for matter in matters},
        "issues.measure": {measure.pk: measure.content for measure in measures},
    }
    for subject, titles in subjects.items():
        about |= Q(subject=subject, subject_id__in=titles)
    entries = Entry.objects.filter(about).select_related("by").order_by("-at", "-pk")
    lines = []
    for entry in entries[:SHOWN]:
        say = SAID.get(entry.verb)
        if say:
            words = say(subjects[entry.subject][entry.subject_id], entry.data)
            last = lines[-1] if lines else None
            if last and (last["words"], last["by"]) == (words, entry.by):
                last["times"] += 1  # many joined one after the other: one line
                continue
            lines.append({"at": entry.at, "by": entry.by, "words": words, "times": 1})
    return lines


def _level(data):
    return Level(data["level"]).label


SAID = {
    "issue.proposed": lambda title, data: f"提出议题，交{_level(data)}研商",
    "issue.decided": lambda title, data: f"{_level(data)}研商，定下措施",
    "issue.reopened": lambda title, data: "一户的回告作废，议题恢复为待回告",
    "issue.closed": lambda title, data: "议题办结",
    "matter.joined": lambda title, data: f"一件诉求并入“{title}”",
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
}
