"""Posting to a group's web-hook of WeCom (企业微信群机器人).

Off until `WECOM_WEBHOOKS` names an address for a grid. The address is a secret: it is
kept in the environment alone and stands in no log and no error.
"""

import json
import logging
import urllib.error
import urllib.request

log = logging.getLogger(__name__)

TIMEOUT = 5  # seconds
MOST = 2000  # bytes of text that such a group takes (2048)
MOST_ANSWER = 10_000


class NotPosted(Exception):
    """Why not, in a word without the address."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args, **kwargs):
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def post(url, words):
    """Post the words as a text; raises NotPosted."""
    text = words.encode()[:MOST].decode(errors="ignore")
    body = json.dumps({"msgtype": "text", "text": {"content": text}}).encode()
    request = urllib.request.Request(  # noqa: S310  (settings ask for https)
        url, data=body, headers={"Content-Type": "application/json"}
    )
    try:
        with _opener.open(request, timeout=TIMEOUT) as response:
            answer = json.loads(response.read(MOST_ANSWER))
    except urllib.error.HTTPError as problem:
        raise NotPosted(f"HTTP {problem.code}") from None
    except (OSError, ValueError) as problem:
        raise NotPosted(type(problem).__name__) from None
    code = answer.get("errcode") if isinstance(answer, dict) else None
    if code != 0:
        raise NotPosted(f"errcode {code}"[:60])
