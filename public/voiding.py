"""Making links void, whatever they open."""

from tianshan.audit import record


def void(links, verb, *, by, at, **of):
    """Make void what of these links is in force; how many. `of` goes into the log."""
    links = list(links.in_force().select_for_update())
    for link in links:
        link.revoked_at, link.revoked_by = at, by
        link.save(update_fields=["revoked_at", "revoked_by"])
        record(verb, link, by=by, at=at, **of)
    return len(links)
