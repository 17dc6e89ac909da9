"""Every address has a rule; who is outside gets nothing."""

import pytest
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch

from accounts.rights import Role
from tests.factories import (
    BuildingFactory,
    BusinessFactory,
    OfficerFactory,
    OrganizationFactory,
    PostFactory,
    UnitOfficerFactory,
)

# allauth's own views guard themselves; ours say their rule with a decorator.
ALLAUTH = {
    "account_login",
    "account_logout",
    "account_change_password",
    "account_reauthenticate",
    "account_inactive",
    "mfa_authenticate",
    "mfa_index",
    "mfa_reauthenticate",
    "mfa_activate_totp",
    "mfa_deactivate_totp",
    "mfa_view_recovery_codes",
    "mfa_generate_recovery_codes",
    "mfa_add_webauthn",
    "mfa_reauthenticate_webauthn",
    "mfa_remove_webauthn",
    "mfa_list_webauthn",
}
SEES_BUSINESSES = {
    Role.GRID_STAFF,
    Role.PARTY_WORKER,
    Role.GRID_CLERK,
    Role.GRID_CHIEF,
    Role.STREET_LEADER,
    Role.BRANCH_SECRETARY,
    Role.BUILDING_SECRETARY,
}


def walk(patterns, namespace=""):
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = pattern.namespace or ""
            yield from walk(pattern.url_patterns, f"{inner}:" if inner else namespace)
        elif isinstance(pattern, URLPattern):
            yield f"{namespace}{pattern.name}", pattern


PATTERNS = list(walk(get_resolver().url_patterns))


def test_every_address_has_a_name_and_a_rule():
    without = [
        name
        for name, pattern in PATTERNS
        if name not in ALLAUTH and not getattr(pattern.callback, "rule", None)
    ]
    assert without == []
    assert len({name for name, _ in PATTERNS}) == len(PATTERNS)


# For whoever holds the right token in the address; a wrong one opens nothing.
BY_TOKEN = {
    "accounts:sign_on_back",  # no provider unless the environment names one
    "accounts:sign_on_begin",
    "dashboard:metrics",
    "dashboard:wall",
    "public:card",
    "public:card_activities",
    "public:card_order",
    "public:card_signup",
    "public:demand",
    "public:demand_rate",
    "public:need",
    "public:order",
    "public:order_rate",
    "public:order_withdraw",
    "public:part",
    "public:poster",
    "public:poster_feedback",
    "public:signup",
    "public:signup_step",
}
# A value for each kind of part that varies; a code for words.
PARTS = {"IntConverter": 1, "UUIDConverter": "a1b2c3d4-0000-4000-8000-000000000000"}


def addresses():
    """Every address, with a value for each part that varies."""
    for name, pattern in PATTERNS:
        parts = {
            key: PARTS.get(type(converter).__name__, "310105006603")
            for key, converter in pattern.pattern.converters.items()
        }
        try:
            yield name, reverse(name, kwargs=parts)
        except NoReverseMatch as problem:  # pragma: no cover
            raise AssertionError(f"{name}: cannot be made: {problem}") from problem


@pytest.mark.parametrize(("name", "url"), list(addresses()))
def test_nobody_gets_in_without_signing_in(client, db, name, url):
    pattern = dict(PATTERNS)[name]
    response = client.get(url)
    if name in BY_TOKEN:
        assert response.status_code in (404, 405)
    elif getattr(pattern.callback, "rule", None) == "anyone":
        assert response.status_code in (200, 503)
    elif getattr(pattern.callback, "rule", None) in ("devices", "token"):
        assert response.status_code == 401
    elif name in {"account_login", "account_inactive"}:
        assert response.status_code == 200
    else:
        assert response.status_code == 302
        assert response.headers["Location"].startswith(("/login/", "/"))
        assert "/login/" in client.get(url, follow=True).redirect_chain[-1][0]


@pytest.mark.parametrize(("name", "url"), list(addresses()))
def test_a_stranger_finds_nothing_of_a_row_that_is_not_there(
    client_of, stranger, name, url
):
    """404 or 403, a page of his own, or a wrong method; never an error of ours."""
    response = client_of(stranger).get(url)
    if getattr(dict(PATTERNS)[name].callback, "rule", None) == "token":
        assert response.status_code == 401, "a session is no token"
        return
    assert response.status_code in (200, 302, 400, 403, 404, 405)


@pytest.fixture
def world(grid, other_grid, street):
    """A business of the third grid, and one account for each role elsewhere."""
    building = BuildingFactory(grid=grid, name="别处大厦")
    secret = BusinessFactory(
        grid=grid, building=building, name="机密茶行", contact_phone="19912345678"
    )
    users = {}
    for role in Role:
        if role in (Role.BRANCH_SECRETARY, Role.BUILDING_SECRETARY):
            office = OfficerFactory(
                post__role=role,
                post__grid=other_grid,
                organization=OrganizationFactory(grid=other_grid),
            )
            users[role] = office.post.user
        elif role == Role.UNIT_OFFICER:
            users[role] = UnitOfficerFactory(
                post__grid=other_grid, unit__grid=other_grid
            ).post.user
        else:
            users[role] = PostFactory(role=role, grid=other_grid).user
    return secret, users


@pytest.mark.parametrize("role", list(Role))
def test_a_business_outside_the_scope_leaves_no_trace(world, client_of, role):
    secret, users = world
    client = client_of(users[role])
    for name in ("business_detail", "business_edit", "business_phone"):
        response = client.get(reverse(f"enterprises:{name}", args=[secret.pk]))
        allowed = (404,) if role in SEES_BUSINESSES else (403, 404)
        # Staff may lack the right to edit, which is a plain refusal of the page.
        assert response.status_code in (*allowed, 403)
        assert "机密" not in response.content.decode()
    if role in SEES_BUSINESSES:
        detail = reverse("enterprises:business_detail", args=[secret.pk])
        assert client.get(detail).status_code == 404

    for url in (
        "/businesses/",
        "/businesses/?q=机密",
        "/businesses/?q=jmch",
        "/businesses/?q=5678",
        "/merchants/?format=csv",
        "/businesses/?format=csv",
        "/search/?q=机密",
        "/buildings/?q=别处",
    ):
        response = client.get(url)
        if response.status_code != 200:
            assert response.status_code in (403, 404)
            continue
        body = (
            b"".join(response.streaming_content)
            if response.streaming
            else response.content
        ).decode()
        assert "机密茶行" not in body
        assert "别处大厦" not in body
    figures = client.get("/dashboard/figures.json?grid=310105006603")
    assert figures.status_code in (400, 403, 404)


@pytest.mark.parametrize("role", sorted(SEES_BUSINESSES - {Role.BRANCH_SECRETARY}))
def test_the_same_business_inside_the_scope_is_found(world, client_of, grid, role):
    """The twin of the test above: the same pages, by somebody who may."""
    secret, _ = world
    if role == Role.BUILDING_SECRETARY:
        office = OfficerFactory(post__role=role, post__grid=grid)
        office.organization.holdings.create(
            building=secret.building, since="2025-01-01"
        )
        user = office.post.user
    else:
        user = PostFactory(role=role, grid=grid).user
    client = client_of(user)
    detail = reverse("enterprises:business_detail", args=[secret.pk])
    assert client.get(detail).status_code == 200
    page = client.get("/businesses/?q=jmch").content.decode()
    assert "机密茶行" in page
    assert "19912345678" not in page
    assert "199****5678" in page
