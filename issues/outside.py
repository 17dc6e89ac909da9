"""A matter that is known outside too: its number there, and words to copy out."""

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right
from issues.models import Matter
from issues.taking import Refused, lock_issue, lock_matter, said
from tianshan.audit import record


@transaction.atomic
def note_case(matter, *, system, number, by, at):
    """Note under which number an outside system (城运, 12345) has it."""
    if matter.issue_id:
        lock_issue(matter.issue)
    matter = lock_matter(matter)
    seen = Matter.objects.visible_to(by, Right.PROPOSE_ISSUES).filter(pk=matter.pk)
    if not seen.exists():
        raise PermissionDenied
    if matter.state not in (Matter.State.OPEN, Matter.State.ENDED):
        raise Refused(f"事项现在是“{matter.get_state_display()}”，不用记案号。")
    matter.outside_system = system
    matter.outside_number = said(number, "请写外部案号。")
    matter.save(update_fields=["outside_system", "outside_number"])
    record("matter.case_noted", matter, by=by, at=at)
    return matter


def words_for_outside(matter, links):
    """What to paste into the other system: place, wish and words; nobody is named."""
    lines = [
        f"事项：{matter.title}",
        f"地点：{matter.building or matter.grid}",
        f"反映：{matter.askers} 户 {len(links)} 件诉求，"
        f"{matter.raised_on:%Y-%m-%d} 立为事项",
    ]
    said_words = [one.demand.words for one in links if not one.demand.confidential]
    lines += [f"原话：{words}" for words in dict.fromkeys(said_words[:5])]
    lines += [f"已定措施：{one.content}（{one.lead}）" for one in matter.measures_all]
    return "\n".join(lines)
