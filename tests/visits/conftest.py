"""A shop of the grid, and what its visit form sends."""

import pytest

from tests.factories import BuildingFactory, BusinessFactory, CategoryFactory


@pytest.fixture
def shop(grid):
    return BusinessFactory(
        grid=grid,
        building=BuildingFactory(grid=grid, name="天山茶城"),
        name="闽南茶行",
        room="B08",
        staff_count=4,
        contact_name="沈女士",
        contact_phone="19912345678",
    )


@pytest.fixture
def category(db):
    return CategoryFactory()


@pytest.fixture
def filled():
    """`filled(response, **answers)`: the form as a browser would send it back."""

    def data_of(response, **answers):
        form = response.context["form"]
        data = {name: form[name].value() for name in form.fields}
        data = {name: "" if value is None else value for name, value in data.items()}
        return {**data, "seen": response.context["seen"], **answers}

    return data_of
