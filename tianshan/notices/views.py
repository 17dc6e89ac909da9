"""What waits for me, what came in, and how much of it is new."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Max
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from tianshan.ledgers import kept
from tianshan.ledgers.panels import signed_in
from tianshan.notices.models import Notice
from tianshan.notices.todo import todo_of

SHOWN = 30
MOST = 99  # what the bell counts to


@signed_in
@require_safe
def notice_list(request):
    """One's list of things to do, and one's notices, unread or all."""
    own = Notice.objects.visible_to(request.user)
    unread = own.unread().count()
    everything = request.GET.get("show") == "all"
    rows = (own if everything else own.unread()).for_list()
    context = {
        "todo": todo_of(request.user, timezone.localdate()),
        "page": Paginator(rows, SHOWN).get_page(request.GET.get("page")),
        "everything": everything,
        "unread": unread,
        "newest": own.aggregate(Max("pk"))["pk__max"],
    }
    return render(request, "notices/notice_list.html", context)


@signed_in
@require_safe
def unread(request):
    """The number at the bell, which loads after each page; empty where there is none.

    Beside the page and not in it: a page costs no statement more for it.
    """
    number = kept.count(Notice.objects.visible_to(request.user).unread())
    context = {"number": f"{MOST}+" if number > MOST else number}
    return render(request, "notices/unread.html", context)


@signed_in
@require_safe
def notice_open(request, pk):
    """To what a notice is about; whoever goes there has read it."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    if notice.read_at is None and request.method == "GET":
        notice.read_at = timezone.now()
        notice.save(update_fields=["read_at"])
    return redirect(notice.url)


@signed_in
@require_POST
def all_read(request):
    """All that there was when the page was drawn; what came since stays unread."""
    up_to = request.POST.get("up_to", "")
    own = Notice.objects.visible_to(request.user).unread()
    if up_to.isdecimal() and len(up_to) < 19:
        number = own.filter(pk__lte=int(up_to)).update(read_at=timezone.now())
        messages.success(request, f"{number} 条通知已标为读过。")
    return redirect("notices:notice_list")
