"""Pictures of commands, which take longer than fits of small tables: one of each kind is drawn."""

import io

import pytest

DRAWN = {}


@pytest.fixture(autouse=True)
def one_picture_of_each_kind(monkeypatch):
    """The axes of every picture are made as usual; what a file holds is that of the first with such titles."""
    figures = pytest.importorskip("matplotlib.figure")
    plain = figures.Figure.savefig

    def savefig(figure, file, *, format, **options):
        kind = format, *((each.get_title(), each.get_xlabel(), each.get_ylabel()) for each in figure.axes)
        if kind not in DRAWN:
            buffer = io.BytesIO()
            plain(figure, buffer, format=format, **options)
            DRAWN[kind] = buffer.getvalue()
        file.write(DRAWN[kind])

    monkeypatch.setattr(figures.Figure, "savefig", savefig)
