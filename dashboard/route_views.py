"""Today's route, for the phone of whoever walks it."""

from django.http import JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.rights import Right, for_devices
from dashboard.route import route_of
from dashboard.unsent import note_taken


@never_cache
@for_devices(Right.LOG_VISITS)
@require_safe
def route(request):
    """`?business=` adds one that is not due, such as that whose card was scanned."""
    asked = request.GET.get("business", "")
    also = (
        int(asked) if asked.isascii() and asked.isdecimal() and len(asked) < 19 else 0
    )
    now = timezone.now()
    if request.method == "GET":
        note_taken(request.user, now)
    return JsonResponse(route_of(request.user, now, also=also))
