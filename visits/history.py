"""What happened to a visit or a demand, in words, from the audit log."""

from tianshan.audit.models import Entry
from visits.models import Demand, DoorReport, Rating, TellingAttempt, Visit

SHOWN = 100


def told_history(subject):
    """`[{"at", "by", "words"}]`, latest first.

    Whoever sees the row may read what was done to it; the audit log as such stays
    the auditor's.
    """
    entries = Entry.objects.about(subject).filter(verb__in=SAID).for_list()
    return [
        {"at": entry.at, "by": entry.by, "words": SAID[entry.verb](entry.data)}
        for entry in entries[:SHOWN]
    ]


SAID = {
    "door.reported": lambda data: f"报：{DoorReport.Kind(data['kind']).label}",
    "door.confirmed": lambda data: f"核实：{data['reason']}",
    "door.declined": lambda data: f"没有采用：{data['reason']}",
    "visit.logged": lambda data: (
        f"记走访：{Visit.Outcome(data['outcome']).label}"
        + (f"，回告 {data['told']} 件诉求" if data.get("told") else "")
    ),
    "visit.taken_in": lambda data: "从旧表导入",
    "visit.taken_back": lambda data: "随导入撤回",
    "visit.corrected": lambda data: (
        "更正了走访" + (f"：{data['reason']}" if data.get("reason") else "")
    ),
    "visit.joined": lambda data: "和另一条走访并成一次",
    "visit.separated": lambda data: "和另一条走访分开",
    "visit.told_apart": lambda data: "记为和另一条不是重复",
    "visit.voided": lambda data: f"作废：{data['reason']}",
    "demand.taken_in": lambda data: f"从旧表导入，类别“{data['category']}”",
    "demand.taken_back": lambda data: "随导入撤回",
    "demand.raised": lambda data: (
        f"记诉求，类别“{data['category']}”"
        + (f"，保密，{data['handler']}经办" if data.get("handler") else "")
    ),
    "demand.answered": lambda data: (
        "答复，待回告" if data.get("resolved", True) else "答复办不到，待回告"
    ),
    "demand.answer_taken_back": lambda data: "撤销答复，恢复为原来的样子",
    "demand.urgent": lambda data: "标为紧急安全",
    "demand.declined": lambda data: "不予受理，待回告",
    "demand.joined": lambda data: "并入事项",
    "demand.taken_out": lambda data: "移出事项",
    "demand.owed": lambda data: f"期限改为 {data['due_on']}",
    "demand.recounted": lambda data: (
        f"节假日安排有变，应回告日期改为 {data['tell_by']}"
    ),
    "demand.ended": lambda data: "所属事项办结，待回告",
    "demand.followed": lambda data: (
        "走访更正，随着改了"
        + "、".join(
            Demand._meta.get_field(name).verbose_name for name in data["changed"]
        )
    ),
    "demand.untold": lambda data: "撤销回告，恢复为待回告",
    "demand.telling_tried": lambda data: (
        f"{TellingAttempt.How(data['how']).label}没联系上（{data['on']}）"
    ),
    "demand.attempt_taken_back": lambda data: f"撤销 {data['on']} 的没联系上",
    "demand.withdrawn": lambda data: f"本人撤回：{data['reason']}",
    "demand.mistaken": lambda data: f"记为误记：{data['reason']}",
    "demand.restored": lambda data: "恢复，接着办",
    "demand.made_confidential": lambda data: f"改为保密，{data['handler']}经办",
    "demand.made_open": lambda data: "取消保密",
    "demand.handed_over": lambda data: f"移交给{data['handler']}",
    "demand.rated": lambda data: (
        f"提出的人评价：{Rating.Verdict(data['verdict']).label}"
    ),
    "demand.sent_again": lambda data: "同样的话当天又扫码提了一次，仍是一件",
    "demand.called_back": lambda data: (
        f"第三人回访：{Rating.Verdict(data['verdict']).label}"
    ),
    "demand.explained": lambda data: "议事主体研商后说明，待回告",
    "demand.told": lambda data: f"已回告：{Demand.Told(data['how']).label}",
}
