"""Pages travel compressed; exports stay what they are."""

import gzip

import pytest

from tests.factories import BusinessFactory

pytestmark = pytest.mark.django_db
ASKING = {"Accept-Encoding": "gzip"}


def test_a_page_is_compressed_for_who_takes_that(client_of, staff):
    client = client_of(staff)
    plain = client.get("/merchants/")
    packed = client.get("/merchants/", headers=ASKING)
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in packed.headers["Vary"]
    assert len(packed.content) < len(plain.content) / 3
    assert "商户" in gzip.decompress(packed.content).decode()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_an_export_is_not(kind, client_of, staff, grid):
    BusinessFactory.create_batch(20, grid=grid)
    answer = client_of(staff).get(f"/merchants/?format={kind}", headers=ASKING)
    assert "Content-Encoding" not in answer.headers
