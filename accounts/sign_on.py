"""Single sign-on by OpenID Connect: code flow with PKCE, state and nonce.

The provider says who somebody is, the portal whether that is an account: one whose
security administrator entered the provider's subject. Nobody signs up by it, and no
name or address that the provider sends is believed or kept. The token's signature is
checked against the provider's keys, whatever way it came.
"""

import base64
import hashlib
import secrets
import time
from urllib.parse import urlencode, urlsplit

import jwt
import requests
from django.conf import settings
from django.utils.crypto import constant_time_compare

WAITING = "sign_on"  # in the session, from the way out to the way back
LASTS = 10 * 60
TIMEOUT = 5
LEEWAY = 30  # seconds by which the clocks may differ
ALGORITHMS = ["RS256", "PS256", "ES256"]


class Refused(Exception):
    """Nobody is signed in; the message is for the log, without anything of a person."""


def _get(url, **more):
    return _said(requests.get, url, **more)


def _said(ask, url, **more):
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname != "127.0.0.1":
        raise Refused("an address of the provider is not https")
    try:
        response = ask(url, timeout=TIMEOUT, allow_redirects=False, **more)
        response.raise_for_status()
        return response.json()
    except (requests.RequestException, ValueError) as error:
        raise Refused(f"the provider did not answer: {type(error).__name__}") from error


def _configuration(provider):
    issuer = provider["issuer"]
    said = _get(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if said.get("issuer") != issuer:
        raise Refused("the provider calls itself otherwise")
    return said


def begin(session, key, provider, *, back, then=""):
    """The address at the provider to which the browser goes.

    With `then`, the way to go on afterwards, whoever is signed in here already is to
    sign in there anew, whether or not the provider still knows them.
    """
    state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
    session[WAITING] = {
        "key": key,
        "state": state,
        "nonce": nonce,
        "verifier": verifier,
        "at": int(time.time()),
        "then": then,
    }
    digest = hashlib.sha256(verifier.encode()).digest()
    asked = {
        "response_type": "code",
        "client_id": provider["client_id"],
        "redirect_uri": back,
        "scope": "openid",
        "state": state,
        "nonce": nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    if then:
        asked |= {"prompt": "login", "max_age": "0"}
    where = _configuration(provider)["authorization_endpoint"]
    return f"{where}{'&' if '?' in where else '?'}{urlencode(asked)}"


def subject(session, key, provider, answer, *, back):
    """Who came back, as the provider calls them, and where to go on if they signed in
    anew. Each way out leads back once."""
    waiting = session.pop(WAITING, None)
    if not waiting or waiting["key"] != key:
        raise Refused("nobody went out from here")
    if time.time() - waiting["at"] > LASTS:
        raise Refused("it took too long")
    if not constant_time_compare(answer.get("state", ""), waiting["state"]):
        raise Refused("another state came back")
    if "code" not in answer:
        raise Refused("no code came back")
    said = _configuration(provider)
    tokens = _said(
        requests.post,
        said["token_endpoint"],
        data={
            "grant_type": "authorization_code",
            "code": answer["code"],
            "redirect_uri": back,
            "client_id": provider["client_id"],
            "client_secret": provider["client_secret"],
            "code_verifier": waiting["verifier"],
        },
    )
    claims = _claims(tokens.get("id_token", ""), provider, said["jwks_uri"])
    if not constant_time_compare(str(claims.get("nonce", "")), waiting["nonce"]):
        raise Refused("another nonce came back")
    if waiting["then"]:
        _signed_in_since(claims, waiting["at"])
    return claims["sub"], waiting["then"]


def _signed_in_since(claims, at):
    """Asked for by `max_age`, the moment of the sign-in is in the token."""
    moment = claims.get("auth_time")
    if not isinstance(moment, int) or moment < at - LEEWAY:
        raise Refused("the provider did not ask anew")


def _claims(token, provider, keys_at):
    try:
        keys = jwt.PyJWKSet.from_dict(_get(keys_at))
        named = jwt.get_unverified_header(token).get("kid")
        key = keys[named] if named else keys.keys[0]
        claims = jwt.decode(
            token,
            key,
            algorithms=ALGORITHMS,
            audience=provider["client_id"],
            issuer=provider["issuer"],
            leeway=LEEWAY,
            options={"require": ["iss", "aud", "sub", "exp", "iat"]},
        )
    except (jwt.PyJWTError, KeyError, IndexError) as error:
        raise Refused(f"the token does not hold: {type(error).__name__}") from error
    several = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
    if several and claims.get("azp") != provider["client_id"]:
        raise Refused("the token is for another")
    return claims


def name_of(provider):
    """What the pages call a provider, also one that is set up no more."""
    return settings.OIDC_PROVIDERS.get(provider, {}).get("name", provider)
