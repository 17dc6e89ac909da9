"""Draws one photo anew from standard input, in a process that is allowed to die.

Run as a script, isolated from the portal: no Django, no settings, no environment.
Answers with a line of JSON, then the bytes of the picture and of its thumbnail. Only
pixels pass from one to the other, so that no place, no name of a device, no profile
and nothing hidden behind or inside the file comes along.
"""

import json
import resource
import sys
from io import BytesIO

KINDS = ("JPEG", "PNG", "WEBP", "HEIF")
NOT_A_PICTURE, TOO_MANY, BROKEN = "not a picture", "too many pixels", "broken"


def main():
    limits = json.loads(sys.argv[1])
    fence(limits)
    # Only now: what the library allocates is inside the fence.
    answer, parts = drawn(sys.stdin.buffer.read(), limits)
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    for part in parts:
        sys.stdout.buffer.write(part)


def fence(limits):
    memory, seconds = limits["memory_bytes"], limits["cpu_seconds"]
    for kind, most in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_FSIZE, 1024**3),
        (resource.RLIMIT_CORE, 0),
    ):
        try:
            resource.setrlimit(kind, (most, most))
        except (ValueError, OSError):
            continue  # macOS knows no limit on address space


def drawn(content, limits):
    """`(answer, [picture, thumbnail])`; no bytes beside a problem."""
    import pillow_heif
    from PIL import Image, ImageOps, UnidentifiedImageError

    pillow_heif.register_heif_opener(thumbnails=False)
    Image.MAX_IMAGE_PIXELS = None  # asked below, before a pixel is unpacked
    try:
        image = Image.open(BytesIO(content), formats=KINDS)
        if image.width * image.height > limits["pixels"]:
            return {"problem": TOO_MANY}, []
        edge = limits["edge"]
        if image.format == "JPEG":
            image.draft("RGB", (edge, edge))  # unpacked smaller, in an eighth of time
        image.load()
        picture = ImageOps.exif_transpose(image)
        picture.thumbnail((edge, edge))
        picture = on_white(picture)
    except MemoryError:
        return {"problem": TOO_MANY}, []
    except UnidentifiedImageError:
        return {"problem": NOT_A_PICTURE}, []
    except Exception:  # whatever a stranger's bytes make of the libraries
        return {"problem": BROKEN}, []
    small = picture.copy()
    small.thumbnail((limits["small_edge"],) * 2)
    parts = [as_jpeg(picture, 85), as_jpeg(small, 75)]
    answer = {
        "width": picture.width,
        "height": picture.height,
        "bytes": [len(part) for part in parts],
    }
    return answer, parts


def on_white(image):
    """In red, green and blue, what was transparent on white."""
    from PIL import Image

    if image.mode.startswith(("I", "F")):  # 16 bits of grey
        image = image.convert("I").point(lambda value: value / 256).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(ground, image)
    # A new image: nothing but the pixels of the old one.
    plain = Image.new("RGB", image.size)
    plain.paste(image.convert("RGB"))
    return plain


def as_jpeg(image, quality):
    out = BytesIO()
    image.save(out, "JPEG", quality=quality, optimize=True)
    return out.getvalue()


if __name__ == "__main__":
    main()
