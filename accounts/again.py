"""Whoever is signed in says once more who they are, before what is most sensitive opens.

Acts on accounts ask by allauth's `reauthentication_required`, which also keeps a form
that was sent and sends it on afterwards. Where personal data would lie in the session
meanwhile, a page asks here instead: nothing is kept, and the way back leads to a page on
which the act is done again.
"""

from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect


def lately(request, *, at):
    """Was the password, or the second factor, given in this session within
    `REAUTHENTICATION_MINUTES`, at sign-in or since?

    Single sign-on counts when it was asked for anew: else it may have let somebody
    through who left an open browser behind.
    """
    oldest = at.timestamp() - settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
    return any(
        said["at"] > oldest
        and (said["method"] in ("password", "mfa") or said.get("reauthenticated"))
        for said in get_authentication_records(request, request.user)
    )


def ask(request, *, back=None):
    """Lead to the question, and from there to the page that was asked for.

    `back` is where the act of a form that was sent can be done again.
    """
    ways = get_adapter().get_reauthentication_methods(request.user)
    if not ways:
        raise PermissionDenied
    query = {"next": back, "again": "1"} if back else {"next": request.get_full_path()}
    return redirect(f"{ways[0]['url']}?{urlencode(query)}")
