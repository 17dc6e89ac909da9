"""A form's field for a few photos, which are drawn anew once all else is right."""

from django import forms

from tianshan.files.pictures import ACCEPT, NotNow, safe_picture
from tianshan.files.problems import FileProblem

MOST_PHOTOS = 3


class ManyFiles(forms.FileInput):
    allow_multiple_selected = True


class PhotosField(forms.FileField):
    """Up to three files; what they hold is looked at later (`pictures_of`)."""

    widget = ManyFiles(attrs={"accept": ACCEPT})

    def clean(self, data, initial=None):
        files = data if isinstance(data, list | tuple) else [data]
        files = [super(PhotosField, self).clean(file) for file in files if file]
        if len(files) > MOST_PHOTOS:
            raise forms.ValidationError(f"照片最多 {MOST_PHOTOS} 张，请重新选。")
        return files


def pictures_of(form):
    """The form's `photos` drawn anew; None, and the form says why, when one cannot be.

    Each costs a process, so this comes after all else was found right.
    """
    drawn = []
    for number, file in enumerate(form.cleaned_data["photos"], 1):
        try:
            drawn.append(safe_picture(file.read()))
        except FileProblem as problem:
            words = f"第 {number} 张：{problem}您写的字还在，照片要重新选。"
            form.add_error("photos", words)
            return None
        except NotNow:
            form.add_error(
                "photos", "现在收不了照片。请过一会儿再交，或先不加照片提交。"
            )
            return None
    return drawn
