"""What is said of a person in a help case, sealed at rest.

Each case has a key of its own, with which its fields are encrypted (AES-256-GCM). That
key is stored wrapped by the newest of CASES_KEYS. So a change of keys rewrites nothing
but the wrapped key; and once the wrapped key is gone, nothing opens the case any more:
neither the row, nor its history, which holds ciphertext alone and cannot be changed.

Each ciphertext is bound to its case and its field: put elsewhere, it does not open.
"""

import base64
import binascii
import hashlib
import hmac
import os
import re

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core import checks

KEY, NONCE = 32, 12  # bytes


class KeyProblem(Exception):
    """A key is missing, malformed, or not the one; the message is for the user."""


def _key(text, name):
    try:
        key = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (ValueError, binascii.Error):
        key = b""
    if len(key) != KEY:
        raise KeyProblem(f"服务器设置 {name} 里有一把密钥写得不对。")
    return key


def name_of(key):
    """Names a key without telling anything of it."""
    return hashlib.sha256(b"tianshan case key" + key).hexdigest()[:8]


def keys():
    """`{name: key}`, the newest first."""
    if not settings.CASES_KEYS:
        raise KeyProblem("服务器没有设置帮办的密钥 CASES_KEYS。")
    found = [_key(text, "CASES_KEYS") for text in settings.CASES_KEYS]
    return {name_of(key): key for key in found}


def newest():
    """`(name, key)` under which keys of cases are wrapped from now on."""
    return next(iter(keys().items()))


def _look_up_key():
    if not settings.CASES_LOOKUP_KEY:
        raise KeyProblem("服务器没有设置帮办的密钥 CASES_LOOKUP_KEY。")
    return _key(settings.CASES_LOOKUP_KEY, "CASES_LOOKUP_KEY")


def _encrypt(key, content, place):
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, place.encode())


def _decrypt(key, sealed, place):
    sealed = bytes(sealed)
    try:
        return AESGCM(key).decrypt(sealed[:NONCE], sealed[NONCE:], place.encode())
    except (InvalidTag, ValueError):
        raise KeyProblem("这件帮办的内容和密钥对不上，或者被改动过。") from None


def place_of(case_id, field):
    return f"cases/{case_id}/{field}"


# --- the key of a case ---------------------------------------------------------------


def make_key():
    return AESGCM.generate_key(bit_length=KEY * 8)


def wrap(case_id, own_key):
    """`(wrapped, name of the key around it)`."""
    name, key = newest()
    return _encrypt(key, own_key, place_of(case_id, "key")), name


def unwrap(case_id, wrapped, name):
    known = keys()
    if name not in known:
        raise KeyProblem(f"服务器设置 CASES_KEYS 里缺少密钥 {name}。")
    return _decrypt(known[name], wrapped, place_of(case_id, "key"))


# --- fields ----------------------------------------------------------------------------


def seal(own_key, case_id, field, text):
    """Nothing said is nothing stored."""
    return _encrypt(own_key, text.encode(), place_of(case_id, field)) if text else b""


def unseal(own_key, case_id, field, sealed):
    if not sealed:
        return ""
    return _decrypt(own_key, sealed, place_of(case_id, field)).decode()


def phone_hash(phone):
    """By which cases of one phone are found without opening any; None for no phone.

    The name of the key stands before it, so that a new key is noticed.
    """
    key = _look_up_key()
    digits = re.sub(r"\D", "", phone)
    digits = digits[2:] if len(digits) == 13 and digits.startswith("86") else digits
    if not digits:
        return None
    return bytes.fromhex(name_of(key)) + hmac.digest(key, digits.encode(), "sha256")


def look_up_name():
    """What today's hashes of phones begin with."""
    return name_of(_look_up_key())


# --- at the start ----------------------------------------------------------------------


def check_keys(app_configs=None, **kwargs):
    """Says at `manage.py check` what the case pages would say; the portal starts."""
    try:
        keys(), _look_up_key()
    except KeyProblem as problem:
        return [checks.Warning(str(problem), id="cases.W001")]
    return []
