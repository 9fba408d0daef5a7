"""Write what the audits found in packs into docs/background/packs.md.

`python -m tools.audit_table PACK...` reads the `audit.json` of finished packs. Their rows are
replaced; rows of other packs stay. A pack that was made without audits is refused.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.packs.load_recipe import shipped_recipes
from sim.packs.pack import Pack
from tools.pack_table import PAGE

HEAD = ("pack", "passed", "failed", "not checked", "best single aggregate of accounts, AUC")
_BLOCK = re.compile(r"(<!-- measured: audits -->\n).*?(<!-- end -->)", re.DOTALL)
_BEST = "a single column of accounts, AUC"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("packs", nargs="+", type=Path, metavar="PACK")
    rows = {}
    for place in parser.parse_args().packs:
        pack = Pack(place)
        if pack.audit is None:
            parser.error(f"{place}: was made without audits; make it again without --no-audit")
        name = str(pack.manifest["name"])
        rows[name] = row(name, pack.audit)
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(with_rows(page, rows), encoding="utf-8")


def row(name: str, audit: Mapping[str, Any]) -> list[str]:
    """Return the row of a pack: how many findings passed, what failed and what was not checked.

    Parameters
    ----------
    name
        Of the pack.
    audit
        The values of its `audit.json`.
    """
    found = audit["findings"]
    passed = sum(finding["status"] == "passed" for finding in found)
    failed = [
        f"{f['test']} {f['title']}: {f['figure']:.3g} ({f['where']})"
        for f in found
        if f["status"] == "failed"
    ]
    unchecked = dict.fromkeys(f["test"] for f in found if f["status"] == "not_checked")
    best = [f for f in found if f["title"] == _BEST and f["figure"] is not None]
    telling = f"{best[0]['figure']:.2f} ±{best[0]['error']:.2f}" if best else "-"
    cells = [name, f"{passed}", "; ".join(failed) or "none", ", ".join(unchecked) or "none"]
    return [cell.replace("|", "/") for cell in (*cells, telling)]


def with_rows(page: str, rows: Mapping[str, list[str]]) -> str:
    """Return the page with rows replaced or added; packs in order of the list of recipes."""
    match = _BLOCK.search(page)
    if match is None:
        raise ValueError("the page has no block <!-- measured: audits -->")
    lines = [
        line.strip("| ").split(" | ") for line in match[0].splitlines() if line.startswith("|")
    ]
    known = {cells[0]: cells for cells in lines[2:]} | dict(rows)

    kept = [known[name] for name in shipped_recipes() if name in known]
    rule = ["---", "--:", "---", "---", "--:"]
    table = "".join(f"| {' | '.join(cells)} |\n" for cells in (list(HEAD), rule, *kept))
    return _BLOCK.sub(lambda found: f"{found[1]}{table}{found[2]}", page)


if __name__ == "__main__":
    main()
