"""What this room tells of a business's timeline: notes, coverage, places, states."""

from django.utils import timezone

from enterprises.models import Coverage, JournalEntry
from tianshan.ledgers.moments import MOST, Moment, tell


def notes(user, business):
    rows = JournalEntry.objects.visible_to(user).filter(business=business).standing()
    return [
        Moment(
            day=timezone.localdate(note.at),
            title=note.get_kind_display(),
            words=f"{note.by.display_name}：{note.words}",
            icon="notes",
            tag=("line", "日志"),
        )
        for note in rows.for_list()[:MOST]
    ]


def coverages(user, business):
    rows = Coverage.objects.visible_to(user).filter(business=business)
    told = []
    for row in rows.select_related("organization").order_by("-since", "-pk")[:MOST]:
        url = row.organization.get_absolute_url()
        name, mode = row.organization.name, row.get_mode_display()
        told.append(
            Moment(
                day=row.since,
                title=f"由{name}覆盖",
                words=f"{mode}{f'，依据：{row.basis}' if row.basis else ''}",
                url=url,
                icon="sitemap",
                tag=("line", "覆盖"),
            )
        )
        if row.until:
            told.append(
                Moment(
                    day=row.until,
                    title=f"{name}不再覆盖",
                    words=mode,
                    url=url,
                    icon="sitemap",
                    tag=("line", "覆盖"),
                )
            )
    return told


def changes(user, business):
    """Where it was, whether it operated, who ran it, whether it was priority."""
    return [
        *_places(business),
        *_states(business),
        *_owners(business),
        *_markings(business),
        *_successions(user, business),
    ]


def _places(business):
    rows = business.occupancies.select_related("building", "grid")
    for row in rows.order_by("-since", "-pk")[:MOST]:
        where = f"{row.building or row.grid} {row.room}".strip()
        yield Moment(
            day=row.since,
            title=f"入驻 {where}",
            words=f"至 {row.until:%Y-%m-%d}" if row.until else "现址",
            icon="map-pin",
            tag=("line", "地点"),
        )


def _states(business):
    for row in business.operations.order_by("-since", "-pk")[:MOST]:
        yield Moment(
            day=row.since,
            title=f"经营状态：{row.get_state_display()}",
            words=f"至 {row.until:%Y-%m-%d}" if row.until else "",
            icon="building-store",
            tag=("line", "经营"),
        )


def _owners(business):
    for row in business.ownerships.order_by("-since", "-pk")[:MOST]:
        yield Moment(
            day=row.since,
            title=f"经营者：{row.owner or '未写明'}",
            words=f"至 {row.until:%Y-%m-%d}" if row.until else "",
            icon="user",
            tag=("line", "经营者"),
        )


def _markings(business):
    for row in business.priorities.order_by("-since", "-pk")[:MOST]:
        yield Moment(
            day=row.since, title="列为重点", words=row.reason, icon="star", dot="warn"
        )
        if row.until:
            yield Moment(
                day=row.until, title="取消重点", words=row.end_reason, icon="star"
            )


def _successions(user, business):
    model = type(business)
    if business.succeeds_id:
        before = model.objects.visible_to(user).filter(pk=business.succeeds_id).first()
        yield Moment(
            day=business.discovered_on,
            title=f"接手 {before.name if before else '前一家'}",
            words="换了经营者，另办执照",
            url=before.get_absolute_url() if before else "",
            icon="git-merge",
        )
    for after in model.objects.visible_to(user).filter(succeeds=business.pk):
        yield Moment(
            day=after.discovered_on,
            title=f"由 {after.name} 接手",
            words="换了经营者，另办执照",
            url=after.get_absolute_url(),
            icon="git-merge",
        )


def register():
    tell("notes", "日志", notes)
    tell("coverages", "覆盖", coverages)
    tell("changes", "变动", lambda user, business: list(changes(user, business)))
