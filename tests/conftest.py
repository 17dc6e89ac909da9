"""The cast: each by the post that it holds."""

import gc
import os
import threading
import time

import pytest
from django.db import connection
from django.test import Client, TransactionTestCase

from accounts.rights import Role
from tests.database import copy_of_template, put_back, read_rows, use
from tests.factories import (
    BuildingFactory,
    GridFactory,
    HoldingFactory,
    OfficerFactory,
    OrganizationFactory,
    PostFactory,
    StreetFactory,
    told_at_the_end,
)
from tianshan.values import extra
from tianshan.workdays import changed

# What `make test` leaves to `make test-all`: folders and files.
LONG = (
    "tests/browser/test_help_pictures.py",
    "tests/dashboard/test_demo.py",
    "tests/matrix/test_bad_values.py",
    "tests/matrix/test_files.py",
    "tests/matrix/test_matrix.py",
    "tests/proofs",
    "tests/tianshan/test_quick_state.py",
    "tests/tianshan/test_upgrade.py",
)


def pytest_collection_modifyitems(config, items):
    """The long ones are marked, and come first: at the end all workers are busy."""
    places = [config.rootpath / place for place in LONG]
    long = [item for item in items if {item.path, *item.path.parents} & set(places)]
    for item in long:
        item.add_marker(pytest.mark.long)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment, django_db_blocker):
    """A database of this worker's own, copied from the migrated template."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    with django_db_blocker.unblock():
        before = connection.settings_dict["NAME"]
        copy_of_template(f"test_{before}_{worker}")
        rows = read_rows()

        def empty(case):
            requests_end()
            put_back(rows)
            changed()  # the calendar of the table is kept in the process

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(TransactionTestCase, "_fixture_teardown", empty)
            yield
        use(before)


def requests_end():
    """What a closed browser had still asked for holds locks, and may write."""
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(timeout=30)
            assert not thread.is_alive(), "A request went on after its test."


def pytest_collection_finish():
    """What was imported stays: the collector need not go through it each time."""
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup():
    """The rows of a test's fixtures are made before any of them is told of."""
    with told_at_the_end():
        return (yield)


@pytest.fixture(autouse=True)
def extra_fields_read_anew():
    """What one test defined is kept in the process, not in the database."""
    extra.changed()
    yield
    extra.changed()


@pytest.fixture(autouse=True)
def files_of_its_own(settings, tmp_path):
    """What one test keeps on the disk, no other finds."""
    settings.MEDIA_ROOT = tmp_path / "files"
    settings.ERASURES = tmp_path / "erasures.jsonl"


@pytest.fixture
def street(db):
    return StreetFactory()


@pytest.fixture
def grid(street):
    return GridFactory(code="310105006603", name="第三综合网格", parent=street)


@pytest.fixture
def other_grid(street):
    return GridFactory(code="310105006602", name="第二综合网格", parent=street)


def _holder(role, grid, name):
    return PostFactory(
        role=role, grid=grid, user__username=name, user__display_name=name
    ).user


@pytest.fixture
def staff(grid):
    return _holder(Role.GRID_STAFF, grid, "staff")


@pytest.fixture
def clerk(grid):
    return _holder(Role.GRID_CLERK, grid, "clerk")


@pytest.fixture
def chief(grid):
    return _holder(Role.GRID_CHIEF, grid, "chief")


@pytest.fixture
def leader(street):
    return _holder(Role.STREET_LEADER, street, "leader")


@pytest.fixture
def stranger(other_grid):
    return _holder(Role.GRID_STAFF, other_grid, "stranger")


@pytest.fixture
def system_admin(street):
    return _holder(Role.SYSTEM_ADMIN, street, "system_admin")


@pytest.fixture
def branch(grid):
    return OrganizationFactory(name="天山茶市党支部", grid=grid)


@pytest.fixture
def secretary(grid, branch):
    office = OfficerFactory(
        post__role=Role.BRANCH_SECRETARY,
        post__grid=grid,
        post__user__username="secretary",
        post__user__display_name="secretary",
        organization=branch,
    )
    return office.post.user


@pytest.fixture
def tower(grid):
    return BuildingFactory(grid=grid, name="金虹桥国际中心", floors=36)


@pytest.fixture
def building_secretary(grid, tower):
    """Secretary of the committee that holds the tower."""
    committee = OrganizationFactory(name="金虹桥楼宇党委", grid=grid)
    HoldingFactory(organization=committee, building=tower)
    office = OfficerFactory(
        post__role=Role.BUILDING_SECRETARY,
        post__grid=grid,
        post__user__username="building_secretary",
        post__user__display_name="building_secretary",
        organization=committee,
    )
    return office.post.user


def gave_password(client, user, *, ago=0):
    """As if the browser's session had begun by the password, so many seconds ago."""
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time() - ago}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client


@pytest.fixture
def client_of():
    """`client_of(user)`: a browser in which the user is signed in."""

    def signed_in(user):
        client = Client()
        client.force_login(user)
        return client

    return signed_in
