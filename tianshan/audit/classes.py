"""Visibility classes: who may at most see a field, whatever page shows it.

Every model names each of its fields under one class in `VISIBILITY`; a field without
a class fails the build (`tests/test_models.py`).
"""

OPEN = "open"  # may be shown to anyone, on the wall and the public page too
INTERNAL = "internal"  # signed in, and within scope
PERSONAL = "personal"  # masked in lists and exports; shown in full only with a record
SEALED = "sealed"  # never leaves the server

CLASSES = (OPEN, INTERNAL, PERSONAL, SEALED)


def class_of(model, field):
    """The class of a model's field; KeyError when it has none."""
    for name, fields in model.VISIBILITY.items():
        if field in fields.split():
            return name
    raise KeyError(f"{model.__name__}.{field}")
