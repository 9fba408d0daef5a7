"""Write what the splits of a pack cost: `python -m tools.split_table PACK`.

What its manifest counted and what T16 of its audits found goes into docs/guides/splits.md.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sim.packs.pack import Pack

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "splits.md"
FOLDS = ("train", "validation", "test", "dropped", "known")
_BLOCK = re.compile(r"(<!-- measured: splits -->\n).*?(<!-- end -->)", re.DOTALL)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pack", type=Path, metavar="PACK")
    pack = Pack(parser.parse_args().pack)
    page = PAGE.read_text(encoding="utf-8")
    text = text_of(pack.manifest, pack.audit)
    PAGE.write_text(_BLOCK.sub(lambda found: f"{found[1]}{text}{found[2]}", page), encoding="utf-8")


def text_of(manifest: Mapping[str, Any], audit: Mapping[str, Any] | None) -> str:
    """Return the table and the sentences about a pack.

    Parameters
    ----------
    manifest
        Of the pack.
    audit
        The values of its `audit.json`, if there are any.
    """
    rows, splits = manifest["rows"], manifest["splits"]
    lines = [
        f"Measured on `{manifest['name']}` ({rows['log/accounts']:,} accounts, "
        f"{rows['truth/campaigns']} campaigns):",
        "",
        f"| scheme | {' | '.join(FOLDS)} |",
        f"| --- |{' --: |' * len(FOLDS)}",
    ]
    for name, counts in splits.items():
        if "folds" in counts:
            cells = [f"{counts['folds'][f]:,}" if f in counts["folds"] else "" for f in FOLDS]
            of = " (examples)" if counts.get("entity_type") == "example" else ""
            lines.append(f"| `{name}`{of} | {' | '.join(cells)} |")

    if "campaign" in splits:
        broken, popular = (_listed(splits["campaign"][what]) for what in ("broken", "popular"))
        lines += ["", f"Of `campaign`, broken up: {broken}. Popular: {popular}."]
    if "labels_missing_share" in splits.get("time", {}):
        missing = splits["time"]["labels_missing_share"]
        lines += [
            "",
            f"In `time`, **{missing:.0%}** of the labels that will ever come for accounts of the "
            "training are not there yet when it begins. A longer gap has more labels, and a "
            "shorter test.",
        ]
    for finding in audit["findings"] if audit else ():
        if finding["test"] == "T16" and finding["figure"] is not None:
            lines += [
                "",
                "A split at random promises too much. AUC of gradient boosting of single accounts: "
                f"{finding['says'].split(';')[0]}; the difference is {finding['figure']:.2f} ± "
                f"{finding['error']:.2f} (T16).",
            ]
    return "\n".join(lines) + "\n"


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in counts.items())


if __name__ == "__main__":
    main()
