"""The page on which visits are logged without a network, and what makes it stay.

It holds no personal data and asks for no session: a phone in a basement has neither a
network nor, perhaps, a session that is still good. Script fills it from the route.
"""

import hashlib
import json

from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from accounts.rights import anyone
from enterprises.forms import Seen
from enterprises.models import Business
from visits.door_forms import DoorForm
from visits.entry_forms import EntryForm
from visits.forms import PhotoForm, VisitForm

MODULES = (
    "app",
    "check",
    "clock",
    "demand",
    "dialog",
    "door",
    "doors",
    "draw",
    "export",
    "form",
    "import",
    "owner",
    "photos",
    "queue",
    "send",
    "store",
    "words",
)
FILES = (
    "vendor/tabler.min.css",
    "vendor/icons.svg",
    "tokens.css",
    "screens.css",
    "field/field.css",
    "logo.svg",
    *(f"field/{name}.js" for name in MODULES),
)
shell_headers = cache_control(public=True, no_cache=True)


def _shell():
    """The same for everybody: drawn without the request, so nothing of a user is in it."""
    blank = Seen(values={}, shown={})
    form = VisitForm(business=None, seen=blank, client_key="")
    nobody = AnonymousUser()
    doors = [
        ("door-changed", DoorForm(user=nobody, business=Business())),
        ("door-new", DoorForm(user=nobody)),
    ]
    return render_to_string(
        "visits/field.html",
        {
            "form": form,
            "door_forms": doors,
            "entry_form": EntryForm(business=None),
            "photo_form": PhotoForm(),
            "urls": {
                "route": "/visits/plan/route.json",
                "sync": reverse("visits:record_sync"),
                "worker": reverse("visits:field_worker"),
                "shell": reverse("visits:field_shell"),
            },
        },
    )


@anyone  # holds nothing but the form; see above
@shell_headers
@require_safe
def field_shell(request):
    return HttpResponse(_shell())


@anyone  # a script, the same for everybody
@shell_headers
@require_safe
def field_worker(request):
    """The service worker: what it keeps, then its code. A new text is a new version."""
    page = reverse("visits:field_shell")
    files = [static(name) for name in FILES]
    version = hashlib.sha256("\n".join([_shell(), *files]).encode()).hexdigest()[:16]
    kept = json.dumps({"version": version, "page": page, "files": files})
    code = f"self.SHELL = {kept};\nimportScripts({json.dumps(static('field/worker.js'))});\n"
    response = HttpResponse(code, content_type="text/javascript; charset=utf-8")
    response.headers["Service-Worker-Allowed"] = "/"
    return response


@anyone  # what a phone needs to put the page on its home screen
@shell_headers
@require_safe
def field_manifest(request):
    shell = reverse("visits:field_shell")
    return JsonResponse(
        {
            "name": "天山网格走访",
            "short_name": "天山走访",
            "lang": "zh-CN",
            "id": shell,
            "start_url": shell,
            "scope": "/",
            "display": "standalone",
            "background_color": "#f8f6f3",
            "theme_color": "#b4191f",
            "icons": [
                {
                    "src": static(f"field/icon-{size}.png"),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                }
                for size in (192, 512)
            ],
        },
        content_type="application/manifest+json",
    )
