"""Confidential demands: reading the words, and who reads them."""

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from accounts.rights import Right, needs
from visits import actions, confidential
from visits.models import Demand
from visits.steps import may_do


class HandlerField(forms.ChoiceField):
    """One of the accounts that may deal with what the business asks for."""

    def offer(self, business):
        self.users = {
            str(user.pk): user for user in confidential.possible_handlers(business)
        }
        self.choices = [
            ("", "请选择"),
            *((key, user.display_name) for key, user in self.users.items()),
        ]

    def clean(self, value):
        return self.users.get(super().clean(value))


class HandlerForm(forms.Form):
    handler = HandlerField(label="经办人")

    def __init__(self, *args, demand, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["handler"].offer(demand.business)


class ConsentForm(forms.Form):
    agreed = forms.BooleanField(label="提出的人同意别人看到")

    def __init__(self, *args, demand, **kwargs):
        super().__init__(*args, **kwargs)

    def clean(self):
        self.cleaned_data.pop("agreed", None)
        return self.cleaned_data


def _demand(request, pk):
    return get_object_or_404(Demand.objects.visible_to(request.user).for_list(), pk=pk)


@needs(Right.ANSWER_DEMANDS)
@require_POST
def demand_words(request, pk):
    """The words and the outcome, for the handler; that he read them is noted."""
    demand = _demand(request, pk)
    secret = confidential.read_words(demand, by=request.user, at=timezone.now())
    return render(
        request, "visits/demand_words.html", {"demand": demand, "secret": secret}
    )


def _step(request, pk, *, step, kind, act, template, done):
    demand = _demand(request, pk)
    reassigns = step == "hand_over" and confidential.may_reassign(demand, request.user)
    if not reassigns and not may_do(demand, request.user, Right.ANSWER_DEMANDS):
        raise PermissionDenied
    form = kind(request.POST or None, demand=demand)
    if form.is_valid():
        try:
            act(demand, **form.cleaned_data, by=request.user, at=timezone.now())
        except actions.Refused as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, done)
            return redirect(demand)
    return render(request, template, {"demand": demand, "form": form})


@needs(Right.ANSWER_DEMANDS, Right.ASSIGN_CARETAKERS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_hand_over(request, pk):
    return _step(
        request,
        pk,
        step="hand_over",
        kind=HandlerForm,
        act=confidential.hand_over,
        template="visits/demand_hand_over.html",
        done="已移交。",
    )


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_make_confidential(request, pk):
    return _step(
        request,
        pk,
        step="make_confidential",
        kind=HandlerForm,
        act=confidential.make_confidential,
        template="visits/demand_make_confidential.html",
        done="已改为保密。",
    )


@needs(Right.ANSWER_DEMANDS)
@require_http_methods(["GET", "HEAD", "POST"])
def demand_make_open(request, pk):
    return _step(
        request,
        pk,
        step="make_open",
        kind=ConsentForm,
        act=confidential.make_open,
        template="visits/demand_make_open.html",
        done="已取消保密。",
    )
