"""The act that corrects what the district's forms ask of a business."""

from django.db import transaction

from accounts.rights import Right
from enterprises.actions import Conflict, differing, locked
from enterprises.models import OfficialFacts
from tianshan.audit import record


@transaction.atomic
def edit_official(business, *, changes, seen, by, at):
    """Correct what the district's forms ask; as `edit`, facts untouched here merge.

    Restricted facts are left alone by whoever may not see them. With both counts of
    members known, the business's own count is their sum: nobody types it twice.
    """
    business = locked(business, by=by, having=Right.EDIT_BUSINESSES)
    facts = OfficialFacts.objects.filter(business=business).first()
    facts = facts or OfficialFacts(business=business)
    wanted = {n: v for n, v in changes.items() if n in OfficialFacts.NAMES}
    if by is not None and not by.may(Right.SEE_MEMBERS):
        wanted = {n: v for n, v in wanted.items() if n not in OfficialFacts.RESTRICTED}
    wanted = {n: v for n, v in wanted.items() if n not in seen or v != seen[n]}
    clashes = {
        name: getattr(facts, name)
        for name, value in wanted.items()
        if name in seen and getattr(facts, name) not in (seen[name], value)
    }
    if clashes:
        raise Conflict(business, clashes, OfficialFacts)

    changed = differing(facts, wanted)
    if changed:
        for name, (_, after) in changed.items():
            setattr(facts, name, after)
        facts.save()
        _count_members(business, facts, at=at)
        record("business.official_edited", business, by=by, at=at, fields=[*changed])
    return changed


def _count_members(business, facts, *, at):
    counts = (facts.members_full, facts.members_probationary)
    if None in counts or business.members_count == sum(counts):
        return
    business.members_count = sum(counts)
    business.version += 1
    business.updated_at = at
    business.save(update_fields=["members_count", "version", "updated_at"])
