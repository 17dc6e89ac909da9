"""A photo as a browser would send it."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image


def jpeg(name="a.jpg"):
    out = BytesIO()
    Image.new("RGB", (32, 24), (180, 120, 60)).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")
