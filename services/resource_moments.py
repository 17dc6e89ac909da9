"""What a need tells of the way of a demand that was turned into it."""

from services.models import Need, NeedAsker
from visits.way import JOINED, MEASURE, Stop


def of_demand(user, demand):
    asker = NeedAsker.objects.filter(demand=demand).select_related("need").first()
    if asker is None:
        return
    need = asker.need
    seen = Need.objects.visible_to(user).filter(pk=need.pk).exists()
    url = need.get_absolute_url() if seen else ""
    yield Stop(
        asker.since,
        JOINED,
        f"转为需求：{need}",
        words=f"{need.wanted_on:%-m月%-d日}以前要" if need.wanted_on else "",
        url=url,
        icon="search",
        dot="key",
    )
    if need.ended_on:
        yield Stop(
            need.ended_on,
            MEASURE,
            f"需求{need.get_state_display()}",
            words=need.outcome,
            url=url,
            icon="checkbox",
            dot="ok" if need.state == Need.State.MET else "",
        )
