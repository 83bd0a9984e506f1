"""Pictures of commands, which take ten times as long as fits of small tables: one of each kind is drawn."""

import pytest

from fastreg.cli import commands

DRAWN = {}


@pytest.fixture(autouse=True)
def one_picture_of_each_kind(monkeypatch):
    """What a picture's file holds is what the first one held with such panels and such an ending of its name."""
    draw = commands.picture

    def picture(shown, file):
        panels = [(type(fit), getattr(fit, "family", None), hasattr(fit, "alpha_1se"), title) for fit, title in shown]
        kind = file.rpartition(".")[2].lower(), *panels
        if kind not in DRAWN:
            DRAWN[kind] = draw(shown, file)
        return DRAWN[kind]

    monkeypatch.setattr(commands, "picture", picture)
