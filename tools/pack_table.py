"""Make packs, and write how large they are and what they take: `python -m tools.pack_table NAME`.

Each recipe that is named is made in a folder, by so many processes, with its audits. Its row in
docs/background/packs.md is replaced; rows of other packs stay.

    python -m tools.pack_table extraction-bench-v1-hard-small --work /tmp/packs --workers 2
"""

from __future__ import annotations

import argparse
import re
import resource
import tempfile
from collections.abc import Mapping
from pathlib import Path

from sim.engine.executors import workers
from sim.packs.build import PackSummary, build
from sim.packs.load_recipe import load_recipe, shipped_recipes

PAGE = Path(__file__).parents[1] / "docs" / "background" / "packs.md"
HEAD = (
    "pack",
    "simulations",
    "accounts",
    "exchanges, millions",
    "rows of account-days",
    "size, GB",
    "processor time, min",
    "memory of a process, GB",
)
_BLOCK = re.compile(r"(<!-- measured: sizes -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="+", choices=sorted(shipped_recipes()), metavar="NAME")
    parser.add_argument("--work", type=Path, help="folder for the packs; they stay there")
    parser.add_argument("--workers", type=int, help="processes; one a core if left out")
    parser.add_argument("--no-audit", action="store_true", help="leave the audits out")
    asked = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        for name in asked.names:
            before = processor_minutes()
            with workers(asked.workers, None) as who:
                place = (asked.work or Path(folder)) / name
                made = build(load_recipe(name), place, workers=who, audit=not asked.no_audit)
            cells = row(made, processor_minutes() - before)
            page = PAGE.read_text(encoding="utf-8")
            PAGE.write_text(with_rows(page, {name: cells}), encoding="utf-8")
            print(" | ".join(cells))  # noqa: T201


def processor_minutes() -> float:
    """Return the processor time of this process and of its children that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used) / 60


def row(made: PackSummary, minutes: float) -> list[str]:
    """Return the row of a pack."""
    return [
        made.recipe.name,
        f"{len(made.recipe.scenarios)}",
        f"{made.rows['log/accounts']:,}",
        f"{made.rows['log/exchanges'] / 1e6:.1f}",
        f"{made.rows.get('features/account_days', 0):,}",
        f"{made.bytes / 1e9:.2f}",
        f"{minutes:.0f}",
        f"{made.peak_bytes / 1e9:.1f}",
    ]


def with_rows(page: str, rows: Mapping[str, list[str]]) -> str:
    """Return the page with rows replaced or added; packs in order of the list of recipes."""
    match = _BLOCK.search(page)
    if match is None:
        raise ValueError("the page has no block <!-- measured: sizes -->")
    lines = [
        line.strip("| ").split(" | ") for line in match[0].splitlines() if line.startswith("|")
    ]
    known = {cells[0]: cells for cells in lines[2:]} | dict(rows)

    kept = [known[name] for name in shipped_recipes() if name in known]
    rule = ["---", *["--:"] * (len(HEAD) - 1)]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in (list(HEAD), rule, *kept))
    return _BLOCK.sub(lambda found: f"{found[1]}{table}{found[2]}", page)


if __name__ == "__main__":
    main()
