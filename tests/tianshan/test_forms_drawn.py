"""How forms look: labels, 必填, hints, errors, and what ears are told."""

import pytest
from django import forms
from django.utils.safestring import mark_safe

from grids.models import Grid
from tests.factories import GridFactory


class VisitForm(forms.Form):
    name = forms.CharField(label="商户名称", help_text="与门头一致")
    met = forms.ChoiceField(
        label="见到谁", choices=[("owner", "负责人")], widget=forms.RadioSelect
    )
    note = forms.CharField(label="备注", required=False, widget=forms.Textarea)
    agreed = forms.BooleanField(label="已告知", required=False)
    key = forms.CharField(widget=forms.HiddenInput, initial="k1")


def field(name, data=None):
    return VisitForm(data)[name].as_field_group()


def test_required_fields_say_so_and_others_do_not():
    assert "必填" in field("name")
    assert "必填" in field("met")
    assert "必填" not in field("note")


def test_hint_is_tied_to_its_control():
    html = field("name")

    assert 'aria-describedby="id_name_helptext"' in html
    assert 'id="id_name_helptext"' in html


def test_error_is_tied_to_its_control_and_has_an_icon():
    html = field("name", {"met": "owner"})

    assert 'aria-invalid="true"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_error"' in html
    assert "#alert-circle" in html


def test_controls_carry_the_portals_classes_and_keep_their_own():
    class Form(forms.Form):
        text = forms.CharField(widget=forms.TextInput(attrs={"class": "sm"}))
        kind = forms.ChoiceField(choices=[("a", "甲")])
        on = forms.BooleanField(widget=forms.CheckboxInput(attrs={"class": "toggle"}))

    form = Form()

    assert 'class="inp sm"' in str(form["text"])
    assert 'class="inp"' in str(form["kind"])
    assert 'class="toggle"' in str(form["on"])


def test_choices_are_chips_in_a_named_group():
    html = field("met")

    assert "<fieldset" in html
    assert "<legend>见到谁" in html
    assert '<label class="chip"><input type="radio" name="met" value="owner"' in html


def test_checkbox_is_labelled_by_the_words_beside_it():
    assert '<label class="agree"><input type="checkbox"' in field("agreed")


def test_summary_leads_to_each_wrong_field():
    html = str(VisitForm({}))

    assert 'href="#id_name"' in html
    assert 'href="#id_met_0"' in html
    assert 'id="id_met_0"' in html
    assert 'href="#id_note"' not in html


def test_summary_shows_what_concerns_the_whole_form():
    form = VisitForm({"name": "茶庄", "met": "owner", "key": "k1"})
    form.add_error(None, "这家商户今天已有一次走访。")

    assert "这家商户今天已有一次走访。" in str(form)


def test_untouched_form_shows_no_summary_and_keeps_its_hidden_key():
    html = str(VisitForm())

    assert "data-errors" not in html
    assert '<input type="hidden" name="key" value="k1"' in html


def test_what_the_user_typed_is_escaped():
    html = str(VisitForm({"name": '"><script>', "note": "</textarea><script>"}))

    assert "<script>" not in html


def test_a_choice_not_yet_made_is_named_in_chinese():
    class PlaceForm(forms.Form):
        grid = forms.ModelChoiceField(Grid.objects.none())

    assert '<option value="" selected>请选择</option>' in str(PlaceForm()["grid"])


def test_a_widget_drawn_once_is_drawn_anew_when_it_says_something_else():
    class Form(forms.Form):
        text = forms.CharField(required=False)
        kind = forms.ChoiceField(choices=[("a", "甲"), ("b", "乙")])
        on = forms.BooleanField(required=False)

    first, second = Form({"text": "1", "kind": "a"}), Form({"text": "2", "kind": "b"})

    assert 'value="1"' in str(first["text"])
    assert 'value="2"' in str(second["text"])
    assert '<option value="a" selected>' in " ".join(str(first["kind"]).split())
    assert '<option value="b" selected>' in " ".join(str(second["kind"]).split())
    assert "checked" in str(Form({"on": "on"})["on"])
    assert "checked" not in str(first["on"])


def test_what_is_escaped_is_not_taken_for_what_is_safe():
    class Form(forms.Form):
        kind = forms.ChoiceField(widget=forms.RadioSelect)

        def __init__(self, label):
            super().__init__()
            self.fields["kind"].choices = [("a", label)]

    assert "<b>甲</b>" in str(Form(mark_safe("<b>甲</b>"))["kind"])
    assert "&lt;b&gt;甲" in str(Form("<b>甲</b>")["kind"])
    assert "<b>甲</b>" in str(Form(mark_safe("<b>甲</b>"))["kind"])


@pytest.mark.django_db
def test_a_choice_by_its_new_name():
    grid = GridFactory(name="旧名网格")
    form = type("Form", (forms.Form,), {"grid": forms.ModelChoiceField(Grid.objects)})

    assert "旧名网格" in str(form()["grid"])
    Grid.objects.filter(pk=grid.pk).update(name="新名网格")

    assert "新名网格" in str(form()["grid"])
    assert "旧名网格" not in str(form()["grid"])
