"""The organisations as a tree, as far as one may see it."""

from dataclasses import dataclass, field

from party.checks import CHECKS
from party.ledgers import ORGANIZATIONS
from party.models import PartyOrganization


@dataclass
class Node:
    organization: object
    covers: str  # what rooms above say that it covers, drawn
    checks: str  # the labels of what is to be looked at
    children: list = field(default_factory=list)


def tree(user, day):
    """The topmost nodes: those whose superior is out of sight, or that have none."""
    column = ORGANIZATIONS.column("covers")
    organizations = PartyOrganization.objects.visible_to(user).standing(day)
    organizations = CHECKS.annotate(organizations, day).for_list()
    if column:
        organizations = ORGANIZATIONS.annotated(
            organizations, [column], user=user, day=day
        )
    nodes = {
        one.pk: Node(one, column.cell(one) if column else "", CHECKS.in_words(one))
        for one in organizations
    }
    kinds = PartyOrganization.Kind.values
    tops = []
    for node in sorted(
        nodes.values(), key=lambda node: kinds.index(node.organization.kind)
    ):
        above = nodes.get(node.organization.parent_id)
        (above.children if above else tops).append(node)
    return tops
