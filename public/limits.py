"""How often one address or card may do something, counted in PostgreSQL.

All processes count together. An address is stored as a keyed hash and thrown away
after a day; only what one's own proxies say of it is believed.
"""

import datetime as dt
import ipaddress

from allauth.account.adapter import get_adapter
from django.db import connection, transaction
from django.utils.crypto import salted_hmac

from public.models import Attempt

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
# kind -> how many, within what time
MOST = {
    Attempt.Kind.POST: (10, HOUR),
    Attempt.Kind.GUESS: (30, HOUR),
    Attempt.Kind.CARD: (20, DAY),
}
LOCKS = 310_105  # the first half of the locks under which is counted


def address_of(request):
    """Who it is, as far as that goes: a keyed hash of the address.

    A provider gives one house a whole IPv6 network, so its first half is counted.
    """
    said = get_adapter().get_client_ip(request)
    try:
        address = ipaddress.ip_address(said)
    except ValueError:
        return hashed(said)
    if address.version == 6:
        address = ipaddress.ip_network((address, 64), strict=False).network_address
    return hashed(address)


def hashed(who):
    return salted_hmac("public.limits", str(who), algorithm="sha256").hexdigest()


def is_over(kind, whose, *, at):
    """Has all been done that may be done? Asking counts nothing."""
    most, span = MOST[kind]
    done = Attempt.objects.filter(kind=kind, whose=whose, at__gt=at - span)
    return done.count() >= most


@transaction.atomic
def take(kind, whose, *, at):
    """Count one more; False, and nothing counted, when that would be too many.

    Of many at once each waits for the one before, to the end of its transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCKS, kind + whose]
        )
    Attempt.objects.filter(at__lte=at - DAY).delete()
    if is_over(kind, whose, at=at):
        return False
    Attempt.objects.create(kind=kind, whose=whose, at=at)
    return True
