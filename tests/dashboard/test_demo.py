"""The demo loads, and holds what the seed page tells."""

import re
import secrets
from itertools import chain

import pytest
from django.db import connection
from django.db.models import Sum

from accounts.lines import in_words
from accounts.models import User
from dashboard import demo
from issues.models import Issue
from services.models import Activity, Provider, ServiceBrand
from tests.dashboard.test_figures import figures_for, total_of
from tests.factories import TODAY
from tianshan.audit.models import Entry

# `contact_phone`, `note`, `[`: names and brackets of programs, not numbers and hashes.
NAME = re.compile(r"(?<![\w./-])[a-z]+(?:_[a-z]+)*(?![\w./-])|[\[\]{}]")


def not_in_words():
    """What the auditor's page would say of the demo's acts in words of the code."""
    left = set()
    for entry in Entry.objects.all():
        row = in_words(entry)
        for word in (row["act"], row["subject"], *chain(*row["data"])):
            left |= {(entry.verb, name) for name in NAME.findall(str(word))}
    return left


@pytest.mark.django_db
def test_the_demo_holds_the_story_of_the_seed_page(client_of, settings, tmp_path):
    settings.HOME = tmp_path
    demo.load(today=TODAY, password=secrets.token_urlsafe())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # autovacuum does it, but sees no open transaction

    client = client_of(User.objects.get(username="street_leader"))
    told = figures_for(client, start="2025-01-01", end=TODAY.isoformat())
    found = {figure["key"]: figure for figure in told["figures"]}
    seed = {
        "visits_enterprise": 270,
        "visits_merchant": 1470,
        "activities": 50,
        "attendance": 5000,
    }
    assert {key: found[key]["value"] for key in seed} == seed
    assert total_of(client, found["activities"]["href"]) == 50
    assert total_of(client, found["attendance"]["sum_href"], says="sum") == 5000

    assert not_in_words() == set()

    held = Activity.objects.held().counted()
    assert held.aggregate(all=Sum("households"))["all"] == 60
    assert {"益企讲堂", "艺享空间", "医靠驿站"} <= set(
        ServiceBrand.objects.values_list("name", flat=True)
    )
    teas = held.filter(title__contains="茶会")
    assert teas.count() == 12
    assert set(teas.values_list("rule", flat=True)) == {"严禁现场交易"}
    named = {
        "茶城减负与清运",
        "金虹桥高峰电梯与员工关爱",
        "楼宇企业与居民区共用资源",
        "文化街区夜间照明与外摆",
    }
    assert named <= set(Issue.objects.values_list("title", flat=True))

    # Invented providers have invented numbers, and the banks, which are real, none.
    invented = Provider.objects.exclude(kind=Provider.Kind.BANK)
    numbers = set(invented.values_list("contact_phone", flat=True))
    assert len(numbers) == invented.count()
    assert {number[:9] for number in numbers} == {"199000053"}
    banks = Provider.objects.filter(kind=Provider.Kind.BANK)
    assert set(banks.values_list("contact_phone", flat=True)) == {""}
