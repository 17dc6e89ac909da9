"""Photos: how they arrive, in parts and perhaps before their record, and how they go."""

import hashlib
import uuid

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.rights import Right, may
from tianshan.audit import record
from tianshan.files.keeping import Incoming, keep_picture
from tianshan.files.pictures import refuse_too_large, safe_picture
from tianshan.files.problems import FileProblem
from visits.actions import KeyReused, Refused
from visits.models import Photo
from visits.models.photo import RECORDS

FOLDER = "photos"
MOST = 6  # photos of one record; more are not needed for anything


def record_of(photo):
    """The visit, door report or demand that the photo belongs to; None while it is not here."""
    for model, author in RECORDS:
        own = {author: photo.by_id, "client_key": photo.record_key}
        if found := model.objects.filter(**own).first():
            return found
    return None


class NeverAPicture(Refused):
    """What can never become a photo, whatever is sent again (422)."""


def take_part(*, key, record_key, sha256, size, start, part, by, at):
    """Take some bytes of a photo, from `start` on; returns the Photo as it now is.

    Bytes that are here already are passed over; a gap is left for whoever sends to
    see from `have`. With the last byte the photo is drawn anew and kept. The same
    photo again is the same photo; other content under the key raises KeyReused. What
    can never be a photo raises NeverAPicture, and stays refused; too many bytes raise
    TooLarge; NotNow means that the same may succeed later.
    """
    if not may(by, Right.LOG_VISITS):
        raise PermissionDenied
    refuse_too_large(size)
    refused = None
    with transaction.atomic():
        photo = _row(key, record_key, sha256, size, by=by, at=at)
        if "receive" in photo.open_steps:
            try:
                _receive(photo, start, part, by=by, at=at)
            except FileProblem as problem:
                # Kept as refused, so that nobody sends it a second time.
                refused = _refuse(photo, str(problem), by=by, at=at)
    if refused or photo.state == Photo.State.REFUSED:
        raise NeverAPicture(photo.problem)
    return photo


def _row(key, record_key, sha256, size, *, by, at):
    """The photo's row, locked; made by whoever sends the first part."""
    told = {"record_key": record_key, "sha256": sha256, "size": size}
    rows = Photo.objects.select_for_update()
    photo, created = rows.get_or_create(
        by=by, key=key, defaults={**told, "arrived_at": at}
    )
    if any(getattr(photo, name) != value for name, value in told.items()):
        raise KeyReused("这张照片已经收过，内容和这次不同。请重新选择照片。")
    others = Photo.objects.filter(by=by, record_key=record_key)
    others = others.exclude(state__in=[Photo.State.REFUSED, Photo.State.VOID])
    if created and others.count() > MOST:
        raise NeverAPicture(f"一条记录最多 {MOST} 张照片。")
    return photo


def _receive(photo, start, part, *, by, at):
    incoming = Incoming(FOLDER, f"{by.pk}-{photo.key}")
    # What the disk lost counts no longer.
    have = min(photo.have, incoming.size())
    fresh = part[have - start :] if start <= have else b""
    if fresh:
        incoming.put(have, fresh[: photo.size - have])
        have = incoming.size()
    photo.have = have
    photo.save(update_fields=["have"])
    if have == photo.size:
        content = incoming.content()
        if hashlib.sha256(content).hexdigest() != photo.sha256:
            raise FileProblem("照片在路上传错了。请重新选择这张照片。")
        _keep(photo, safe_picture(content), by=by, at=at)
        transaction.on_commit(incoming.drop)


def _keep(photo, picture, *, by, at):
    photo.state = Photo.State.KEPT
    photo.name = keep_picture(FOLDER, picture)
    photo.width, photo.height = picture.width, picture.height
    photo.kept_at = at
    photo.save(update_fields=["state", "name", "width", "height", "kept_at"])
    record("photo.kept", photo, by=by, at=at)


def _refuse(photo, problem, *, by, at):
    photo.state, photo.problem = Photo.State.REFUSED, problem
    photo.save(update_fields=["state", "problem"])
    record("photo.refused", photo, by=by, at=at, reason=problem)
    transaction.on_commit(Incoming(FOLDER, f"{by.pk}-{photo.key}").drop)
    return photo


def add(of, *, content, by, at):
    """Take a whole photo for one's own record; the same twice is one photo."""
    if getattr(of, dict(RECORDS)[type(of)]) != by:
        raise PermissionDenied
    if not content:
        raise NeverAPicture("文件是空的，请重新拍或重新选。")
    sha256 = hashlib.sha256(content).hexdigest()
    return take_part(
        key=uuid.uuid5(of.client_key, sha256),
        record_key=of.client_key,
        sha256=sha256,
        size=len(content),
        start=0,
        part=content,
        by=by,
        at=at,
    )


@transaction.atomic
def void(photo, *, reason, by, at):
    """Take a photo off the pages; its row and the reason stay.

    Its author may, and whoever checks what the field reports.
    """
    photo = Photo.objects.select_for_update().get(pk=photo.pk)
    checks = Photo.objects.visible_to(by, Right.CHECK_VISITS)
    if photo.by_id != by.pk and not checks.filter(pk=photo.pk).exists():
        raise PermissionDenied
    if "void" not in photo.open_steps:
        raise Refused("这张照片已经撤下，请刷新后再看。")
    if not reason.strip():
        raise Refused("请写明撤下的原因。")
    photo.state = Photo.State.VOID
    photo.voided_at, photo.voided_by, photo.void_reason = at, by, reason
    photo.save(update_fields=["state", "voided_at", "voided_by", "void_reason"])
    record("photo.voided", photo, by=by, at=at, reason=reason)
    return photo
