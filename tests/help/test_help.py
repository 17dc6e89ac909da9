"""Each role has its help; what it links to and shows is there."""

import re

import pytest
from django.conf import settings
from django.urls import NoReverseMatch, reverse

from accounts.rights import Role
from dashboard.help.pages import SECTIONS, help_url
from dashboard.help.pictures import PICTURES
from tests import factories as make

pytestmark = pytest.mark.django_db
FOLDER = settings.BASE_DIR / "templates" / "help"
NAMED = re.compile(r"picture=pictures\.(\w+)")


def help_of(client, role):
    answer = client.get(reverse("dashboard:help", args=[role]))
    assert answer.status_code == 200
    return answer.text


def main(page):
    return page[page.index('<main id="main"') :]


@pytest.fixture
def holder(client_of, grid):
    return lambda role: client_of(make.PostFactory(role=role, grid=grid).user)


@pytest.mark.parametrize("role", Role)
def test_a_role_opens_every_page_that_its_help_links_to(role, holder):
    client = holder(role)
    text = main(help_of(client, role))
    found = re.findall(r'href="(/[^"#?]+)', text)
    links = {link for link in found if not link.startswith("/static/")}
    assert len(links) > 1
    for link in links:
        assert client.get(link).status_code == 200, link


@pytest.mark.parametrize("role", Role)
def test_the_question_mark_opens_the_section_on_the_page(role, holder):
    client = holder(role)
    anchors = set(re.findall(r'<section id="(\w+)"', help_of(client, role)))
    assert set(SECTIONS[role]) <= anchors
    for anchor, names in SECTIONS[role].items():
        for name in names:
            expected = f"{reverse('dashboard:help', args=[role])}#{anchor}"
            assert help_url(role, reverse(name)) == expected
            page = client.get(reverse(name))
            assert page.status_code == 200, name
            assert f'href="{expected}" title="帮助"' in page.text


def test_a_page_below_belongs_to_the_nearest_page_above():
    below = reverse("issues:triage") + "12/"
    assert help_url(Role.BRANCH_SECRETARY, below).endswith("#sort")
    assert help_url(Role.BRANCH_SECRETARY, "/demands/12/").endswith("#demands")
    assert help_url(Role.BRANCH_SECRETARY, "/nothing/") == "/help/branch_secretary/"
    assert help_url(None, "/demands/") == "/help/"


def test_every_picture_that_a_page_names_has_a_taker_and_a_file():
    named = {
        key for path in FOLDER.glob("*.html") for key in NAMED.findall(path.read_text())
    }
    assert named == set(PICTURES)
    files = {path.name for path in (settings.BASE_DIR / "static/help").iterdir()}
    assert files == {f"{key}.webp" for key in PICTURES}


def test_the_pictures_are_small():
    for picture in PICTURES.values():
        path = settings.BASE_DIR / "static" / picture.file
        assert path.stat().st_size < 90_000, picture.key


def test_the_words_in_quotes_are_words_of_the_portal():
    """What the help tells one to press stands on some page."""
    sources = [
        path.read_text()
        for folder in (
            "templates",
            "static",
            "dashboard",
            "visits",
            "issues",
            "tianshan",
        )
        for kind in ("*.html", "*.js", "*.py")
        for path in (settings.BASE_DIR / folder).rglob(kind)
        if "help" not in path.relative_to(settings.BASE_DIR).parts
    ]
    sources += [
        path.read_text()
        for folder in ("services", "cases", "enterprises", "party", "grids", "accounts")
        for path in (settings.BASE_DIR / folder).rglob("*.py")
    ]
    portal = "\n".join(sources)
    missing = {
        words
        for path in FOLDER.glob("*.html")
        for words in re.findall(r"“([^”{<]+)”", path.read_text())
        if words not in portal
    }
    assert missing == set()


def test_nobody_reads_help_of_no_role(holder):
    client = holder(Role.AUDITOR)
    assert client.get("/help/nothing/").status_code == 404
    text = client.get(reverse("dashboard:help_list")).text
    assert text.index("审计员怎么用") < text.index("网格员怎么用")
    for role in Role:
        assert f"{role.label}怎么用" in text
    with pytest.raises(NoReverseMatch):
        reverse("dashboard:help", args=[""])
