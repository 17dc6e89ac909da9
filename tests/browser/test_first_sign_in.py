"""What is due at sign-in is done in the browser: its page stays still meanwhile."""

import re

import pytest

from accounts.rights import Role
from tests.browser.conftest import DESK, PHONE
from tests.factories import PostFactory


def loads_of(page, address):
    loads = []
    page.on("load", lambda loaded: loads.append(loaded.url))
    page.goto(address)
    page.wait_for_load_state("networkidle")
    return loads


def test_the_first_password_is_changed_on_a_page_that_stays(visitor, staff):
    page = visitor(staff, PHONE)
    staff.password_is_first = True
    staff.save()
    assert len(loads_of(page, "/work/")) == 1
    assert page.url.endswith("/password/")
    page.fill("[name=oldpassword]", "Correct-horse-7")
    page.fill("[name=password1]", "Shan-road-2026")
    page.fill("[name=password2]", "Shan-road-2026")
    page.click("main form button.btn-primary")
    page.wait_for_url(re.compile(r"(?<!/password)/$"))
    staff.refresh_from_db()
    assert not staff.password_is_first
    assert page.problems == []


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_the_page_of_the_second_factor_stays(visitor, street, settings, size):
    settings.MFA_REQUIRED_ROLES = {"auditor"}
    auditor = PostFactory(role=Role.AUDITOR, grid=street).user
    page = visitor(auditor, size)
    assert len(loads_of(page, "/audit/")) == 1
    assert page.url.endswith("/security/")
    assert page.problems == []
