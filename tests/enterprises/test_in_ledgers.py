"""What is merged or withdrawn is in no ledger, no search and no figure."""

import pytest
from django.db import IntegrityError, transaction

from dashboard.models import Standing
from enterprises import actions
from enterprises.models import Business
from tests.factories import NOON, TODAY, BusinessFactory
from tianshan.ledgers import touched

CODE = "91310105MA1FW00000"


@pytest.fixture
def gone(grid):
    business = BusinessFactory(grid=grid, name="录重的茶行", code=CODE)
    business.gone_at = NOON
    business.save()
    touched([business.pk])
    return business


def test_it_is_in_no_list_and_no_figure(client_of, staff, gone):
    assert not Business.objects.visible_to(staff).exists()
    assert not Business.objects.operating().exists()
    assert not Business.objects.counted().exists()
    assert not Standing.objects.filter(business=gone).exists()
    client = client_of(staff)
    assert "录重的茶行" not in client.get("/merchants/").content.decode()
    assert client.get(gone.get_absolute_url()).status_code == 404


def test_nothing_can_be_done_to_it(clerk, gone):
    with pytest.raises(actions.Refused):
        actions.set_state(gone, state="closed", since=TODAY, by=clerk, at=NOON)


def test_its_code_is_free_for_another(grid, gone):
    BusinessFactory(grid=grid, code=CODE)
    with pytest.raises(IntegrityError), transaction.atomic():
        BusinessFactory(grid=grid, code=CODE)
