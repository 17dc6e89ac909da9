"""Meetings as a calendar file."""

import datetime as dt

import pytest
from django.urls import reverse

from issues import ics
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def lines(content):
    """Unfolded, as a calendar reads them."""
    return content.replace("\r\n ", "").split("\r\n")


def test_the_file_says_when_and_where_in_lines_that_calendars_take(in_session):
    in_session.place = "茶城二楼会议室，请从南门进；停车在地下二层，" * 3
    content = ics.calendar_of(
        [in_session], now=NOON, address=lambda meeting: "https://example.org/m/1/"
    )

    assert max(len(line.encode()) for line in content.split("\r\n")) <= 75
    said = lines(content)
    assert "DTSTART:20261015T070000Z" in said  # three in the afternoon in Shanghai
    assert "DTEND:20261015T083000Z" in said
    assert f"SUMMARY:{in_session.body}：{in_session.title}" in said
    assert any(line.startswith("LOCATION:") and "南门" in line for line in said)


def test_what_separates_in_such_files_is_escaped(in_session):
    in_session.title = "协调会, 第二次; 甲\\乙"
    said = ics.calendar_of([in_session], now=NOON, address=lambda meeting: "")

    assert "协调会\\, 第二次\\; 甲\\\\乙" in said.replace("\r\n ", "")


def test_the_feed_holds_what_one_is_invited_to(in_session, secretary, client_of):
    in_session.on = dt.date(2099, 1, 5)
    in_session.save()

    answer = client_of(secretary).get(reverse("issues:calendar"))
    assert answer["Content-Type"].startswith("text/calendar")
    assert answer.text.count("BEGIN:VEVENT") == 1


@pytest.mark.parametrize("who", ["stranger", "sibling"])
def test_who_does_not_see_the_meeting_gets_no_file(request, in_session, client_of, who):
    client = client_of(request.getfixturevalue(who))

    path = reverse("issues:meeting_calendar", args=[in_session.pk])
    assert client.get(path).status_code in (403, 404)
