"""Lists of values that an administrator edits: what they have in common."""


def shift(rows, row, *, up):
    """Swap a row of a list with the one before it (or after); does it have one?

    The whole list is locked and numbered anew in tens, so that rows which shared a
    position do not stick together.
    """
    ordered = list(rows.select_for_update().order_by("position", "pk"))
    place = ordered.index(row)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(ordered):
        return False
    ordered[place], ordered[other] = ordered[other], ordered[place]
    for number, each in enumerate(ordered, start=1):
        if each.position != number * 10:
            each.position = number * 10
            each.save(update_fields=["position"])
    return True
