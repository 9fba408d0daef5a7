"""Write down the values of the packs that ship: scenarios/packs/checksums.yaml.

    python -m tools.pack_checksums extraction-bench-v1-easy-small ...
    python -m tools.pack_checksums --from packs/NAME ...

Each recipe is made in a temporary folder, which takes minutes for the small ones and an hour for
the large ones; `--from` takes the values from packs that were made before. Recipes that are not
named keep what the file says of them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sim.engine.executors import workers
from sim.packs.build import build
from sim.packs.checksums import CHECKSUMS, shipped_values
from sim.packs.load_recipe import load_recipe, shipped_recipes
from sim.packs.manifest import read_manifest
from sim.packs.recipe import Recipe
from sim.tables.store import Store

PLACE = Path(__file__).parents[1] / "scenarios" / "packs" / CHECKSUMS
HEAD = """\
# Checksums over the values of each table of the packs that ship, written by
# `python -m tools.pack_checksums`. `sim dataset` compares what it made with them.
version: 1
packs:
"""


def text_of(packs: dict[str, dict[str, Any]]) -> str:
    """The file, in order of recipes and of tables."""
    lines = []
    for name, pack in sorted(packs.items()):
        lines += [f"  {name}:", f"    version: {pack['version']}", "    values:"]
        lines += [f'      {stem}: "{value}"' for stem, value in sorted(pack["values"].items())]
    return HEAD + "\n".join(lines) + "\n"


def values_of(pack: Store) -> tuple[Recipe, dict[str, str]]:
    """The recipe of a finished pack, and the checksum of each of its tables."""
    manifest = read_manifest(pack)
    return Recipe.from_dict(manifest["recipe"]), manifest["values"]


def made(names: Sequence[str]) -> Iterator[tuple[Recipe, dict[str, str]]]:
    """Make the packs of shipped recipes one after the other."""
    for name in names:
        with tempfile.TemporaryDirectory() as folder, workers() as started:
            build(load_recipe(name), Path(folder) / "pack", workers=started, audit=False)
            yield values_of(Store.of(Path(folder) / "pack"))


def main(words: Sequence[str] | None = None, place: Path = PLACE) -> None:
    """Write the values of some recipes into the file; refuse what is no recipe that ships."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", help="recipes that ship")
    parser.add_argument("--from", dest="packs", nargs="*", default=[], help="packs made before")
    asked = parser.parse_args(words)

    packs = dict(shipped_values())
    of_packs = (values_of(Store.of(pack)) for pack in asked.packs)
    for found in (of_packs, made(asked.names)):
        for recipe, values in found:
            if recipe.name not in shipped_recipes():
                parser.error(f"{recipe.name} is no recipe that ships")
            if load_recipe(recipe.name).to_dict() != recipe.to_dict():
                parser.error(f"{recipe.name}: the pack was not made of the recipe as it ships")
            packs[recipe.name] = {"version": recipe.status, "values": values}
            place.write_text(text_of(packs), encoding="utf-8")
            sys.stdout.write(f"{recipe.name}: {len(values)} tables\n")


if __name__ == "__main__":
    main()
