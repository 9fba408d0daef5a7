"""Measure shipped scenarios, and write the outcomes into their comments.

    python -m tools.scenario_outcomes                    # all: `make outcomes`; some minutes
    python -m tools.scenario_outcomes incident twin_a15_l07
    python -m tools.scenario_outcomes --check incident   # exit code 1, and what differs

What each is asked, and at which scale, stands in `asked.py`.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import click

from sim.engine.run import run
from sim.scenario import load_scenario, shipped_scenarios
from tools.scenario_outcomes.asked import asked_of
from tools.scenario_outcomes.block import block, block_of, settings_of, with_block
from tools.scenario_outcomes.measures import MeasuredRun


def measured(name: str) -> list[str]:
    """Run a shipped scenario as `asked.py` says, and return its block."""
    asked = asked_of(name)
    scenario = load_scenario(name, scale=asked.scale, overrides=asked.changes)
    with tempfile.TemporaryDirectory() as folder:
        run(scenario, Path(folder) / "run")
        made = MeasuredRun(Path(folder) / "run", scenario, asked.actors)
        lines = [one.of(made) for one in asked.lines]
    return block(settings_of(scenario.seed, asked.scale, asked.changes), lines)


def differences(old: Sequence[str], new: Sequence[str]) -> list[str]:
    """Return the lines that are gone and those that are new, as a diff shows them."""
    gone = [f"- {one}" for one in old if one not in new]
    return gone + [f"+ {one}" for one in new if one not in old]


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@click.option("--check", is_flag=True, help="Write nothing; exit with 1 if a block differs.")
@click.option("-j", "--workers", type=int, default=os.cpu_count(), help="Scenarios at a time.")
def main(names: tuple[str, ...], check: bool, workers: int) -> None:
    """Measure shipped scenarios (all if none is named), and write it into their comments."""
    files = shipped_scenarios()
    if unknown := [name for name in names if name not in files]:
        raise click.UsageError(f"no such scenario: {', '.join(unknown)}; see sim list scenarios")

    differ = 0
    wanted = names or tuple(files)
    with ProcessPoolExecutor(workers) as pool:
        for name, made in zip(wanted, pool.map(measured, wanted), strict=True):
            text = files[name].read_text(encoding="utf-8")
            lines = differences(block_of(text), made)
            differ += bool(lines)
            if not check:
                files[name].write_text(with_block(text, made), encoding="utf-8")
            click.echo("\n".join([f"{name}: {'differs' if lines else 'as it was'}", *lines]))
    sys.exit(1 if check and differ else 0)


if __name__ == "__main__":
    main()
