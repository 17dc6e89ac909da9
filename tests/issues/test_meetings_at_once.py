"""Two at one meeting at the same moment, each on a connection of his own."""

import datetime as dt

import pytest

from issues import meetings, minutes
from issues.models import Meeting, Minutes
from tests.factories import NOON, IssueFactory
from tests.issues.test_two_at_once import at_once, won_and_refused

pytestmark = pytest.mark.django_db(transaction=True)


def test_each_meeting_confirmed_at_once_makes_one_paper_with_its_own_number(
    settled, arrange, secretary
):
    settled.body.numbered, settled.body.mark = True, "会议纪要"
    settled.body.save()
    other = arrange(on=dt.date(2026, 10, 20))
    Meeting.objects.filter(pk=other.pk).update(
        state="held", notified_at=NOON, held_at=NOON
    )

    results = at_once(
        *[
            lambda meeting=meeting: minutes.confirm(meeting, by=secretary, at=NOON)
            for meeting in (settled, settled, other)
        ]
    )

    assert won_and_refused(results) == (2, 1)
    papers = Minutes.objects.order_by("number")
    assert [paper.number for paper in papers] == [1, 2]
    assert {paper.meeting for paper in papers} == {settled, other}


def test_two_clerks_at_one_item_lose_nothing_and_conclude_it_once(
    in_session, secretary, clerk
):
    item = in_session.items.get()

    def write(words, by):
        return lambda: meetings.note(
            item, discussion=words, version=item.version, by=by, at=NOON
        )

    results = at_once(write("甲写的", secretary), write("乙写的", clerk))

    assert won_and_refused(results) == (1, 1)
    stale = next(one for one in results if isinstance(one, meetings.Stale))
    assert stale.item.discussion == in_session.items.get().discussion

    item.refresh_from_db()

    def carry(by):
        return lambda: meetings.conclude(
            item,
            outcome="carried",
            resolution="再议",
            version=item.version,
            by=by,
            at=NOON,
        )

    results = at_once(carry(secretary), carry(clerk))

    assert won_and_refused(results) == (1, 1)


def test_two_notifying_at_once_invite_once(proposed, arrange, secretary, clerk):
    meeting = arrange()

    def notify(by):
        return lambda: meetings.notify(meeting, by=by, at=NOON)

    results = at_once(notify(secretary), notify(clerk))

    assert won_and_refused(results) == (1, 1)
    assert meeting.attendances.count() == 2


def test_two_meetings_cancelled_at_once_do_not_wait_for_each_other(
    body, arrange, secretary, clerk
):
    """Both hold the same issues, each in an order of its own; one word is enough."""
    issues = [IssueFactory(body=body) for _ in range(2)]
    both = [arrange(), arrange()]
    meetings.move_item(both[1].items.last(), up=True, by=secretary, at=NOON)
    for meeting in both:
        meetings.notify(meeting, by=secretary, at=NOON)

    def cancel(meeting, by):
        return lambda: meetings.cancel(meeting, reason="改期", by=by, at=NOON)

    results = at_once(cancel(both[0], secretary), cancel(both[1], clerk))

    assert sum(won_and_refused(results)) == 2
    for issue in issues:
        issue.refresh_from_db()
        assert issue.state == "proposed"
