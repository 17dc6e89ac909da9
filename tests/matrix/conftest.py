"""One world for a whole module, in a transaction that is never committed."""

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts.rights import Role
from tests import factories as make
from tests.matrix import world as the_world
from tests.matrix.table import ACCOUNTS

ROLES = {
    "staff": Role.GRID_STAFF,
    "worker": Role.PARTY_WORKER,
    "clerk": Role.GRID_CLERK,
    "branch": Role.BRANCH_SECRETARY,
    "building": Role.BUILDING_SECRETARY,
    "chief": Role.GRID_CHIEF,
    "unit": Role.UNIT_OFFICER,
    "station": Role.STATION_STAFF,
    "coordinator": Role.CASE_COORDINATOR,
    "helper": Role.HELPER,
    "leader": Role.STREET_LEADER,
    "security": Role.SECURITY_ADMIN,
    "auditor": Role.AUDITOR,
    "system": Role.SYSTEM_ADMIN,
}


def account_of(account, territories):
    """A user who holds that post, with the row that narrows it."""
    place = "parent" if account.place == "street" else account.place
    at = territories[place].at
    post = make.PostFactory(role=ROLES[account.role], grid=at["grid"])
    if account.role in ("branch", "building"):
        held = "organization" if account.role == "branch" else "committee"
        make.OfficerFactory(post=post, organization=at[held])
    elif account.role == "unit":
        unit = at["unit"] if account.unit == 1 else make.UnitFactory(grid=at["grid"])
        make.UnitOfficerFactory(post=post, unit=unit)
    elif account.role == "station":
        make.StationStaffFactory(post=post, station=at["station"])
    return post.user


@pytest.fixture(scope="module")
def kept_files(tmp_path_factory):
    return tmp_path_factory.mktemp("matrix") / "files"


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, kept_files):
    """`(territories, clients)`: a signed-in browser for each account."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr("django.conf.settings.MEDIA_ROOT", kept_files)
        whole = transaction.atomic()
        whole._from_testcase = True
        whole.__enter__()
        try:
            territories = the_world.build()
            clients = {}
            for account in ACCOUNTS:
                client = Client(raise_request_exception=False)
                client.force_login(account_of(account, territories))
                clients[account] = client
            # Tables that are full at once are planned for as if they were empty.
            with connection.cursor() as cursor:
                cursor.execute("ANALYZE")
            yield territories, clients
        finally:
            transaction.set_rollback(True)
            whole.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def files_of_the_world(files_of_its_own, settings, kept_files):
    settings.MEDIA_ROOT = kept_files
