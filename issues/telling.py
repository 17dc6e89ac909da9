"""What one says to all askers of a matter, in a merchant's words (回告)."""

from issues.models import Matter

# How each ending begins, after what was asked for.
BEGINS = {
    Matter.Ending.SOLVED: "办好了",
    Matter.Ending.PARTLY: "办好了一部分",
    Matter.Ending.EXPLAINED: "眼下还办不到",
    Matter.Ending.PASSED_UP: "街道定不了，已经报到区里",
    Matter.Ending.ENFORCEMENT: "已经交给执法部门去办",
}


def notice_for(matter):
    """One text for a group message or a notice on the wall; "" before the ending.

    It names no asker.
    """
    if not matter.ending:
        return ""
    begins = BEGINS[matter.ending]
    if matter.before and matter.after:
        came = f"{begins}：原来{matter.before}，现在{matter.after}"
    else:
        came = f"{begins}：{matter.after}" if matter.after else begins
    return (
        f"各位好！大家反映的“{matter.title}”这件事，{came.rstrip('。')}。"
        "满意不满意，请点您手里的链接说一声，或者下次走访时告诉我们。"
        f"——{matter.owner}"
    )
