"""Photos: sent in parts, before or after their record, once; shown to who may see."""

import hashlib
import io
import threading
import uuid

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from PIL import ExifTags, Image

from tests.factories import VisitFactory
from tests.visits.test_visit_new import PLAIN, url
from tianshan.audit.models import Entry
from tianshan.files import pictures
from visits import photos
from visits.actions import KeyReused, Refused
from visits.models import Demand, Photo, Visit

RECORD = uuid.UUID("11111111-1111-4111-8111-111111111111")
DEMAND_NEW = reverse("visits:demand_new")
PLACE = b"planted-by-the-camera"


@pytest.fixture
def client(client_of, staff):
    return client_of(staff)


def shot(colour="red", kind="JPEG"):
    """A photo as a phone takes it, with the place in it."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = PLACE.decode()
    exif.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    out = io.BytesIO()
    Image.effect_noise((300, 200), 60).convert("RGB").save(out, kind, exif=exif)
    return out.getvalue() + colour.encode()


class Phone:
    """Sends a photo as the queue of a phone does."""

    def __init__(self, client, content, record_key=RECORD, key=None):
        self.client, self.content, self.record_key = client, content, record_key
        self.key = key or uuid.uuid4()
        self.address = reverse("visits:photo_upload", args=[self.key])

    def send(self, start=0, end=None, **headers):
        end = len(self.content) if end is None else end
        told = {
            "Content-Range": f"bytes {start}-{end - 1}/{len(self.content)}",
            "X-Photo-SHA256": hashlib.sha256(self.content).hexdigest(),
            "X-Record-Key": str(self.record_key),
        }
        return self.client.put(
            self.address,
            self.content[start:end],
            content_type="application/octet-stream",
            headers=told | headers,
        )

    def asked(self):
        return self.client.get(self.address).json()


def test_a_photo_comes_in_parts_and_is_drawn_anew(client, staff):
    phone = Phone(client, shot())
    assert phone.asked() == {"have": 0, "done": False}

    first = phone.send(0, 1000)
    assert (first.status_code, first.json()) == (202, {"have": 1000, "done": False})
    assert phone.asked() == {"have": 1000, "done": False}
    last = phone.send(1000)

    assert last.status_code == 201
    assert phone.asked() == {"have": len(phone.content), "done": True}
    photo = Photo.objects.get()
    assert (photo.by, photo.state) == (staff, Photo.State.KEPT)
    assert (photo.width, photo.height) == (300, 200)
    picture = client.get(reverse("visits:photo_picture", args=[photo.pk]))
    content = b"".join(picture.streaming_content)
    assert content.startswith(b"\xff\xd8")
    assert PLACE not in content
    assert picture.headers["Content-Type"] == "image/jpeg"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert picture.headers["Cache-Control"] == "private, no-store"
    assert [entry.verb for entry in Entry.objects.about(photo)] == ["photo.kept"]


def test_nothing_of_the_original_stays_on_the_disk(
    client, settings, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        Phone(client, shot()).send()
    files = [path for path in settings.MEDIA_ROOT.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(PLACE not in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o077 == 0 for path in files)


def test_parts_that_overlap_leave_gaps_or_come_twice_do_no_harm(client):
    phone = Phone(client, shot())
    assert phone.send(500, 1000).json()["have"] == 0  # a gap: nothing taken
    phone.send(0, 1000)
    assert phone.send(0, 1000).json()["have"] == 1000
    assert phone.send(400, 1500).json()["have"] == 1500
    assert phone.send(1500).status_code == 201
    assert phone.send().status_code == 201
    assert Photo.objects.count() == 1


def test_what_the_disk_lost_is_asked_for_again(client, settings, staff):
    phone = Phone(client, shot())
    phone.send(0, 1000)
    part = settings.MEDIA_ROOT / "photos" / "incoming" / f"{staff.pk}-{phone.key}"
    part.write_bytes(phone.content[:300])

    assert phone.send(1000, 1500).json()["have"] == 300
    assert phone.send(300).status_code == 201


def test_other_content_under_the_key_is_refused_and_the_first_stays(client):
    phone = Phone(client, shot("red"))
    phone.send()
    other = Phone(client, shot("blue"), key=phone.key)
    assert other.send().status_code == 409
    moved = Phone(client, phone.content, record_key=uuid.uuid4(), key=phone.key)
    assert moved.send().status_code == 409
    assert phone.asked()["done"]


def test_two_people_may_use_the_same_key(client, client_of, clerk):
    phone = Phone(client, shot())
    other = Phone(client_of(clerk), shot("blue"), key=phone.key)
    assert (phone.send().status_code, other.send().status_code) == (201, 201)
    assert Photo.objects.count() == 2


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7 named shop.jpg" * 20, b"<svg onload='alert(1)'/>" * 20, shot()[:4000]],
    ids=["pdf", "svg", "truncated"],
)
def test_what_can_never_be_a_photo_is_refused_for_good(client, settings, content):
    phone = Phone(client, content)
    response = phone.send()
    assert response.status_code == 422
    assert response.json()["reason"]
    assert phone.send().status_code == 422
    assert phone.asked()["reason"] == response.json()["reason"]
    assert Photo.objects.get().state == Photo.State.REFUSED


def test_a_wrong_digest_is_said_and_not_kept(client):
    phone = Phone(client, shot())
    response = phone.send(**{"X-Photo-SHA256": "0" * 64})
    assert response.status_code == 422
    assert "传错" in response.json()["reason"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": ""},
        {"Content-Range": "bytes 5-2/10"},
        {"Content-Range": "bytes 0-10/10"},
        {"X-Photo-SHA256": "zz"},
        {"X-Record-Key": "1"},
        {"X-Record-Key": ""},
    ],
)
def test_what_is_not_sent_as_agreed_is_refused(client, headers):
    assert Phone(client, shot()).send(**headers).status_code == 422
    assert not Photo.objects.exists()


def test_more_than_fifteen_megabytes_are_too_large(client):
    size = 15 * 1024**2
    over = {"Content-Range": f"bytes 0-99/{size + 1}"}
    just = {"Content-Range": f"bytes 0-99/{size}"}
    assert Phone(client, bytes(200)).send(0, 100, **over).status_code == 413
    assert Phone(client, bytes(200)).send(0, 100, **just).status_code == 202


def test_a_busy_machine_or_a_full_disk_is_no_refusal(client, monkeypatch):
    phone = Phone(client, shot())
    for trouble in (pictures.NotNow, OSError):

        def fails(content, trouble=trouble):
            raise trouble

        monkeypatch.setattr(photos, "safe_picture", fails)
        response = phone.send()
        assert response.status_code == 503
        assert response.headers["Retry-After"]
    monkeypatch.undo()
    assert phone.send().status_code == 201


def test_without_a_session_it_waits_and_without_the_right_too(db, client_of, leader):
    from django.test import Client

    assert Phone(Client(), shot()).send().status_code == 401
    assert Phone(client_of(leader), shot()).send().status_code == 403
    assert not Photo.objects.exists()


def test_one_record_takes_six_photos(client):
    answers = [Phone(client, shot(str(n))).send().status_code for n in range(7)]
    assert answers == [201] * 6 + [422]


# --- whose it is -----------------------------------------------------------------------


def test_a_photo_may_come_before_its_visit(client, client_of, staff, clerk, shop):
    Phone(client, shot()).send()
    photo = Photo.objects.get()
    assert photos.record_of(photo) is None
    page = reverse("visits:photo_thumbnail", args=[photo.pk])
    assert client.get(page).status_code == 200  # one's own
    assert client_of(clerk).get(page).status_code == 404

    visit = VisitFactory(business=shop, visitor=staff, client_key=RECORD)

    assert photos.record_of(photo) == visit
    assert client_of(clerk).get(page).status_code == 200
    shown = client_of(clerk).get(visit.get_absolute_url()).content.decode()
    assert page in shown


def test_others_photos_are_not_found(client, client_of, staff, stranger, shop):
    VisitFactory(business=shop, visitor=staff, client_key=RECORD)
    Phone(client, shot()).send()
    photo = Photo.objects.get()
    theirs = client_of(stranger)
    for name in ("photo_picture", "photo_thumbnail", "photo_void"):
        assert theirs.get(reverse(f"visits:{name}", args=[photo.pk])).status_code == 404
    # Under the key of another's visit it is one's own and of no visit.
    Phone(theirs, shot("blue")).send()
    assert photos.record_of(Photo.objects.last()) is None
    assert list(Photo.objects.of(Visit.objects.get())) == [photo]


def test_a_photo_is_taken_off_with_a_reason(client, client_of, staff, clerk, shop):
    visit = VisitFactory(business=shop, visitor=staff, client_key=RECORD)
    Phone(client, shot()).send()
    photo = Photo.objects.get()
    page = reverse("visits:photo_void", args=[photo.pk])
    assert client.post(page, {"reason": ""}).status_code == 422

    assert client.post(page, {"reason": "拍到了证件"}).headers["Location"] == (
        visit.get_absolute_url()
    )

    photo.refresh_from_db()
    assert (photo.state, photo.voided_by) == (Photo.State.VOID, staff)
    for name in ("photo_picture", "photo_thumbnail", "photo_void"):
        address = reverse(f"visits:{name}", args=[photo.pk])
        assert client.get(address).status_code == 404
    with pytest.raises(Refused):
        photos.void(photo, reason="再撤", by=clerk, at=photo.kept_at)


def test_a_colleague_takes_no_photo_off_and_a_clerk_does(
    client, staff, clerk, shop, grid
):
    from tests.factories import PostFactory

    VisitFactory(business=shop, visitor=staff, client_key=RECORD)
    Phone(client, shot()).send()
    photo = Photo.objects.get()
    colleague = PostFactory(grid=grid).user
    with pytest.raises(PermissionDenied):
        photos.void(photo, reason="不好看", by=colleague, at=photo.kept_at)
    photos.void(photo, reason="拍到了证件", by=clerk, at=photo.kept_at)


# --- without script --------------------------------------------------------------------


def file(content, name="门面.jpg"):
    return SimpleUploadedFile(name, content, "image/jpeg")


def test_the_visit_form_takes_photos_without_script(client, shop, filled):
    page = client.get(url(shop))
    assert 'enctype="multipart/form-data"' in page.content.decode()
    data, shots = filled(page, **PLAIN), [shot(), shot()]

    response = client.post(url(shop), {**data, "photos": [file(one) for one in shots]})
    again = client.post(url(shop), {**data, "photos": [file(one) for one in shots]})

    assert response.headers["Location"] == again.headers["Location"]
    visit = Visit.objects.get()
    assert Photo.objects.of(visit).kept().count() == 2
    assert "收到 2 张照片" in client.get(visit.get_absolute_url()).content.decode()


def test_a_visit_stands_though_its_photo_is_none(client, shop, filled):
    data = filled(client.get(url(shop)), **PLAIN)
    response = client.post(
        url(shop), {**data, "photos": [file(b"%PDF-1.7 x", "照片.jpg")]}, follow=True
    )
    assert Visit.objects.count() == 1
    assert "有一张照片没有收：这不是照片" in response.content.decode()


def test_photos_are_added_on_the_page_of_ones_own_visit(
    client, client_of, clerk, staff, shop
):
    visit = VisitFactory(business=shop, visitor=staff)
    add = reverse("visits:visit_photos", args=[visit.pk])

    client.post(add, {"photos": [file(shot())]})

    assert Photo.objects.of(visit).kept().count() == 1
    assert client_of(clerk).post(add, {"photos": [file(shot())]}).status_code == 404
    assert (
        "加照片" not in client_of(clerk).get(visit.get_absolute_url()).content.decode()
    )


def test_an_empty_photo_is_said_not_to_be_taken(client, staff, shop):
    visit = VisitFactory(business=shop, visitor=staff)
    add = reverse("visits:visit_photos", args=[visit.pk])

    page = client.post(add, {"photos": [file(b"")]}, follow=True).text

    assert "有一张照片没有收" in page
    assert not Photo.objects.exists()


# --- at once ---------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_the_same_photo_twenty_times_at_once_is_one(staff):
    content = shot()
    sha256 = hashlib.sha256(content).hexdigest()
    key, found, gate = uuid.uuid4(), [], threading.Barrier(20)

    def send():
        gate.wait()
        try:
            photo = photos.take_part(
                key=key,
                record_key=RECORD,
                sha256=sha256,
                size=len(content),
                start=0,
                part=content,
                by=staff,
                at=staff.date_joined,
            )
            found.append((photo.pk, photo.state))
        except KeyReused:  # pragma: no cover
            found.append("reused")
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    photo = Photo.objects.get()
    assert found == [(photo.pk, Photo.State.KEPT)] * 20


# --- of demands ----------------------------------------------------------------------------


def write_down(client, shop, category, *files, **more):
    form = client.get(f"{DEMAND_NEW}?business={shop.pk}").context["form"]
    data = {
        "client_key": form["client_key"].value(),
        "source": "call",
        "category": category.pk,
        "words": "门口积水",
        "raised_on": timezone.localdate().isoformat(),
        **more,
    }
    client.post(f"{DEMAND_NEW}?business={shop.pk}", {**data, "photos": list(files)})
    return Demand.objects.latest("pk")


def test_a_demand_takes_photos_and_its_page_shows_them(
    client, client_of, staff, clerk, stranger, shop, category
):
    demand = write_down(client, shop, category, file(shot()))
    photo = Photo.objects.get()
    assert photos.record_of(photo) == demand
    page = reverse("visits:photo_thumbnail", args=[photo.pk])
    assert page in client_of(clerk).get(demand.get_absolute_url()).text
    assert client_of(clerk).get(page).status_code == 200
    assert client_of(stranger).get(page).status_code == 404
    # Its author adds more on its page, nobody else does.
    more = reverse("visits:demand_photos", args=[demand.pk])
    client.post(more, {"photos": [file(shot("blue"))]})
    assert Photo.objects.of(demand).count() == 2
    answer = client_of(clerk).post(more, {"photos": [file(shot("green"))]})
    assert answer.status_code == 404
    assert Photo.objects.count() == 2


def test_photos_of_a_confidential_demand_are_its_handlers(
    client, client_of, staff, clerk, chief, shop, category
):
    secret = {"confidential": "on", "handler": clerk.pk}
    write_down(client, shop, category, file(shot()), **secret)
    photo = Photo.objects.get()
    seen = [Photo.objects.visible_to(one).exists() for one in (clerk, staff, chief)]
    assert seen == [True, True, False]
    page = reverse("visits:photo_picture", args=[photo.pk])
    assert client_of(chief).get(page).status_code == 404


def test_ones_own_photos_stay_ones_own(client, client_of, staff, clerk, shop):
    """Whatever becomes of the record: its author sees the photo, a colleague does not."""
    Phone(client, shot()).send()
    VisitFactory(business=shop, visitor=clerk, client_key=RECORD)
    photo = Photo.objects.get()
    assert Photo.objects.visible_to(staff).get() == photo
    assert not Photo.objects.visible_to(clerk).exists()
    staff.posts.update(until=timezone.localdate())
    assert Photo.objects.visible_to(type(staff).objects.get(pk=staff.pk)).exists()
