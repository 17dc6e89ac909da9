"""What may be done next with a demand, and by whom, as its page says it."""

from django.urls import reverse

from accounts.rights import Right
from visits.models import Demand
from visits.ratings import may_be_called_back

# What the state waits for, in the words of lists and pages.
NEXT = {
    Demand.State.NEW: "答复、并入事项，或说明不予受理",
    Demand.State.JOINED: "等所属事项办结",
    Demand.State.TURNED: "等转去的那一边办完",
    Demand.State.ANSWERED: "把答复告诉提出的人",
    Demand.State.DECLINED: "把原因告诉提出的人",
    Demand.State.ENDED: "把结果告诉提出的人",
    Demand.State.TOLD: "",
    Demand.State.WITHDRAWN: "",
    Demand.State.MISTAKEN: "",
    Demand.State.RATED: "",
    Demand.State.REOPENED: "提出的人不满意，再答复一次",
    Demand.State.AT_BODY: "两次不满意，由议事主体研商后说明",
}

# step -> right, URL name, label, icon, hint. Some lead to the room above.
OFFERED = {
    "answer": (
        (Right.ANSWER_DEMANDS, "visits:demand_answer"),
        ("答复", "message-2", "当场能答的，写明结果"),
    ),
    "explain": (
        (Right.PROPOSE_ISSUES, "visits:demand_explain"),
        ("记研商后的说明", "message-2", "议事主体谈过了，把怎么说的写下来"),
    ),
    "tell": (
        (Right.LOG_VISITS, "visits:demand_tell"),
        ("回告", "send", "把结果告诉提出的人，或记下没联系上"),
    ),
    "call_back": (
        (Right.ANSWER_DEMANDS, "visits:demand_call_back"),
        ("记回访", "phone", "由没有经办的人打，只作对照"),
    ),
    "propose": (
        (Right.PROPOSE_ISSUES, "issues:issue_propose"),
        ("提出议题", "flag", "要几方商量的，交议事主体研商"),
    ),
    "join": (
        (Right.PROPOSE_ISSUES, "issues:matter_join"),
        ("并入事项", "link", "别人已经提过同样的事"),
    ),
    "decline": (
        (Right.ANSWER_DEMANDS, "visits:demand_decline"),
        ("不予受理", "x", "说清原因，会原样告诉提出的人"),
    ),
    "withdraw": (
        (Right.ANSWER_DEMANDS, "visits:demand_withdraw"),
        ("本人撤回", "arrow-back-up", "提出的人说不用办了"),
    ),
    "mistake": (
        (Right.ANSWER_DEMANDS, "visits:demand_mistake"),
        ("记为误记", "circle-x", "记错了店，或重复记了"),
    ),
    "hand_over": (
        (Right.ANSWER_DEMANDS, "visits:demand_hand_over"),
        ("移交经办人", "user-share", "换一个人办这件保密诉求"),
    ),
    "make_confidential": (
        (Right.ANSWER_DEMANDS, "visits:demand_make_confidential"),
        ("改为保密", "lock", "原话和结果只给经办人看"),
    ),
    "make_open": (
        (Right.ANSWER_DEMANDS, "visits:demand_make_open"),
        ("取消保密", "eye", "提出的人同意别人看"),
    ),
}


# What a room above takes off the list, with `(demand)`: the steps as a set.
NOT_OFFERED = []

# What is done when all goes its way; the others stand below it on the page only.
FORWARD = ("answer", "explain", "tell", "propose", "join", "decline")


def may_do(demand, user, right):
    """Is the step the user's? Those of a confidential demand are its handler's."""
    if demand.confidential and demand.handler_id != user.pk:
        return False
    return Demand.objects.visible_to(user, right).filter(pk=demand.pk).exists()


def what_is_next(demand):
    """What the demand waits for, in the words of lists and pages."""
    if demand.unreached_on:
        return "两次没联系上，下次见到时告诉"
    return NEXT[demand.state]


def next_steps(demand, user):
    """The steps that the state allows and that are the user's, each with its address.

    The actions ask all of it again.
    """
    open_steps = set(demand.open_steps)
    if demand.confidential:
        # It is dealt with by its handler, by itself.
        open_steps -= {"join", "make_confidential"}
    else:
        open_steps -= {"hand_over", "make_open"}
    for not_offered in NOT_OFFERED:
        open_steps -= not_offered(demand)
    if "join" in open_steps:
        open_steps.add("propose")  # an issue begins by joining its first demand
    if "call_back" in open_steps and not may_be_called_back(demand, user):
        open_steps.remove("call_back")
    rights = {
        right: may_do(demand, user, right)
        for right in (Right.ANSWER_DEMANDS, Right.PROPOSE_ISSUES, Right.LOG_VISITS)
    }
    return [
        {
            "step": step,
            "url": reverse(page, args=[demand.pk]),
            "label": label,
            "icon": icon,
            "hint": hint,
        }
        for step, ((right, page), (label, icon, hint)) in OFFERED.items()
        if step in open_steps and rights[right]
    ]
