"""A call is one tap within one's own caseload, and logs itself."""

import pytest
from django.urls import reverse
from django.utils import timezone

from tests.factories import DemandFactory
from tianshan.audit.models import Reading
from visits import actions


@pytest.fixture
def pages(shop, clerk):
    """The pages with the button: of a visit, and of a telling."""
    raised = DemandFactory(business=shop, raised_on=timezone.localdate())
    told = actions.answer(raised, words="已处理", by=clerk, at=timezone.now())
    return [
        f"{reverse('visits:visit_new')}?business={shop.pk}",
        reverse("visits:demand_tell", args=[told.pk]),
    ]


def test_the_tap_shows_the_number_and_is_logged_by_itself(
    client_of, staff, shop, pages
):
    client = client_of(staff)
    call = reverse("enterprises:business_phone", args=[shop.pk])
    for page in pages:
        text = client.get(page, follow=True).text
        assert f'action="{call}"' in text
        assert shop.contact_phone not in text
    assert not Reading.objects.exists()

    answer = client.post(call)

    assert f'href="tel:{shop.contact_phone}"' in answer.text
    reading = Reading.objects.get()
    assert (reading.by, reading.why) == (staff, "联系自己负责的对象")


def test_there_is_no_tap_where_the_shop_is_not_ones_own(client_of, stranger, pages):
    client = client_of(stranger)
    assert [client.get(page).status_code for page in pages] == [404, 404]
