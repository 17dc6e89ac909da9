"""What is asked for at each step of the ladder. Who may, and when: `issues.models.rules`."""

from django import forms

from issues.forms import MeasureForm
from issues.models.rules import Step
from tianshan.web.forms import DayInput


def _text(label, help_text="", *, rows=3, required=True, most=500):
    return forms.CharField(
        label=label,
        max_length=most,
        required=required,
        widget=forms.Textarea(attrs={"rows": rows}),
        help_text=help_text,
    )


class StepForm(forms.Form):
    """The base of these forms: `acting` says whether it is for somebody else."""

    def __init__(self, *args, acting=None, **kwargs):
        super().__init__(*args, **kwargs)
        if acting and acting.for_whom:
            self.fields["how"] = forms.CharField(
                label=f"代{acting.for_whom}办理，怎么受托的",
                max_length=200,
                help_text="如“会上口头”“电话”“书面”，会留痕。",
            )


class ReasonForm(StepForm):
    reason = _text("原因")


class EscalateForm(StepForm):
    reason = _text("为什么要提级", "本级为什么办不了。")
    tried = _text("已经做过什么", "找过谁，谈到哪一步。")


class PassUpForm(StepForm):
    to_whom = forms.CharField(
        label="上报给谁", max_length=80, help_text="区里哪个部门。"
    )
    reason = _text("原因", "会原样告诉每一位提出的人。", most=200)


class SuspendForm(StepForm):
    until = forms.DateField(label="暂缓到哪天", widget=DayInput())
    reason = _text("原因")


class ResumeForm(StepForm):
    reason = _text("说明", required=False)


class CallForm(forms.Form):
    body = forms.ModelChoiceField(
        label="召集谁研商", queryset=None, empty_label=None, widget=forms.RadioSelect
    )
    on = forms.DateField(label="哪天开会", widget=DayInput())
    reason = _text("为什么召集")

    def __init__(self, *args, bodies, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["body"].queryset = bodies


class HandOutForm(MeasureForm):
    """交办: the same as a measure that a body fixes."""


class SuperviseForm(forms.Form):
    words = _text("督办意见", "要什么结果，什么时候要。")


class AnswerForm(forms.Form):
    answer = _text("答复", "办到哪一步，什么时候办完。")


# Step: form, icon, what the button and the page say, what it means.
FORMS = {
    Step.ESCALATE: (EscalateForm, "arrow-up", "交上一级议事主体研商"),
    Step.SEND_BACK: (ReasonForm, "arrow-back-up", "下一级自己能定的，退回去研商"),
    Step.PASS_UP: (PassUpForm, "send", "非本级事权，事项办结为已上报"),
    Step.SUSPEND: (SuspendForm, "player-pause", "到某一天再办，理由留痕"),
    Step.RESUME: (ResumeForm, "player-play", "从暂缓的地方接着办"),
    Step.WITHDRAW: (ReasonForm, "arrow-back-up", "诉求恢复为待处理，期限照旧"),
    Step.REOPEN: (ReasonForm, "player-play", "没有真正办好的，再办一次"),
    Step.CALL_TOGETHER: (CallForm, "users-group", "请议事主体定日子开会"),
    Step.HAND_OUT: (HandOutForm, "clipboard-check", "措施直接交给一个单位"),
    Step.SUPERVISE: (SuperviseForm, "alert-triangle", "在各个列表里排最前，直到答复"),
}
