"""Tokens that open something without an account: kept as a hash alone."""

import hashlib


def hashed(token):
    """What is kept and looked for; the token itself is shown once. A surrogate, which
    no token has, ends as "?"."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
