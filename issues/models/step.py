"""What was done to an issue, step by step; the database lets nothing else change it."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.rights import Role, roles_with
from issues.models.rules import (
    CLERKS,
    DECIDES,
    LEADER,
    LEADS,
    PROPOSERS,
    RULES,
    Level,
    Move,
    State,
    Step,
    Who,
)
from tianshan.audit.classes import INTERNAL
from tianshan.audit.history import tracked


def _list(values):
    return ", ".join(f"'{value}'" for value in values)


def _taken_by(who):
    """In SQL what `rules.takes` says in Python."""
    behalf = f"(NEW.role IN ({_list(CLERKS)}) AND NEW.for_whom <> '')"
    if who == Who.FOLLOWS:
        return "TRUE"
    if who in LEADER:
        return f"NEW.role IN ({_list(roles_with(LEADER[who]))})"
    if who == Who.LEAD:
        return (
            f"(NEW.role IN ({_list(LEADS)}) OR {behalf}"
            " OR (NEW.role = '' AND NEW.for_whom <> ''))"
        )
    if who == Who.BODY:
        by_level = " OR ".join(
            f"(NEW.from_level = {int(level)}"
            f" AND NEW.role IN ({_list(roles_with(right))}))"
            for level, right in DECIDES.items()
        )
        return f"({by_level} OR {behalf})"
    return f"(NEW.role IN ({_list(PROPOSERS)}) OR {behalf})"


_MOVES = {
    Move.START: "NEW.from_level IS NULL",
    Move.STAY: "NEW.to_level = NEW.from_level AND NEW.to_body_id = NEW.from_body_id",
    Move.UP: "NEW.to_level > NEW.from_level",
    Move.DOWN: "NEW.to_level < NEW.from_level",
    Move.ANY: "NEW.from_level IS NOT NULL",
}


def _line(rule):
    """One line of the table as a condition on the row of a step."""
    to = f"'{rule.to}'" if rule.to else "NEW.from_state"
    who = " OR ".join(_taken_by(who) for who in rule.who)
    needs = "".join(
        f" AND NEW.{need} IS NOT NULL" if need == "until" else f" AND NEW.{need} <> ''"
        for need in rule.needs
    )
    return (
        f"(NEW.step = '{rule.step}' AND NEW.from_state IN ({_list(rule.frm)})"
        f" AND NEW.to_state = {to} AND {_MOVES[rule.move]} AND ({who}){needs})"
    )


# A step starts where the issue is, and is one that the table allows.
STEP_IS_ALLOWED = pgtrigger.Trigger(
    name="step_is_allowed",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert,
    declare=[("issue", "issues_issue%ROWTYPE")],
    func=f"""
        SELECT * INTO issue FROM issues_issue WHERE id = NEW.issue_id FOR UPDATE;
        IF NEW.step = '{Step.PROPOSE}' THEN
            IF NEW.from_body_id IS NOT NULL
               OR (NEW.to_state, NEW.to_level, NEW.to_body_id)
                   IS DISTINCT FROM (issue.state, issue.level, issue.body_id)
               OR EXISTS (SELECT FROM issues_issuestep
                          WHERE issue_id = NEW.issue_id) THEN
                RAISE EXCEPTION 'issue %: not how an issue begins', NEW.issue_id
                    USING ERRCODE = 'check_violation';
            END IF;
        ELSIF (NEW.from_state, NEW.from_level, NEW.from_body_id)
              IS DISTINCT FROM (issue.state, issue.level, issue.body_id) THEN
            RAISE EXCEPTION 'issue %: the step starts elsewhere', NEW.issue_id
                USING ERRCODE = 'check_violation';
        END IF;
        IF NOT (
            {" OR ".join(_line(rule) for rule in RULES)}
        ) THEN
            RAISE EXCEPTION 'issue %: no step % from % to % by %', NEW.issue_id,
                NEW.step, NEW.from_state, NEW.to_state, NEW.role
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,  # noqa: S608
)

# Looked at when the transaction ends: no step without what it says.
STEP_WAS_TAKEN = pgtrigger.Trigger(
    name="step_was_taken",
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    timing=pgtrigger.Deferred,
    func="""
        IF NOT EXISTS (
            SELECT FROM issues_issue AS issue JOIN issues_issuestep AS last
                ON last.issue_id = issue.id
            WHERE issue.id = NEW.issue_id
              AND (last.to_state, last.to_level, last.to_body_id)
                  = (issue.state, issue.level, issue.body_id)
              AND last.id = (SELECT MAX(id) FROM issues_issuestep
                             WHERE issue_id = issue.id)
        ) THEN
            RAISE EXCEPTION 'issue %: a step was not taken', NEW.issue_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """,
)

