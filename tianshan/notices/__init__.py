"""What waits for a person: notices in an inbox, and a list of what is to be done.

`notify` writes notices. What is to be done is never stored: rooms say it in
`tianshan.notices.todo`, from their rows, each time it is asked.
"""


def notify(users, *, key, words, url, at):
    """One notice for each of the users; those who have one of this key get no second.

    So a sender may run as often as it likes. `words` and `url` name things by their
    titles: no asker, no phone. Answers how many were new.
    """
    from tianshan.notices.models import Notice

    people = {user.pk for user in users if user.is_active}
    have = Notice.objects.filter(key=key, to__in=people).values_list("to", flat=True)
    new = [
        Notice(to_id=to, key=key, words=words[:200], url=url, at=at)
        for to in sorted(people.difference(have))
    ]
    # Two senders at once: the one that comes second writes nothing.
    Notice.objects.bulk_create(new, ignore_conflicts=True)
    return len(new)
