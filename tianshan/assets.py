"""Copy what browsers load out of node_modules, and draw the sprite of icons.

Run as `python -m tianshan.assets`; it needs nothing but Python.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
ICONS = PACKAGES / "@tabler" / "icons" / "icons"

FILES = {
    "tabler.min.css": "@tabler/core/dist/css/tabler.min.css",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    # Lines and bars, canvas and tooltips: two thirds of the whole of it.
    "echarts.js": "echarts/dist/echarts.common.min.js",
    "leaflet.js": "leaflet/dist/leaflet.js",
    "leaflet.css": "leaflet/dist/leaflet.css",
}

# The maps are not served, and a manifest refuses files that point to missing ones.
SOURCE_MAP = re.compile(r"(?m)^\s*(//[#@]|/\*[#@]) sourceMappingURL=.*$")

# Nor are pictures that no page of ours shows, which Leaflet's styles name.
PICTURE = re.compile(r"background-image: url\(images/[^)]*\);")

NOT_OURS = {"node_modules", "tests", "var", "vendor", "__pycache__"}

# Where an icon is asked for by name, in a template, a script or Python.
ASKED = re.compile(
    r"""icons\.svg\#([a-z0-9-]+)
      | \{%\s*icon\s+["']([a-z0-9-]+)["']
      | \bicon(?:_name)?\s*=\s*["']([a-z0-9-]+)["']
      | ["']icon["']\s*:\s*["']([a-z0-9-]+)["']
    """,
    re.VERBOSE,
)
# Tables name icons too: a quoted name of several words, or one in a line on icons.
SAID = re.compile(r"""["']([a-z0-9]+(?:-[a-z0-9]+)+)["']""")
LINE = re.compile(r"(?m)^.*(?:\{%\s*tag\s|(?i:icon)).*$")
QUOTED = re.compile(r"""["']([a-z0-9-]+)["']""")


def build():
    """Bring static/vendor up to date; say which icons do not exist."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in FILES.items():
        text = (PACKAGES / source).read_text(encoding="utf-8")
        text = PICTURE.sub("", SOURCE_MAP.sub("", text))
        _write(VENDOR / name, text.rstrip() + "\n")

    names, unknown = wanted()
    symbols = "\n".join(_symbol(name) for name in sorted(names))
    _write(
        VENDOR / "icons.svg",
        f'<svg xmlns="http://www.w3.org/2000/svg">\n{symbols}\n</svg>\n',
    )
    return unknown


def wanted():
    """The icons that the project names, and those it names that do not exist."""
    names, unknown = set(), {}
    for path in _sources():
        text = path.read_text(encoding="utf-8")
        asked = {name for match in ASKED.findall(text) for name in match if name}
        said = set(SAID.findall(text))
        for line in LINE.findall(text):
            said.update(QUOTED.findall(line))
        names |= {name for name in asked | said if _drawing(name).exists()}
        for name in asked - names:
            unknown[name] = path.relative_to(ROOT).as_posix()
    return names, unknown


def _sources():
    for folder in sorted(ROOT.iterdir()):
        if folder.is_dir() and folder.name[0] != "." and folder.name not in NOT_OURS:
            for path in sorted(folder.rglob("*")):
                if path.suffix in {".py", ".html", ".js"} and NOT_OURS.isdisjoint(
                    path.relative_to(ROOT).parts
                ):
                    yield path


def _drawing(name):
    if name.endswith("-filled"):
        return ICONS / "filled" / f"{name.removesuffix('-filled')}.svg"
    return ICONS / "outline" / f"{name}.svg"


def _symbol(name):
    drawing = _drawing(name).read_text(encoding="utf-8")
    inner = drawing[drawing.index(">") + 1 : drawing.rindex("</svg>")]
    shapes = [
        line.strip()
        for line in inner.splitlines()
        if line.strip() and "M0 0h24v24H0z" not in line
    ]
    paint = (
        'fill="currentColor"'
        if name.endswith("-filled")
        else 'fill="none" stroke="currentColor" stroke-width="1.75" '
        'stroke-linecap="round" stroke-linejoin="round"'
    )
    return f'<symbol id="{name}" viewBox="0 0 24 24" {paint}>{"".join(shapes)}</symbol>'


def _write(path, text):
    """Write only what is new, so that an unchanged file keeps its date."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    for name, place in sorted(build().items()):
        print(f"There is no icon {name}, which {place} asks for.", file=sys.stderr)
