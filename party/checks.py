"""What the rules ask of an organisation, each as a check that explains itself.

A check is two or three conditions on the organisation's row, so that the ledger, its
filter and the organisation's page cannot disagree; and one sentence that says why, with
the numbers. Rooms above add checks on what an organisation covers (`CHECKS.add`).
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Case, CharField, F, Q, Value, When

from party.models import PartyOrganization

Kind = PartyOrganization.Kind

FEWEST_FOR_OWN = 3
MOST_IN_A_BRANCH = 50
COMMITTEE_FROM = 7
COMMITTEE_LEAST, COMMITTEE_MOST = 3, 7
WARN_BEFORE_TERM = dt.timedelta(days=183)

ON_BRANCHES = "《中国共产党支部工作条例（试行）》"
ON_TERMS = f"{ON_BRANCHES}：任期一般 3 年，村和社区 5 年"
ON_TEMPORARY = "临时党支部的通行做法"

NOTHING = Q(pk__in=[])


class Result(StrEnum):
    BROKEN = "broken"  # not as the rule asks
    NEAR = "near"  # soon no longer
    UNKNOWN = "unknown"  # what the check would need is not on record
    KEPT = "kept"
    OTHER = ""  # the rule is not about such an organisation


LAMPS = {
    Result.BROKEN: "red",
    Result.NEAR: "yellow",
    Result.UNKNOWN: "none",
    Result.KEPT: "green",
}


@dataclass(frozen=True)
class Check:
    """`applies`, `broken`, `near`, `unknown` answer a Q for a day; `why` a sentence."""

    key: str
    label: str
    rule: str
    source: str
    applies: Callable
    broken: Callable
    why: Callable  # why(organization, result, day)
    near: Callable = lambda day: NOTHING
    unknown: Callable = lambda day: NOTHING

    @property
    def field(self):
        return f"check_{self.key}"

    def result(self, day):
        """The result as an expression on PartyOrganization."""
        return Case(
            When(~self.applies(day), then=Value(Result.OTHER)),
            When(self.unknown(day), then=Value(Result.UNKNOWN)),
            When(self.broken(day), then=Value(Result.BROKEN)),
            When(self.near(day), then=Value(Result.NEAR)),
            default=Value(Result.KEPT),
            output_field=CharField(),
        )


@dataclass(frozen=True)
class Finding:
    """What a check found of one organisation."""

    check: Check
    result: Result
    why: str

    @property
    def lamp(self):
        return LAMPS[self.result]

    @property
    def words(self):
        return {
            Result.BROKEN: "要看一看",
            Result.NEAR: "快到了",
            Result.UNKNOWN: "没有登记",
            Result.KEPT: "符合",
        }[self.result]


class Checks(dict):
    """The checks by key, in the order in which a page shows them."""

    def add(self, *checks):
        for check in checks:
            self[check.key] = check

    def annotate(self, organizations, day):
        return organizations.annotate(
            **{check.field: check.result(day) for check in self.values()}
        )

    def narrow(self, organizations, value, day):
        """Those of which a check says so: "any", "unknown", a key, or "key-near"."""
        found = self.annotate(organizations, day)
        if value in ("any", Result.UNKNOWN):
            results = (
                (Result.UNKNOWN,)
                if value == Result.UNKNOWN
                else (Result.BROKEN, Result.NEAR)
            )
            wanted = NOTHING
            for check in self.values():
                wanted |= Q(**{f"{check.field}__in": results})
            return organizations.filter(pk__in=found.filter(wanted).values("pk"))
        key, _, near = value.partition("-")
        result = Result.NEAR if near else Result.BROKEN
        chosen = found.filter(**{self[key].field: result})
        return organizations.filter(pk__in=chosen.values("pk"))

    def choices(self):
        """For a filter: what `narrow` takes, each with its words."""
        yield "any", "有要看一看的"
        for check in self.values():
            yield check.key, check.label
            if check.key == "term":
                yield "term-near", "半年内要换届"
        yield str(Result.UNKNOWN), "有没登记的"

    def of(self, organization, day):
        """The findings of one organisation, in one query; what is no matter is left."""
        row = self.annotate(
            PartyOrganization.objects.filter(pk=organization.pk), day
        ).get()
        findings = []
        for check in self.values():
            result = Result(getattr(row, check.field))
            if result is not Result.OTHER:
                why = check.why(organization, result, day)
                findings.append(Finding(check, result, why))
        return findings

    def in_words(self, row):
        """What an annotated row of a list says: the labels of what is not in order."""
        return "、".join(
            check.label if getattr(row, check.field) == Result.BROKEN else "快换届"
            for check in self.values()
            if getattr(row, check.field) in (Result.BROKEN, Result.NEAR)
        )


CHECKS = Checks()


# --- what the rules say --------------------------------------------------------------


def _branches(day):
    return Q(kind__in=PartyOrganization.BRANCHES)


def _few_members(organization, result, day):
    words = f"正式党员 {organization.members_full} 名"
    if result is Result.BROKEN:
        return f"{words}，不足 {FEWEST_FOR_OWN} 名，可以改组联合党支部"
    if result is Result.UNKNOWN:
        return "还没有登记党员数"
    return words


def _many_members(organization, result, day):
    return f"党员共 {organization.members_full + organization.members_probationary} 名"


def _committee(organization, result, day):
    words = f"正式党员 {organization.members_full} 名，应设支部委员会"
    if organization.committee_size is None:
        return f"{words}，还没有登记委员人数"
    return f"{words}，现有委员 {organization.committee_size} 名"


def _secretary(organization, result, day):
    words = f"正式党员 {organization.members_full} 名，设书记 1 名"
    if not organization.secretary:
        return f"{words}，还没有登记书记"
    if result is Result.BROKEN:
        return f"{words}，却登记了委员 {organization.committee_size} 名"
    return words


def _term(organization, result, day):
    ends = organization.term_ends_on
    if ends is None:
        return "还没有登记任期届满的日期"
    left = (ends - day).days
    if left < 0:
        return f"{ends} 届满，已过 {-left} 天"
    return f"{ends} 届满，还有 {left} 天"


def _temporary(organization, result, day):
    said = []
    if organization.elected_on or organization.term_ends_on:
        said.append("登记了选举或任期")
    if organization.members_probationary:
        said.append(f"登记了预备党员 {organization.members_probationary} 名")
    return "、".join(said) or "没有登记选举、任期和预备党员"


def _approval(organization, result, day):
    if result is Result.UNKNOWN:
        return "批复单位或批复日期还没有登记"
    number = organization.approval_number or "没有文号"
    return f"{organization.approved_by} {organization.approved_on} 批复，{number}"


CHECKS.add(
    Check(
        "approval",
        "批复",
        "党组织的设立要有上级党组织批复：批复单位、受文单位、日期、文号。",
        ON_BRANCHES,
        applies=lambda day: ~Q(kind=Kind.STREET_COMMITTEE),
        unknown=lambda day: Q(approved_by="") | Q(approved_on=None),
        broken=lambda day: NOTHING,
        why=_approval,
    ),
    Check(
        "few_members",
        "正式党员不足 3 名",
        "正式党员 3 名以上可以单独组建党支部；不足 3 名的，几家一起组建联合党支部。",
        ON_BRANCHES,
        applies=lambda day: Q(kind__in=[Kind.BRANCH, Kind.QUARTER_BRANCH]),
        unknown=lambda day: Q(members_full=0, members_probationary=0),
        broken=lambda day: Q(members_full__lt=FEWEST_FOR_OWN),
        why=_few_members,
    ),
    Check(
        "many_members",
        "党员超过 50 名",
        "党支部党员一般不超过 50 名。",
        ON_BRANCHES,
        applies=_branches,
        broken=lambda day: Q(
            members_full__gt=MOST_IN_A_BRANCH - F("members_probationary")
        ),
        why=_many_members,
    ),
    Check(
        "committee",
        "支委会人数",
        "正式党员 7 名以上的党支部设支部委员会，委员 3 至 5 名，一般不超过 7 名。",
        ON_BRANCHES,
        applies=lambda day: _branches(day) & Q(members_full__gte=COMMITTEE_FROM),
        unknown=lambda day: Q(committee_size=None),
        broken=lambda day: ~Q(committee_size__range=(COMMITTEE_LEAST, COMMITTEE_MOST)),
        why=_committee,
    ),
    Check(
        "secretary",
        "书记",
        "正式党员不足 7 名的党支部设 1 名书记，必要时设 1 名副书记，不设支委会。",
        ON_BRANCHES,
        applies=lambda day: _branches(day) & Q(members_full__lt=COMMITTEE_FROM),
        unknown=lambda day: Q(secretary=""),
        broken=lambda day: Q(committee_size__gt=2),
        why=_secretary,
    ),
    Check(
        "term",
        "任期届满",
        "任期届满应按期换届，届满前半年开始准备。",
        ON_TERMS,
        applies=lambda day: ~Q(kind__in=[Kind.TEMPORARY_BRANCH, Kind.REGIONAL]),
        unknown=lambda day: Q(term_ends_on=None),
        broken=lambda day: Q(term_ends_on__lt=day),
        near=lambda day: Q(term_ends_on__lte=day + WARN_BEFORE_TERM),
        why=_term,
    ),
    Check(
        "temporary",
        "临时党支部办了不该办的",
        "临时党支部不转接组织关系，一般不发展党员、不收党费、不换届，"
        "所依托的机构或任务结束时撤销。",
        ON_TEMPORARY,
        applies=lambda day: Q(kind=Kind.TEMPORARY_BRANCH),
        broken=lambda day: (
            Q(elected_on__isnull=False)
            | Q(term_ends_on__isnull=False)
            | Q(members_probationary__gt=0)
        ),
        why=_temporary,
    ),
)
