"""The forms of views."""

from django import forms


class ViewForm(forms.Form):
    name = forms.CharField(
        label="名称", max_length=20, help_text="例：到期走访。20 个字以内。"
    )
    shared = forms.BooleanField(
        label="共享给能打开这个台账的人",
        required=False,
        help_text="各人打开后只看到自己范围里的记录。不勾选，只有您自己看得到。",
    )
    start = forms.BooleanField(
        label="设为我的起始页", required=False, help_text="登录后先到这里。"
    )

    def __init__(self, *args, mine=True, **kwargs):
        super().__init__(*args, **kwargs)
        if not mine:
            del self.fields["name"], self.fields["shared"]

    def clean_name(self):
        return self.cleaned_data["name"].strip()
