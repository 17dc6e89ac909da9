"""The floor that the text of a room says, or does not say."""

import pytest

from grids.floors import UNKNOWN, Floor, floor_of


@pytest.mark.parametrize(
    ("room", "level"),
    [
        ("1801", 18),
        ("1801室", 18),
        ("101室", 1),
        ("3212室", 32),
        ("1801-1803室", 18),
        ("1801、1802", 18),
        ("18层", 18),
        ("18层整层", 18),
        ("18楼A", 18),
        ("18F", 18),
        ("2F-15", 2),
        ("4F-081号", 4),
        ("29F-133号", 29),
        ("F2-15", 2),
        ("L1-08", 1),
        ("2层15室", 2),
        ("１８０１室", 18),
        ("一楼", 1),
        ("二层", 2),
        ("十楼", 10),
        ("十八楼", 18),
        ("二十二层", 22),
        ("底层", 1),
        ("首层大堂", 1),
        ("B1-03", -1),
        ("B1", -1),
        ("B2层", -2),
        ("b1-12", -1),
        ("-1F-07", -1),
        ("地下一层", -1),
        ("地下2层15号", -2),
        ("负一楼", -1),
        ("地下室", -1),
        ("A座1801室", 18),
        ("B座1803", 18),
        ("1号楼1801室", 18),
        ("3幢502", 5),
        ("A-1205", 12),
        ("18-02室", 18),
        ("100号2楼", 2),
        ("600弄3号501室", 5),
    ],
)
def test_a_room_says_its_floor(room, level):
    assert floor_of(room) == Floor(level)


@pytest.mark.parametrize(
    "room",
    [
        "",
        None,
        "A-12",
        "甲-3",
        "45号",
        "520号",
        "18号楼",
        "12",
        "3-12",
        "B103",
        "10205",
        "顶层",
        "0001",
        "东门旁",
    ],
)
def test_what_does_not_say_its_floor_is_not_guessed(room):
    assert floor_of(room) == UNKNOWN


def test_the_number_of_a_room_must_fit_the_building():
    assert floor_of("1801", top=4) == UNKNOWN
    assert floor_of("301", top=4) == Floor(3)
    assert floor_of("18层", top=4) == Floor(18)


def test_floors_stand_from_the_top_down_and_the_unknown_last():
    floors = [UNKNOWN, Floor(-1), Floor(2), Floor(10)]
    labels = [floor.label for floor in sorted(floors, key=lambda floor: floor.order)]
    assert labels == ["10 层", "2 层", "B1", "楼层不详"]