# On the issue: what changes is described by the step that was written last. As each
# step was taken in its own transaction, that one is of this transaction.
ISSUE_CHANGES_BY_STEPS = pgtrigger.Trigger(
    name="issue_changes_by_steps",
    when=pgtrigger.Before,
    operation=pgtrigger.Insert | pgtrigger.Update,
    declare=[("last", "issues_issuestep%ROWTYPE")],
    func=f"""
        IF TG_OP = 'UPDATE' AND (OLD.state, OLD.level, OLD.body_id)
           IS NOT DISTINCT FROM (NEW.state, NEW.level, NEW.body_id) THEN
            RETURN NEW;
        END IF;
        IF NEW.level IS DISTINCT FROM
           (SELECT level FROM issues_deliberationbody WHERE id = NEW.body_id) THEN
            RAISE EXCEPTION 'issue %: its body meets at another level', NEW.id
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'INSERT' THEN
            IF NEW.state <> '{State.PROPOSED}' THEN
                RAISE EXCEPTION 'an issue begins as proposed'
                    USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END IF;
        SELECT * INTO last FROM issues_issuestep WHERE issue_id = NEW.id
            ORDER BY id DESC LIMIT 1;
        IF (last.from_state, last.from_level, last.from_body_id,
            last.to_state, last.to_level, last.to_body_id)
           IS DISTINCT FROM (OLD.state, OLD.level, OLD.body_id,
                             NEW.state, NEW.level, NEW.body_id) THEN
            RAISE EXCEPTION 'issue %: no step leads from % to %', NEW.id,
                OLD.state, NEW.state USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    """,  # noqa: S608
)

ISSUE_BEGINS_WITH_A_STEP = pgtrigger.Trigger(
    name="issue_begins_with_a_step",
    when=pgtrigger.After,
    operation=pgtrigger.Insert,
    timing=pgtrigger.Deferred,
    func="""
        IF NOT EXISTS (SELECT FROM issues_issuestep WHERE issue_id = NEW.id)
           AND EXISTS (SELECT FROM issues_issue WHERE id = NEW.id) THEN
            RAISE EXCEPTION 'issue %: nobody proposed it', NEW.id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    """,
)


class IssueStepQuerySet(models.QuerySet):
    def visible_to(self, user):
        from issues.models.chain import Issue

        return self.filter(issue__in=Issue.objects.visible_to(user))


@tracked()
class IssueStep(models.Model):
    """One step of an issue: from where to where, who took it, for whom, and why."""

    issue = models.ForeignKey("issues.Issue", models.PROTECT, related_name="steps")
    step = models.CharField("步骤", max_length=20, choices=Step)
    from_state = models.CharField("原状态", max_length=12, choices=State, blank=True)
    to_state = models.CharField("状态", max_length=12, choices=State)
    from_level = models.PositiveSmallIntegerField("原层级", choices=Level, null=True)
    to_level = models.PositiveSmallIntegerField("层级", choices=Level)
    from_body = models.ForeignKey(
        "issues.DeliberationBody", models.PROTECT, null=True, related_name="+"
    )
    to_body = models.ForeignKey(
        "issues.DeliberationBody", models.PROTECT, related_name="+"
    )
    # Nobody where it followed from what an asker did without an account.
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="经办",
    )
    role = models.CharField("岗位", max_length=20, choices=Role, blank=True)
    for_whom = models.CharField("代谁", max_length=80, blank=True)
    how = models.CharField("怎么受托", max_length=200, blank=True)
    at = models.DateTimeField("时间")
    reason = models.CharField("原因", max_length=500, blank=True)
    tried = models.CharField("已经做过什么", max_length=500, blank=True)
    until = models.DateField("到哪天", null=True, blank=True)
    to_whom = models.CharField("上报给谁", max_length=80, blank=True)
    skipped = models.CharField("越过的层级", max_length=80, blank=True)
    meeting = models.ForeignKey(
        "issues.Meeting",
        models.PROTECT,
        null=True,
        related_name="steps",
        verbose_name="哪次会议",
    )

    VISIBILITY = {
        INTERNAL: "id issue step from_state to_state from_level to_level from_body"
        " to_body by role for_whom how at reason tried until to_whom skipped"
        " meeting",
    }

    objects = IssueStepQuerySet.as_manager()

    class Meta:
        verbose_name = "议题步骤"
        ordering = ["pk"]
        triggers = [
            STEP_IS_ALLOWED,
            STEP_WAS_TAKEN,
            pgtrigger.Protect(
                name="steps_stay", operation=pgtrigger.Update | pgtrigger.Delete
            ),
        ]

    def __str__(self):
        return f"{self.get_step_display()} {self.issue_id}"


class SupervisionQuerySet(models.QuerySet):
    def visible_to(self, user):
        from issues.models.chain import Issue

        return self.filter(issue__in=Issue.objects.visible_to(user))

    def waiting(self):
        return self.filter(answered_at=None)


@tracked()
class Supervision(models.Model):
    """督办: a leader's word on an issue, or one of its measures, until it is answered."""

    issue = models.ForeignKey(
        "issues.Issue", models.PROTECT, related_name="supervisions"
    )
    measure = models.ForeignKey(
        "issues.Measure",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="supervisions",
    )
    words = models.CharField("督办意见", max_length=500)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name="督办人",
    )
    at = models.DateTimeField("督办时间")
    answer = models.CharField("答复", max_length=500, blank=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="答复人",
    )
    answered_for = models.CharField("代谁答复", max_length=80, blank=True)
    answered_at = models.DateTimeField("答复时间", null=True, blank=True)

    VISIBILITY = {
        INTERNAL: "id issue measure words by at answer answered_by answered_for"
        " answered_at",
    }

    objects = SupervisionQuerySet.as_manager()

    class Meta:
        verbose_name = "督办"
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(answered_at=None, answer="", answered_by=None)
                | (
                    ~Q(answer="")
                    & Q(answered_at__isnull=False, answered_by__isnull=False)
                ),
                name="supervision_answered_whole",
            ),
        ]

    def __str__(self):
        return self.words
