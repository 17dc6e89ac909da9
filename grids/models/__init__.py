"""The territory, who serves where, and the rules by which its clocks run."""

from grids.models.outline import Outline
from grids.models.rules import GridRules
from grids.models.territory import (
    Building,
    BuildingHonour,
    Grid,
    Neighborhood,
    Post,
    governed,
    reach,
)

__all__ = [
    "Building",
    "BuildingHonour",
    "Grid",
    "GridRules",
    "Neighborhood",
    "Outline",
    "Post",
    "governed",
    "reach",
]
