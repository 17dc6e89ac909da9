"""What browsers load: the sprite of icons and the copied files."""

from xml.etree import ElementTree

import pytest

from tianshan import assets

SVG = "{http://www.w3.org/2000/svg}"


def test_every_icon_that_is_asked_for_exists():
    _, unknown = assets.wanted()
    assert unknown == {}


def test_sprite_holds_the_icons_that_are_asked_for_and_few_others():
    names, _ = assets.wanted()
    assets.build()
    sprite = ElementTree.parse(assets.VENDOR / "icons.svg").getroot()
    assert {symbol.get("id") for symbol in sprite} == names
    assert len(names) < 300


def test_symbols_take_their_colour_from_the_text_and_carry_no_style():
    assets.build()
    sprite = ElementTree.parse(assets.VENDOR / "icons.svg").getroot()
    for symbol in sprite:
        assert symbol.tag == SVG + "symbol"
        assert symbol.get("viewBox") == "0 0 24 24"
        if symbol.get("id").endswith("-filled"):
            assert symbol.get("fill") == "currentColor"
        else:
            assert symbol.get("stroke") == "currentColor"
            assert symbol.get("stroke-width") == "1.75"
        assert len(symbol) > 0
        assert not any("style" in element.attrib for element in symbol.iter())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('<svg><use href="/static/vendor/icons.svg#map-pin"/></svg>', "map-pin"),
        ('{% icon "home" %}', "home"),
        ("Item('总览', icon='home')", "home"),
        ('{"icon": "home"}', "home"),
        ('{% tag "ok" "已办" "check" %}', "check"),
        ('LAMPS = {\n    "red": "alert-octagon-filled",\n}', "alert-octagon-filled"),
    ],
)
def test_icons_are_found_wherever_they_are_named(tmp_path, monkeypatch, text, name):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text(text)
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    names, unknown = assets.wanted()
    assert names == {name}
    assert unknown == {}


def test_an_icon_that_does_not_exist_is_named_with_its_place(tmp_path, monkeypatch):
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "page.html").write_text('{% icon "no-such-thing" %}')
    monkeypatch.setattr(assets, "ROOT", tmp_path)
    assert assets.wanted() == (set(), {"no-such-thing": "templates/page.html"})


def test_served_files_point_to_no_source_map():
    assets.build()
    for name in assets.FILES:
        assert "sourceMappingURL" not in (assets.VENDOR / name).read_text()


def test_building_again_touches_nothing():
    assets.build()
    before = {path: path.stat().st_mtime_ns for path in assets.VENDOR.iterdir()}
    assets.build()
    assert {path: path.stat().st_mtime_ns for path in assets.VENDOR.iterdir()} == before
