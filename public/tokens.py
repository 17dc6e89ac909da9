"""What stands in the addresses of cards and links.

Both hold 192 bits. A card's token is derived by key, so the same card can be printed
again; of a demand's own link only a hash is kept, so nobody can read it out of the
database.
"""

import base64
import secrets

from django.conf import settings
from django.utils.crypto import salted_hmac

from tianshan.web.tokens import hashed

BYTES = 24
KEY_ID = "1"  # of cards made from now on; a new one turns all new tokens


def _text(digest):
    return base64.urlsafe_b64encode(digest[:BYTES]).decode()


def card_token(origin, version, key_id, *, secret=None):
    """The token of a business's card of that version."""
    mac = salted_hmac(
        f"public.card.{key_id}",
        f"{origin}.{version}",
        secret=secret,
        algorithm="sha256",
    )
    return _text(mac.digest())


def card_token_again(card):
    """The token that the card was printed with; None once its key is gone."""
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = card_token(card.origin, card.version, card.key_id, secret=secret)
        if secrets.compare_digest(hashed(token), card.token_hash):
            return token
    return None


def form_key():
    """A key for one form, which makes the links of what is sent by it."""
    return secrets.token_urlsafe(BYTES)


def link_token(key=None, digest=""):
    """A random token; of the same form with the same content the same one again."""
    if key is None:
        return secrets.token_urlsafe(BYTES)
    mac = salted_hmac("public.link", f"{key}.{digest}", algorithm="sha256")
    return _text(mac.digest())


def row_token(kind, pk, *, secret=None):
    """The token of a row of that kind, derived by key, so that it is printed again."""
    mac = salted_hmac(f"public.{kind}", str(pk), secret=secret, algorithm="sha256")
    return f"{pk}-{_text(mac.digest())}"


def row_of(kind, token):
    """The key of the row whose token it is, or None."""
    pk = token.partition("-")[0]
    if not (pk.isascii() and pk.isdecimal() and len(pk) < 19):
        return None
    given = token.encode("utf-8", "replace")
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        if secrets.compare_digest(
            row_token(kind, int(pk), secret=secret).encode(), given
        ):
            return int(pk)
    return None
