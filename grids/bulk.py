"""The bulk edits of buildings."""

from django import forms

from accounts.rights import Right
from grids.models import Building
from tianshan.ledgers.bulk import SetField


class KindForm(forms.Form):
    kind = forms.ChoiceField(label="类型", choices=Building.Kind)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)


class SetKind(SetField):
    key = "kind"
    label = "改类型"
    icon = "building"
    model = Building
    right = Right.BULK_EDIT
    field = "kind"
    form = KindForm

    def along(self, at):
        return {"updated_at": at}

    def stamp(self, row, at):
        row.updated_at = at
        return ["updated_at"]


EDITS = [SetKind]
