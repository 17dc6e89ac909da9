"""Migrating an empty database without rendering every model at every operation.

Django's historical models are classes; an operation that adds a model or a field has it
render anew all models that are related to it, and here all are related to all: fifty
thousand classes, nine tenths of the time of the first `migrate`. What makes tables needs
only the class at hand. Where the others are read (RunPython, whatever alters or removes)
all are rendered, as Django does itself for what it calls delayed.
"""

from contextlib import contextmanager

from django.db.migrations.state import ProjectState

ADDING = ("add_model", "add_field", "_append_option")
OTHERS = ("reload_model", "reload_models")


@contextmanager
def quick_state():
    """While it holds, what is added to a state is rendered alone."""
    plain = {name: getattr(ProjectState, name) for name in (*ADDING, *OTHERS)}
    for name in ADDING:
        setattr(ProjectState, name, _alone(plain[name]))
    for name in OTHERS:
        setattr(ProjectState, name, _whole(plain[name]))
    try:
        yield
    finally:
        for name, method in plain.items():
            setattr(ProjectState, name, method)


def _alone(method):
    def add(self, *args):
        self.reload_model = lambda *key, delay=False: _render(self, key)
        try:
            method(self, *args)
        finally:
            del self.reload_model

    return add


def _render(state, key):
    if "apps" in state.__dict__:
        state.apps.unregister_model(*key)
        state.apps.render_multiple([state.models[key]])
        state.is_delayed = True


def _whole(method):
    def reload(self, *args, **options):
        self.clear_delayed_apps_cache()
        method(self, *args, **options)

    return reload
