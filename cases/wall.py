"""The wall around the room: what is shown in it stays nowhere else."""

from django.shortcuts import render
from django.utils.cache import add_never_cache_headers

from cases.sealing import KeyProblem

ROOM = "/cases/"


def wall(get_response):
    """No browser keeps a page of the room, errors included; and where the key is missing
    or another, a page says so instead of an error."""

    def middleware(request):
        response = get_response(request)
        if request.path.startswith(ROOM):
            add_never_cache_headers(response)
        return response

    def process_exception(request, exception):
        if isinstance(exception, KeyProblem):
            context = {"problem": str(exception)}
            return render(request, "cases/no_key.html", context, status=503)
        return None

    middleware.process_exception = process_exception
    return middleware
