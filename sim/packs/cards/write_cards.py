"""All files that explain a pack."""

from __future__ import annotations

from sim.packs.cards.croissant import croissant
from sim.packs.cards.datasheet import datasheet
from sim.packs.cards.readme import readme
from sim.packs.facts import PackFacts


def card_files(facts: PackFacts) -> dict[str, str]:
    """Return the texts of `README.md`, `croissant.json` and `datasheet.md` by file name.

    The same facts give the same texts.
    """
    return {
        "README.md": readme(facts),
        "croissant.json": croissant(facts),
        "datasheet.md": datasheet(facts),
    }
