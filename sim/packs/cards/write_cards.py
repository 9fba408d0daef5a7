"""All files that explain a pack."""

from __future__ import annotations

from importlib.resources import files

from sim.packs.cards.croissant import croissant
from sim.packs.cards.datasheet import datasheet
from sim.packs.cards.readme import readme
from sim.packs.cards.wording import LICENCE
from sim.packs.facts import PackFacts


def card_files(facts: PackFacts) -> dict[str, str]:
    """Return the texts of the card, the description, the datasheet and the licence by file name.

    The same facts give the same texts.
    """
    licence = files("sim.packs.cards").joinpath(f"{LICENCE}.txt").read_text(encoding="utf-8")
    return {
        "LICENSE": licence,
        "README.md": readme(facts),
        "croissant.json": croissant(facts),
        "datasheet.md": datasheet(facts),
    }
