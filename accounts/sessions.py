"""The sessions of an account: begun, seen, named and ended.

Django keeps a session in a row that says nothing of whose it is. Ours beside it says
whose, since when and in which browser, in words; where it came from is not kept.
"""

from django.contrib.sessions.models import Session
from django.db import transaction

from accounts.models import SignedIn
from tianshan.audit import record

SIGNED_IN = "signed_in"  # in the session: the key of its row here

SYSTEMS = [
    ("HarmonyOS", "鸿蒙设备"),
    ("iPhone", "苹果手机"),
    ("iPad", "苹果平板"),
    ("Android", "安卓手机"),
    ("Windows", "Windows 电脑"),
    ("Macintosh", "苹果电脑"),
    ("Linux", "Linux 电脑"),
]
BROWSERS = [
    ("wxwork", "企业微信"),
    ("MicroMessenger", "微信"),
    ("DingTalk", "钉钉"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("QQBrowser", "QQ 浏览器"),
    ("HuaweiBrowser", "华为浏览器"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
]


def browser_in_words(agent):
    """The kind of device and browser, as far as it says: enough to know one's own."""
    system = next((words for sign, words in SYSTEMS if sign in agent), "")
    browser = next((words for sign, words in BROWSERS if sign in agent), "")
    if system and browser:
        return f"{system}上的{' ' if browser[0].isascii() else ''}{browser}"
    return system or browser or "认不出的设备"


def begin(request, *, at):
    """A session that has just begun, by signing in."""
    user = request.user
    gone = SignedIn.objects.filter(user=user).exclude(
        pk__in=SignedIn.objects.going_on(at)
    )
    gone.delete()
    if request.session.session_key is None:
        request.session.save()
    mine = SignedIn.objects.create(
        user=user,
        session_key=request.session.session_key,
        browser=browser_in_words(request.headers.get("User-Agent", "")),
        began_at=at,
        seen_at=at,
    )
    request.session[SIGNED_IN] = mine.pk


def seen(request, *, at):
    """Somebody acts in it. Its key may have changed since, with the password."""
    if key := request.session.get(SIGNED_IN):
        SignedIn.objects.filter(pk=key).update(
            seen_at=at, session_key=request.session.session_key
        )


@transaction.atomic
def end(sessions, *, user, by, at):
    """End these sessions of the user, at their next request: how many they were."""
    sessions = sessions.filter(user=user)
    keys = list(sessions.going_on(at).values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions.delete()
    if keys:
        record("session.ended", user, by=by, at=at, rows=len(keys))
    return len(keys)


def others(request):
    """One's own sessions but for the one in hand."""
    mine = SignedIn.objects.filter(user=request.user)
    return mine.exclude(pk=request.session.get(SIGNED_IN))
