"""The table is that of the code, moved twice or not at all."""

from accounts.rights import RIGHTS as CODE_RIGHTS
from tests.matrix import conftest
from tests.matrix.asking import KNOWN
from tests.matrix.table import ACCOUNTS, LINES, RIGHTS
from tests.matrix.test_matrix import CANARIES


def test_every_address_stands_in_the_table_and_every_line_has_an_address():
    assert {name.partition("/")[0] for name in LINES} == set(KNOWN)


def test_the_rules_of_the_code_are_those_of_the_table():
    """Rights by hand on both sides: one that moves has to be moved twice."""
    decide = {"decide_in_branch", "decide_in_committee", "decide_in_conference"}
    for name, pattern in KNOWN.items():
        rule = getattr(pattern.callback, "rule", None)
        if isinstance(rule, frozenset):
            said = {"decide" if str(r) in decide else str(r) for r in rule}
            assert said == set(LINES[name].rights), name
        elif rule in ("signed_in", "anyone") and name in LINES:
            assert LINES[name].rights == {rule}, name


def test_the_roles_of_the_code_are_those_of_the_table():
    for right, roles in RIGHTS.items():
        if right != "decide":
            held = {
                short
                for short, role in conftest.ROLES.items()
                if right in {str(each) for each in CODE_RIGHTS[role]}
            }
            assert held == roles, right


def test_the_table_is_as_wide_as_it_has_to_be():
    count = sum(
        len(account.asks_in(line)) for account in ACCOUNTS for line in LINES.values()
    )
    assert len({account.role for account in ACCOUNTS}) == 14
    assert count >= 24_000
    assert len(CANARIES) == 12
