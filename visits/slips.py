"""Slips that tell an asker on paper (回告单)."""

# The room above that gives demands a link of their own adds here, in its
# AppConfig.ready, a function of the demand that answers the address of an image of
# that link's code, or "". It must not make a link: printing is no telling.
CODES = []


def code_of(demand):
    """The address of the code to print on the slip; "" where there is none."""
    return next(filter(None, (code(demand) for code in CODES)), "")
