"""Which grid a figure is asked for."""

from django.http import Http404

from accounts.rights import Right, posts_with
from grids.models import Grid
from tianshan.ledgers.scopes import BadScope


def own_grid(user):
    """The widest grid in which the user may see figures, or None."""
    posts = posts_with(user, Right.SEE_FIGURES)
    return min((post.grid for post in posts), key=lambda grid: grid.path, default=None)


def read(user, code):
    """The grid of that code, or the user's own; 404 for one out of sight."""
    if code is None:
        grid = own_grid(user)
        if grid is None:
            raise BadScope("您的岗位不看统计数。")
        return grid
    grid = Grid.objects.visible_to(user, Right.SEE_FIGURES).filter(code=code).first()
    if grid is None:
        raise Http404
    return grid
