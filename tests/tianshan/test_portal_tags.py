"""The tags that every template may use."""

import datetime
from decimal import Decimal
from types import SimpleNamespace

import pytest
from django.core.paginator import Paginator
from django.http import QueryDict
from django.template import Context, Template
from django.utils import timezone


def draw(source, **context):
    return Template("{% load portal %}" + source).render(Context(context))


def on_page(query):
    return SimpleNamespace(GET=QueryDict(query))


# --- pictures ----------------------------------------------------------------------


def test_icon_points_into_the_sprite_and_is_silent():
    svg = draw('{% icon "search" %}')

    assert 'href="/static/vendor/icons.svg#search"' in svg
    assert 'aria-hidden="true"' in svg


def test_icon_escapes_its_name():
    assert "<b>" not in draw("{% icon name %}", name='"><b>')


@pytest.mark.parametrize(
    ("colour", "shape"),
    [
        ("red", "alert-octagon-filled"),
        ("yellow", "alert-triangle-filled"),
        ("green", "circle-check-filled"),
        ("none", "circle-dashed"),
    ],
)
def test_lamp_says_its_state_by_shape_and_words(colour, shape):
    span = draw("{% lamp colour words %}", colour=colour, words="逾期 3 天")

    assert f'class="lamp lamp-{colour}"' in span
    assert f"#{shape}" in span
    assert "逾期 3 天" in span


def test_lamp_of_an_unknown_colour_fails_instead_of_looking_green():
    with pytest.raises(KeyError):
        draw('{% lamp "blue" "正常" %}')


def test_lamp_escapes_its_words():
    assert "<script" not in draw('{% lamp "red" words %}', words="<script>")


def test_tag_shows_icon_and_words():
    span = draw('{% tag "ok" "已办结" "circle-check" %}')

    assert 'class="ts-tag ts-tag-ok"' in span
    assert "#circle-check" in span
    assert "已办结" in span


def test_tag_without_an_icon_shows_words_only():
    assert "<svg" not in draw('{% tag "line" "联合组建" %}')


# --- words -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("19900000001", "199****0001"),
        ("199 0000 0001", "199****0001"),
        ("+86 19900000001", "199****0001"),
        ("021-55501234", "021-5550****"),
        ("021 55501234", "021-5550****"),
        ("02155501234", "021-5550****"),
        ("021-55501234-805", "021-5550****"),
        ("0512-6551234", "0512-655****"),
        ("55501234", "5550****"),
        ("12345", "****"),
        ("", ""),
        (None, ""),
    ],
)
def test_masked_phone_never_shows_the_whole_number(number, shown):
    assert draw("{{ number|masked_phone }}", number=number) == shown


def test_day_names_the_weekday():
    thursday = datetime.date(2026, 10, 15)

    assert draw("{{ value|day }}", value=thursday) == "2026年10月15日(周四)"


def test_day_of_a_moment_is_the_day_in_shanghai():
    late = datetime.datetime(2026, 10, 14, 17, 0, tzinfo=datetime.UTC)

    assert draw("{{ value|day }}", value=late) == "2026年10月15日(周四)"


def test_moment_is_told_in_24_hours_in_shanghai():
    morning = datetime.datetime(2026, 10, 15, 1, 30, tzinfo=datetime.UTC)

    assert draw("{{ value|moment }}", value=morning) == "2026年10月15日(周四) 09:30"


def test_moment_does_not_depend_on_the_servers_zone():
    evening = timezone.make_aware(datetime.datetime(2026, 1, 1, 23, 5))

    assert draw("{{ value|moment }}", value=evening) == "2026年1月1日(周四) 23:05"


@pytest.mark.parametrize("name", ["day", "moment"])
def test_no_date_is_an_empty_word(name):
    assert draw("{{ value|" + name + " }}", value=None) == ""


@pytest.mark.parametrize(
    ("value", "shown"), [(1476, "1,476"), (0, "0"), (None, "—"), (-5000, "-5,000")]
)
def test_thousands_tells_zero_from_nothing_known(value, shown):
    assert draw("{{ value|thousands }}", value=value) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(72, "72.0%"), (Decimal("94.04"), "94.0%"), (0, "0.0%"), (None, "—")],
)
def test_percent1_tells_zero_from_nothing_to_divide_by(value, shown):
    assert draw("{{ value|percent1 }}", value=value) == shown


# --- the page ----------------------------------------------------------------------


def test_query_replace_keeps_the_filters_and_starts_at_page_one():
    link = draw("{% query_replace sort='name' %}", request=on_page("q=茶&page=3"))

    assert link == "?q=%E8%8C%B6&amp;sort=name"


def test_query_replace_turns_the_page():
    link = draw("{% query_replace page=4 %}", request=on_page("q=a&page=3"))

    assert link == "?q=a&amp;page=4"


@pytest.mark.parametrize("nothing", ["None", "''"])
def test_query_replace_removes_a_key(nothing):
    source = "{% query_replace q=" + nothing + " %}"

    assert draw(source, request=on_page("q=a&kind=b")) == "?kind=b"


def test_query_replace_keeps_every_value_of_a_repeated_key():
    link = draw("{% query_replace sort='x' %}", request=on_page("kind=a&kind=b"))

    assert link == "?kind=a&amp;kind=b&amp;sort=x"


def test_elided_shows_the_pages_around_and_both_ends():
    paginator = Paginator(range(1000), 50)

    shown = draw("{% for n in pages|elided:10 %}{{ n }} {% endfor %}", pages=paginator)

    assert shown.split() == ["1", "…", "8", "9", "10", "11", "12", "…", "20"]


def test_demo_mode_is_what_the_settings_say(settings):
    settings.DEMO = True
    assert draw("{% demo_mode as demo %}{{ demo }}") == "True"

    settings.DEMO = False
    assert draw("{% demo_mode as demo %}{{ demo }}") == "False"
