"""What the district's forms ask of one business: shown, and corrected."""

import datetime as dt

from django.contrib import messages
from django.core import signing
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from accounts.rights import Right, needs
from enterprises import official_actions
from enterprises.forms import PAGE_TOO_OLD
from enterprises.models import Business, OfficialFacts
from enterprises.official_forms import OfficialForm
from tianshan import audit

SEEN_SALT = "enterprises.official.seen"


@needs(Right.EDIT_BUSINESSES)
@require_http_methods(["GET", "HEAD", "POST"])
def official_edit(request, pk):
    """The official columns of a business, grouped as its kind needs them.

    Restricted facts stand here for those alone who may see them; that they were shown
    is logged.
    """
    business = get_object_or_404(
        Business.objects.visible_to(request.user, Right.EDIT_BUSINESSES), pk=pk
    )
    facts = OfficialFacts.of(business)
    restricted = request.user.may(Right.SEE_MEMBERS)
    form = OfficialForm(request.POST or None, instance=facts, restricted=restricted)
    seen = _seen(request, facts)
    if form.is_bound and seen is None:
        form.add_error(None, PAGE_TOO_OLD)
    clashes = {}
    if form.is_valid():
        try:
            changed = official_actions.edit_official(
                business,
                changes=form.cleaned_data,
                seen=seen,
                by=request.user,
                at=timezone.now(),
            )
        except official_actions.Conflict as conflict:
            clashes = conflict.fields
            form.refresh(seen, facts)
        else:
            messages.success(
                request, "已保存。" if changed else "资料没有变化，未作改动。"
            )
            return redirect(business)

    if restricted and facts.pk:
        audit.read(
            business, "official", by=request.user, at=timezone.now(), why="填区表"
        )
    context = {
        "business": business,
        "form": form,
        "groups": form.groups(business.kind),
        "seen": _signed(facts, form.fields),
        "clashes": [
            {
                "label": form.fields[name].label,
                "theirs": theirs,
                "mine": form.cleaned_data[name],
            }
            for name, theirs in clashes.items()
        ],
    }
    status = 409 if clashes else 200
    return render(request, "enterprises/official_edit.html", context, status=status)


def _signed(facts, names):
    values = {name: getattr(facts, name) for name in names}
    plain = {
        name: value.isoformat() if isinstance(value, dt.date) else value
        for name, value in values.items()
    }
    return signing.dumps([facts.business.pk, plain], salt=SEEN_SALT, compress=True)


def _seen(request, facts):
    """The values as the form showed them; None when what came back is not ours."""
    if request.method != "POST":
        return {}
    try:
        pk, plain = signing.loads(request.POST.get("seen", ""), salt=SEEN_SALT)
    except signing.BadSignature:
        return None
    if pk != facts.business.pk:
        return None
    fields = OfficialFacts._meta
    return {name: fields.get_field(name).to_python(v) for name, v in plain.items()}
