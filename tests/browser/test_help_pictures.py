"""Each picture of the help, taken from the demo; `make pictures` keeps what is taken."""

import io
import os
import re
import secrets

import pytest
from django.utils import timezone
from PIL import Image

from accounts.models import User
from accounts.rights import Role
from dashboard import demo
from dashboard.help.pictures import PICTURES
from tests import factories as make
from tests.browser.conftest import DESK, PHONE
from tianshan.database import statistics

KEEPS = bool(os.environ.get("PICTURES"))
QUALITY = 72


def taken(page, picture):
    """The page as the help shows it, in the form in which it is kept."""
    page.set_viewport_size({"width": picture.width, "height": picture.height})
    answer = page.goto(picture.page)
    if picture.opens:
        links = page.eval_on_selector_all(
            "main a", "all => all.map((each) => each.getAttribute('href'))"
        )
        rest = r"\d+/$" if picture.opens.endswith("/") else ".*"
        row = re.compile(re.escape(picture.opens) + rest)
        address = next(link for link in links if link and row.match(link))
        answer = page.goto(address)
    assert answer.status == 200, picture
    page.wait_for_load_state("networkidle")
    image = Image.open(io.BytesIO(page.screenshot()))
    kept = io.BytesIO()
    image.convert("RGB").save(kept, "WEBP", quality=QUALITY, method=6)
    return image, kept.getvalue()


def test_every_picture_can_be_taken_from_the_demo(visitor, settings, tmp_path):
    settings.HOME = tmp_path
    demo.load(today=timezone.localdate(), password=secrets.token_urlsafe())
    statistics.refresh()  # as `manage.py demo` does: without, each plan is a guess
    pages = {}
    for picture in PICTURES.values():
        page = pages.get(picture.account)
        if page is None:
            user = User.objects.get(username=picture.account)
            page = pages[picture.account] = visitor(user)
        image, content = taken(page, picture)
        assert image.size == picture.size
        assert len(set(image.convert("L").resize((64, 64)).get_flattened_data())) > 8, (
            picture.key
        )
        path = settings.BASE_DIR / "static" / picture.file
        if KEEPS:
            path.write_bytes(content)
        assert Image.open(path).size == picture.size


@pytest.mark.parametrize("role", [Role.GRID_STAFF, Role.STREET_LEADER])
def test_help_reads_well_at_every_size(role, visitor, looked_at, grid):
    page = visitor(make.PostFactory(role=role, grid=grid).user)
    looked_at(page, f"/help/{role}/", DESK, PHONE)
    looked_at(page, "/help/guide/", DESK, PHONE)
    assert page.problems == []


def test_the_guide_is_one_sheet_of_a4(visitor, staff):
    page = visitor(staff)
    page.goto("/help/guide/")
    page.wait_for_load_state("networkidle")
    sheet = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    assert b"/MediaBox [0 0 594" in sheet or b"/MediaBox [0 0 595" in sheet


def test_a_page_of_help_prints_without_the_menus(visitor, staff):
    page = visitor(staff)
    page.goto("/help/grid_staff/")
    page.emulate_media(media="print")
    for part in (".side", ".top"):
        assert not page.locator(part).first.is_visible()
    assert page.locator("#visit").is_visible()
