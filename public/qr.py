"""A QR code as a picture that needs no style, script or other file."""

import segno
from django.utils.html import format_html

QUIET = 4  # modules of white around it, as readers need


def qr(text):
    """The code of an address as SVG; words beside it must say what it is."""
    code = segno.make(text, error="m", micro=False)
    rows = list(code.matrix_iter(border=QUIET))
    path = "".join(
        f"M{x} {y}h1v1h-1z"
        for y, row in enumerate(rows)
        for x, dark in enumerate(row)
        if dark
    )
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" shape-rendering="crispEdges"'
        ' role="img" aria-label="二维码"><path class="qr-bg" d="M0 0h{0}v{0}H0z"/>'
        '<path d="{1}"/></svg>',
        len(rows),
        path,
    )
