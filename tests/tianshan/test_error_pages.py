"""Error pages stand alone: no user, no database, no words from inside."""

import re

import pytest
from django.http import Http404
from django.template.loader import render_to_string

from tianshan.web import errors

PAGES = ["400", "403", "404", "409", "500", "503", "csrf"]


@pytest.mark.parametrize("name", [f"web/{page}.html" for page in PAGES] + ["429.html"])
def test_error_page_needs_no_user_and_offers_a_way_out(name):
    html = render_to_string(name, {})

    assert 'lang="zh-CN"' in html
    assert re.search(r"<h1>[^<]+</h1>", html)
    assert 'href="/"' in html


@pytest.mark.parametrize("page", ["400", "500", "503"])
def test_error_page_shows_the_number_to_pass_on(page):
    html = render_to_string(f"web/{page}.html", {"event_id": "7f2a09c1b3de"})

    assert "事件编号 7f2a09c1b3de" in html


def test_not_found_keeps_what_was_looked_for_to_itself():
    response = errors.not_found(None, exception=Http404("No Business has pk 17"))

    assert response.status_code == 404
    assert "No Business" not in response.content.decode()
