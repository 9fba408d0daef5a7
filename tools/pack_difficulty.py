"""Measure how hard the levels of the extraction bench are: `python -m tools.pack_difficulty`.

For each level packs are made of one simulation each, of one world and five seeds. Every pack is
asked once, by baselines that learned from the pack of the seed before: five pairs. Two baselines
are asked at every level, all of them at `hard`. The tables of docs/background/packs.md are
rewritten, that by level only if all are measured. With `--work FOLDER` packs are kept there, and
used again.

    python -m tools.pack_difficulty --work /tmp/bench --levels easy hard --seeds 901 902 903
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.catalog import typologies
from sim.detectors.quality import Judged, Measured, chosen, measured
from sim.detectors.registry import BASELINES
from sim.detectors.seen import Seen
from sim.features.windows import Window
from sim.packs.build import build
from sim.packs.load_recipe import load_recipe
from sim.packs.pack import Pack
from sim.predictions.make import Logs

PAGE = Path(__file__).parents[1] / "docs" / "background" / "packs.md"
LEVELS = ("easy", "medium", "hard")
SEEDS = (901, 902, 903, 904, 905)
# Half the volume of the bench, and fewer coders: fifteen packs are made.
SMALLER = {
    "volume": 0.05,
    "most_exchanges_per_account_day": 30,
    "world.enforcement.volume_threshold": 25,
    "world.enforcement.refusal_threshold": 0.25,
    "actors.coders.accounts": 1_200,
}
LEARNED = ("truth", "observed labels")
PARTS = {
    "auc": "AUC",
    "average_precision": "PR-AUC",
    "recall_2": "recall at FPR 1e-2",
    "recall_3": "recall at FPR 1e-3",
}
# Those that are compared between levels; at the hardest all are asked.
COMPARED = ("marginals", "relations")
HARDEST = "hard"
_BLOCK = r"(<!-- measured: {} -->\n).*?(<!-- end -->)"


class Bench(NamedTuple):
    """The accounts of a pack, what they are, and what a provider knows when the log closes.

    `sought` is the recommended target, `known` those labelled as extraction, `kind` the typology,
    `owner` who is drawn as a whole by the bootstrap.
    """

    seen: Seen
    sought: Bools
    known: Bools
    kind: Any
    owner: Ints


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, help="folder for the packs; they stay there")
    parser.add_argument("--levels", nargs="+", default=LEVELS, choices=LEVELS)
    parser.add_argument("--seeds", nargs="+", type=int, default=SEEDS)
    parser.add_argument("--dry-run", action="store_true", help="print the tables alone")
    asked = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        work = asked.work or Path(folder)
        with ProcessPoolExecutor() as pool:
            every = [pool.submit(of_level, level, asked.seeds, work) for level in asked.levels]
            found = {level: each.result() for level, each in zip(asked.levels, every, strict=True)}
    tables = {}
    if len(found) == len(LEVELS):
        tables["difficulty"] = table_of_levels(found)
    if HARDEST in found:
        tables["baselines"] = table_of_baselines(found[HARDEST])
    page = PAGE.read_text(encoding="utf-8")
    for name, text in tables.items():
        print(text)  # noqa: T201
        page = with_block(page, name, text)
    if not asked.dry_run:
        PAGE.write_text(page, encoding="utf-8")


def with_block(page: str, name: str, text: str) -> str:
    """Return a page with another text in one of its measured blocks."""
    block = re.compile(_BLOCK.format(name), re.DOTALL)
    return block.sub(lambda match: f"{match[1]}{text}{match[2]}", page)


def of_level(level: str, seeds: Sequence[int], work: Path) -> dict[str, Any]:
    """Return what is measured of the packs of a level."""
    names = tuple(BASELINES) if level == HARDEST else COMPARED
    return measure([bench(level, seed, work) for seed in seeds], names)


def bench(level: str, seed: int, work: Path) -> Bench:
    """Return the accounts of a pack of one simulation, which is made unless it is there."""
    recipe = {
        "version": 1,
        "name": f"{level}-{seed}",
        "scenario": "extraction_bench",
        "level": level,
        "seeds": [seed],
        "set": SMALLER,
        "features": {"account_days": False, "windows": False},
        "splits": {"schemes": ["campaign"]},
    }
    place = work / f"{level}-{seed}"
    if not (place / "manifest.json").exists():
        build(load_recipe(recipe), place, audit=False)
    return opened(place)


def opened(place: Path) -> Bench:
    """Return the accounts of a pack that are in its log."""
    pack = Pack(place)
    window = Window(*pack.manifest["windows"][0])
    seen = Logs(pack).seen(window)
    truth = pack.sql(
        "SELECT account_id, target, typology_id, coordination, actor_id, org_id"
        " FROM (FROM truth_targets WHERE entity_type = 'account')"
        " JOIN truth_accounts USING (account_id) JOIN accounts USING (account_id)",
        truth=True,
    ).df()
    truth = truth.set_index("account_id").loc[seen.accounts]
    labels = pack.labels_as_of(window.to_us)
    named = labels.loc[
        (labels["entity_type"] == "account") & (labels["label"] == "extraction"), "entity_id"
    ]

    alone = (truth["coordination"] == "none").to_numpy()
    owner = np.where(alone, truth["org_id"].astype(str), truth["actor_id"].astype(str))
    return Bench(
        seen,
        truth["target"].to_numpy(bool),
        np.isin(seen.accounts, named),
        truth["typology_id"].to_numpy(),
        np.unique(owner, return_inverse=True)[1],
    )


def measure(benches: Sequence[Bench], names: Sequence[str]) -> dict[str, Any]:
    """Return what some baselines find in each pack, learned from the one before it."""
    pairs = list(zip([benches[-1], *benches], benches, strict=False))
    scores = {
        (name, learned): [
            Judged(
                BASELINES[name].find(one.seen, _learned(one, learned), other.seen, 0).score,
                other.sought,
                other.owner,
            )
            for one, other in pairs
        ]
        for name in names
        for learned in LEARNED
    }
    kinds = [t.id for t in typologies().values() if t.is_extraction]
    return {
        "accounts": float(np.mean([len(each.sought) for each in benches])),
        "share": float(np.mean([each.sought.mean() for each in benches])),
        "labelled": float(np.mean([each.known[each.sought].mean() for each in benches])),
        "wrong": float(np.mean([(~each.sought[each.known]).mean() for each in benches])),
        "quality": {key: measured(judged) for key, judged in scores.items()},
        "typologies": {
            (kind, name): measured(_against_harmless(benches, scores[name, "truth"], kind))["auc"]
            for kind in kinds
            for name in COMPARED
        },
    }


def _learned(one: Bench, learned: str) -> Bools:
    return one.sought if learned == "truth" else one.known


def _against_harmless(
    benches: Sequence[Bench], judged: Sequence[Judged], kind: str
) -> list[Judged]:
    """Return the scores of the accounts of a typology that are sought, and of all that are not."""
    asked = []
    for each, scored in zip(benches, judged, strict=True):
        mine = each.sought & (each.kind == kind)
        asked.append(chosen(scored, mine | ~each.sought, mine))
    return asked


def table_of_levels(found: Mapping[str, Mapping[str, Any]]) -> str:
    """Return the tables by level, in Markdown."""
    rows = {
        "accounts in the log": [f"{each['accounts']:,.0f}" for each in found.values()],
        "share of them that are sought": [f"{each['share']:.3f}" for each in found.values()],
        "of these labelled at the close": [f"{each['labelled']:.2f}" for each in found.values()],
        "labels that are wrong": [f"{each['wrong']:.2f}" for each in found.values()],
    }
    for name in COMPARED:
        for learned in LEARNED:
            for part in ("auc", "average_precision", "recall_2"):
                cells = [str(each["quality"][name, learned][part]) for each in found.values()]
                rows[f"`{name}`, learned from {learned}: {PARTS[part]}"] = cells
    text = _table("", found, rows)

    kinds = next(iter(found.values()))["typologies"]
    of_kinds = {
        f"{kind}, `{name}`": [_cell(each["typologies"][kind, name]) for each in found.values()]
        for kind, name in kinds
    }
    said = "AUC of a typology against all that is not sought, learned from truth:"
    return f"{text}\n{said}\n\n{_table('typology and baseline', found, of_kinds)}"


def table_of_baselines(hardest: Mapping[str, Any]) -> str:
    """Return the tables of all baselines, in Markdown: learned from truth, and from labels."""
    parts = []
    for learned in LEARNED:
        rows = {
            f"`{name}`": [str(hardest["quality"][name, learned][part]) for part in PARTS]
            for name in BASELINES
        }
        head = f"learned from {learned}"
        parts.append(_table(head, PARTS.values(), rows))
    return "\n".join(parts)


def _cell(value: Measured) -> str:
    return "-" if np.isnan(value.mean) else str(value)


def _table(head: str, columns: Iterable[str], rows: Mapping[str, Sequence[str]]) -> str:
    names = list(columns)
    lines = [f"| {head} | " + " | ".join(names) + " |", "| --- |" + " --: |" * len(names)]
    lines += [f"| {name} | " + " | ".join(cells) + " |" for name, cells in rows.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
