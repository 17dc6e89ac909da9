from django.http import Http404
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.rights import Role, signed_in
from dashboard.help.pages import SECTIONS
from dashboard.help.pictures import PICTURES


@signed_in
@require_safe
def help_list(request):
    """The pages of help, those of one's own posts first."""
    held = list(dict.fromkeys(post.role for post in request.user.posts_in_force))
    others = [role for role in Role if role not in held]
    context = {"held": [Role(role) for role in held], "others": others}
    return render(request, "help/list.html", context)


# What a role does is no secret: colleagues stand in for one another.
@signed_in
@require_safe
def help_page(request, role):
    if role not in SECTIONS:
        raise Http404
    context = {"role": Role(role), "pictures": PICTURES}
    return render(request, f"help/{role}.html", context)


@signed_in
@require_safe
def guide(request):
    """All that grid staff need on the street, on one sheet of A4."""
    return render(request, "help/guide.html")
