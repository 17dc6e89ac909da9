"""What becomes of the photos that people hand in, and of what only looks like one."""

import io

import pytest
from PIL import ExifTags, Image

from tests.corpus import SECRET, bomb, drawn, pdf, with_place, zipped
from tianshan.files import FileProblem
from tianshan.files.pictures import Limits, NotNow, TooLarge, safe_picture


def read(content):
    return Image.open(io.BytesIO(content))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_each_kind_becomes_a_jpeg_and_a_thumbnail(kind):
    picture = safe_picture(drawn(Image.new("RGB", (800, 600), "red"), kind))

    whole, small = read(picture.content), read(picture.thumbnail)
    assert (whole.format, whole.size) == ("JPEG", (800, 600))
    assert (picture.width, picture.height) == (800, 600)
    assert (small.format, small.size) == ("JPEG", (480, 360))
    red, green, blue = whole.getpixel((5, 5))
    assert red > 245
    assert green < 10
    assert blue < 10


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_nothing_that_the_camera_wrote_is_left(kind):
    content = drawn(kind=kind, exif=with_place())
    assert SECRET in content
    assert read(content).getexif().get_ifd(ExifTags.IFD.GPSInfo)

    picture = safe_picture(content)

    for part in (picture.content, picture.thumbnail):
        assert SECRET not in part
        assert b"Exif" not in part
        assert dict(read(part).getexif()) == {}
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(read(part).info)


def test_a_photo_stands_as_it_was_held():
    turned = drawn(exif=with_place(Orientation=6))
    assert (safe_picture(turned).width, safe_picture(turned).height) == (60, 80)


def test_a_large_one_is_kept_smaller_and_transparent_is_white():
    assert safe_picture(drawn(Image.new("RGB", (4000, 1000)))).width == 2560
    clear = safe_picture(drawn(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG"))
    assert read(clear.content).getpixel((9, 9)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["L", "P", "1", "CMYK", "I;16", "LA"])
def test_every_way_of_colour_is_taken(mode):
    kind = "JPEG" if mode == "CMYK" else "PNG"
    assert safe_picture(drawn(Image.new(mode, (30, 20)), kind)).width == 30


@pytest.mark.parametrize(
    "size", [(8_000, 6_300), (20_000, 20_000), (2**31 - 1, 2**31 - 1)]
)
def test_an_image_bomb_is_refused_by_its_header(size):
    content = bomb(*size)
    assert len(content) < 1000
    with pytest.raises(FileProblem, match="像素太多"):
        safe_picture(content)


def test_what_needs_too_much_memory_takes_only_its_child_along():
    content = drawn(Image.new("RGB", (6000, 6000)), "PNG")
    with pytest.raises(FileProblem):
        safe_picture(content, Limits(memory_bytes=120 * 1024**2))


@pytest.mark.parametrize(
    "content",
    [
        pdf(),
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"\x89PNG\r\n\x1a\n<html><script>alert(1)</script>",
        drawn(kind="GIF"),
        drawn(kind="BMP"),
        b"\x00" * 100,
        "照片".encode() * 50,
        drawn(comment=pdf()),
        drawn() + zipped(),
    ],
    ids=[
        "pdf",
        "svg",
        "png-and-html",
        "gif",
        "bmp",
        "nought",
        "text",
        "jpeg-and-pdf",
        "jpeg-and-zip",
    ],
)
def test_what_is_no_photo_is_refused_whatever_its_name(content):
    with pytest.raises(FileProblem, match="不是照片"):
        safe_picture(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF"])
def test_half_a_photo_is_refused(kind):
    content = drawn(Image.effect_noise((300, 300), 50).convert("RGB"), kind)
    with pytest.raises(FileProblem, match="不完整或已损坏"):
        safe_picture(content[: len(content) // 2])


def test_what_hides_behind_a_photo_stays_behind():
    """A phone may append a film; nothing of it passes on."""
    tail = b"ftypmp42" + SECRET + b"<script>alert(1)</script>"
    picture = safe_picture(drawn(Image.effect_noise((99, 99), 50)) + tail)
    assert SECRET not in picture.content
    assert b"<script" not in picture.content


def test_fifteen_megabytes_are_taken_and_more_are_not():
    content = drawn() + bytes(15 * 1024**2)
    assert safe_picture(content[: 15 * 1024**2]).width == 80
    with pytest.raises(TooLarge, match="最多 15 MB"):
        safe_picture(content)


def test_an_empty_file_is_refused_in_words():
    with pytest.raises(FileProblem, match="空的"):
        safe_picture(b"")


def test_a_busy_machine_is_no_fault_of_the_photo():
    with pytest.raises(NotNow):
        safe_picture(drawn(), Limits(wall_seconds=0.001))
