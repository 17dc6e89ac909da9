"""Photos that come with what is sent: drawn anew, at most three, for staff alone."""

import io

from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from public.models import SentPhoto
from visits.models import Demand


def photo(name="a.jpg"):
    """A JPEG that says where and with what it was taken."""
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(0x8825)[1] = "N"
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "red").save(out, "JPEG", exif=exif)
    return SimpleUploadedFile(name, out.getvalue(), content_type="image/jpeg")


def test_photos_are_drawn_anew_and_shown_to_whoever_sees_the_demand(
    scan, client, client_of, secretary, stranger, settings, tmp_path
):
    settings.MEDIA_ROOT = tmp_path
    assert scan(photos=[photo(), photo("b.jpg")]).status_code == 302
    first = SentPhoto.objects.first()
    assert SentPhoto.objects.count() == 2
    url = reverse("public:photo", args=[first.pk])
    response = client_of(secretary).get(url)
    content = b"".join(response.streaming_content)
    assert not Image.open(io.BytesIO(content)).getexif()
    assert b"PhoneMaker" not in content
    assert "no-store" in response.headers["Cache-Control"]
    assert client_of(stranger).get(url).status_code == 404
    assert client.get(url).headers["Location"].startswith("/login/")
    part = reverse("public:for_demand", args=[Demand.objects.get().pk])
    assert url in client_of(secretary).get(part).content.decode()


def test_what_is_no_photo_is_refused_and_the_words_stay(scan):
    disguised = SimpleUploadedFile("a.jpg", b"%PDF-1.7 ...", content_type="image/jpeg")
    page = scan("看照片。", photos=[photo(), disguised]).content.decode()
    assert "第 2 张：这不是照片" in page
    assert "看照片。" in page
    many = scan("看照片。", photos=[photo() for _ in range(4)]).content.decode()
    assert "最多 3 张" in many
    assert "看照片。" in many
    assert not Demand.objects.exists()
    assert not SentPhoto.objects.exists()
