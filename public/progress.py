"""How far a demand is, in the words of whoever asked: no offices, no dates, no names."""

from dataclasses import dataclass

from issues.models.rules import TALKED
from visits.models import Demand

DONE, NOW, AHEAD = "d", "c", ""


@dataclass
class Step:
    words: str
    state: str = AHEAD  # as the list draws it
    more: str = ""


def _decided(demand):
    """What was decided, of the matter that the demand is part of; "" before that."""
    link = demand.links.in_force().select_related("matter__issue").first()
    issue = link and link.matter.issue
    if not issue or issue.state in TALKED:
        return []
    measures = link.matter.measures.order_by("pk")
    return [measure.content for measure in measures]


def progress(demand):
    """The steps of the demand's way, the one in hand marked."""
    state = demand.state
    received = Step("收到了", DONE)
    if state in Demand.OPEN:
        if state == Demand.State.NEW:
            received.state = NOW
            received.more = "有人会先回您一句话。"
            return [received, Step("正在商量"), Step("定了"), Step("办好了")]
        if state == Demand.State.TURNED:
            return [received, Step("正在安排", NOW), Step("办好了")]
        measures = _decided(demand)
        talking = Step("正在商量", DONE if measures else NOW)
        decided = Step("定了", NOW if measures else AHEAD, "；".join(measures))
        return [received, talking, decided, Step("办好了")]
    if state in Demand.DROPPED:
        return [received, Step("不再办了", DONE, "您撤回了，或已和别的合在一起。")]
    if state == Demand.State.REOPENED:
        return [received, Step("您说不满意", DONE), Step("正在重新办", NOW)]
    if state == Demand.State.AT_BODY:
        return [received, Step("您说不满意", DONE), Step("交到会上商量", NOW)]
    steps = [received]
    if measures := _decided(demand):
        steps += [Step("正在商量", DONE), Step("定了", DONE, "；".join(measures))]
    last = "办好了" if demand.resolved else "办不了，原因在下面"
    return [*steps, Step(last, DONE)]
