"""Measures how real the traffic looks: `python -m tools.realism_table [CLASS...]`.

For each class of workload it simulates one scenario with five seeds, holds the runs against the
test part of the trace that ships, and writes the tables into docs/realism.md. `--seeds N` takes
other seeds than five; fewer are for trying it out.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sim
from sim.scorecard import Scorecard
from sim.scorecard.render import HEADS, headline, row_of, telling

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "realism.md"
SEEDS = 5


@dataclass(frozen=True)
class Measured:
    """A class of workload: which scenario is held against which trace.

    Attributes
    ----------
    against
        Name of the trace.
    scenario
        Shipped scenario or file.
    overrides
        Changes of the scenario.
    """

    against: str
    scenario: str
    overrides: Mapping[str, Any]

    @property
    def command(self) -> str:
        """What one run is made by, but for the seed and the place."""
        changes = "".join(f" --set {key}={value}" for key, value in self.overrides.items())
        return f"sim run {self.scenario}{changes}"


CLASSES = {
    "coding": Measured("claude_code", "coding_users", {"look_alikes": "false"}),
    # one service at the rate of the trace, in the afternoon
    "chat": Measured(
        "azure_chat",
        "typology_l02",
        {
            "look_alikes": "false",
            "clock.start": "2026-02-03T14:00:00Z",
            "clock.duration": "2 h",
            "actors.chat-products.accounts": 1,
            "actors.chat-products.organisations": 1,
            "actors.chat-products.account_volume_sigma": 0,
            "actors.chat-products.exchanges_per_account_day": 360_000,
        },
    ),
    "api": Measured("api_clients_large", "tools/realism_api_clients.yaml", {}),
    "benchmark": Measured(
        "mini_swe_agent",
        "typology_l04",
        {
            "look_alikes": "false",
            "clock.duration": "2 d",
            "actors.laboratory.benchmark": "swe-bench-verified",
            "actors.laboratory.agent": "mini-swe-agent",
            "actors.laboratory.model": "claude-sonnet-4.5",
            "actors.laboratory.runs": 5,
            "actors.laboratory.workers": 32,
            "actors.laboratory.starts": "0 s",
        },
    ),
}


def measure(name: str, seeds: int) -> Scorecard:
    """Simulate the scenario of a class with seeds from 1 on, and score the runs."""
    measured = CLASSES[name]
    scenario = measured.scenario
    if "/" in scenario:
        scenario = str(ROOT / scenario)
    texts = [f"{key}={value}" for key, value in measured.overrides.items()]
    with tempfile.TemporaryDirectory() as folder:
        runs = [
            sim.run(scenario, f"{folder}/seed-{seed}", seed=seed, overrides=texts)
            for seed in range(1, seeds + 1)
        ]
        return sim.realism(*runs, against=measured.against, workload=name)


def block(name: str, card: Scorecard) -> str:
    """Return what the page says of a class: the count, every statistic, and what still tells."""
    heads = [head or "result" for head in HEADS]
    lines = [
        f"`{CLASSES[name].command}`, with {len(card.runs)} seeds, against `{card.against}` "
        f"({card.title}).",
        "",
        f"**{headline(card)}**",
        "",
        f"| {' | '.join(heads)} |",
        f"| --- |{' ---: |' * (len(heads) - 2)} --- |",
        *(f"| {' | '.join(row_of(score))} |" for score in card),
    ]
    lines += [f"\n{sentence}" for sentence in (*telling(card), *card.notes)]
    return "\n".join(lines)


def written(text: str, name: str, content: str) -> str:
    """Return the text of the page with the block of a class made anew."""
    pattern = re.compile(rf"(<!-- measured: {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise ValueError(f"{PAGE}: no block for {name}")
    return pattern.sub(lambda found: f"{found[1]}{content}\n{found[2]}", text)


def main(words: list[str]) -> None:
    """Measure the classes that are named, or all, and write their blocks."""
    parser = argparse.ArgumentParser(prog="python -m tools.realism_table", description=__doc__)
    parser.add_argument("classes", nargs="*", metavar="CLASS", help=", ".join(CLASSES))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    asked = parser.parse_args(words)
    unknown = set(asked.classes) - set(CLASSES)
    if unknown:
        parser.error(f"no class {sorted(unknown)[0]}; there are {', '.join(CLASSES)}")

    for name in asked.classes or CLASSES:
        card = measure(name, asked.seeds)
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(written(text, name, block(name, card)), encoding="utf-8")
        sys.stdout.write(f"{name}: {headline(card)}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
