"""A shop of the tea market with its card, and a visitor who scans it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from public import cards
from tests.factories import (
    NOON,
    BuildingFactory,
    BusinessFactory,
    CategoryFactory,
    CoverageFactory,
)


@pytest.fixture
def shop(grid, branch):
    shop = BusinessFactory(
        grid=grid,
        building=BuildingFactory(grid=grid, name="天山茶城"),
        name="闽南茶行",
        room="B08",
        contact_name="沈女士",
        contact_phone="19912345678",
    )
    CoverageFactory(business=shop, organization=branch)
    return shop


@pytest.fixture
def category(db):
    return CategoryFactory(name="租金")


@pytest.fixture
def printed(shop, clerk):
    """`(card, token)` as they were printed."""
    [pair] = cards.print_cards([shop], by=clerk, at=NOON)
    return pair


@pytest.fixture
def url(printed):
    return reverse("public:card", args=[printed[1]])


@pytest.fixture
def scan(url, category):
    """`scan(words, …)`: open the card anew and send; the answer."""

    def send(words="清运车九点来。", client=None, address=None, **more):
        client = client or Client()
        key = client.get(url).context["key"]
        data = {"key": key, "category": category.pk, "words": words, **more}
        where = {"REMOTE_ADDR": address} if address else {}
        return client.post(url, data, **where)

    return send


@pytest.fixture
def sent(scan):
    """The address of a demand's own link, as the visitor is led to it."""
    return re.sub(r"\?.*", "", scan().headers["Location"])
