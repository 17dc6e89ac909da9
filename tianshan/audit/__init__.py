"""The audit log: `record` an act, `read` a personal field."""


def record(verb, subject, *, by, at, on_behalf_of="", **data):
    """Write the audit line of an act, in the transaction of the act.

    `verb` is "room.what_happened"; `by` a user, or None for the portal itself.
    """
    from tianshan.audit.models import Entry
    from tianshan.web.middleware import current_request_id

    return Entry.objects.create(
        verb=verb,
        subject=subject._meta.label_lower,
        subject_id=subject.pk,
        by=by,
        at=at,
        on_behalf_of=on_behalf_of,
        data=data,
        request=current_request_id(),
    )


def read(subject, field, *, by, at, why):
    """Note that somebody saw a personal field in full."""
    from tianshan.audit.models import Reading
    from tianshan.web.middleware import current_request_id

    return Reading.objects.create(
        subject=subject._meta.label_lower,
        subject_id=subject.pk,
        field=field,
        by=by,
        at=at,
        why=why,
        request=current_request_id(),
    )
