"""What is measured in each shipped scenario, and at which scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.scenario import load_scenario
from sim.scenario.load import read_document
from sim.scenario.parse import parse
from sim.scenario.scenario_form import ScenarioForm
from tools.scenario_outcomes.lines import LINES
from tools.scenario_outcomes.measures import (
    Line,
    counted,
    expected_at_full_size,
    line,
    named,
    number,
    of,
    own_actors,
    ratio,
)

# Below this many actors each has a line, else all have one together.
_MOST_LINES = 4

# Scenarios of which a part is run; the others take some seconds as they are.
SCALES = {
    "claim_12m_a15": 0.03,
    "claim_12m_a16": 0.03,
    "claim_12m_l04": 0.02,
    "claim_13m_a16": 0.03,
    "claim_151m_a16": 0.003,
    "claim_16m_a16": 0.03,
    "claim_23m_a16": 0.02,
    "claim_3m4_a16": 0.1,
    "claim_3m4_l04": 0.1,
    "hydra_20000": 0.1,
    "reported_2026_02": 0.01,
    "reported_2026_09": 0.001,
    "thirty_swe_bench_runs_through_a_gateway": 0.05,
}
# Where no target is set, few accounts may send most of what all send. So all are kept, and every
# account sends this share of what it would.
RATES = {
    "claim_12m_l01": 0.05,
    "claim_13m_a17": 0.05,
    "claim_13m_l01": 0.05,
    "claim_13m_l03": 0.05,
    "claim_13m_l05": 0.05,
    "claim_151m_a19": 0.005,
    "claim_151m_l03": 0.005,
    "claim_151m_l05": 0.005,
    "claim_16m_a18": 0.05,
    "claim_16m_l01": 0.05,
    "claim_16m_l09": 0.05,
    "claim_23m_a17": 0.03,
    "claim_23m_l01": 0.03,
    "claim_23m_l05": 0.03,
    "claim_3m4_a19": 0.2,
    "claim_3m4_l02": 0.2,
}
CHANGES = {"separability": ("clock.duration=1 d",)}


@dataclass(frozen=True)
class Asked:
    """How a scenario is run, and what it is asked.

    Attributes
    ----------
    actors
        Those of the file, in its order.
    lines
        What is measured.
    scale, changes
        As `--scale` and `--set` take them.
    """

    actors: tuple[str, ...]
    lines: tuple[Line, ...]
    scale: float
    changes: tuple[str, ...]


def asked_of(name: str) -> Asked:
    """Return how a shipped scenario is run, and what it is asked; the common lines come first."""
    form = parse(read_document(name)).form
    if form is None:
        raise AssertionError(f"{name}: a shipped scenario is right")
    actors = tuple(actor.id for actor in form.actors)
    lines = [*_common_lines(actors), *LINES.get(name, ())]
    if name.startswith("claim_"):
        lines += _lines_of_claim(name, form)
    changes = (*CHANGES.get(name, ()), *_changes_of_rates(name, actors))
    return Asked(actors, tuple(lines), SCALES.get(name, 1.0), changes)


def _changes_of_rates(name: str, actors: Sequence[str]) -> list[str]:
    """Return what makes every account send less, as `--set` takes it; empty if none shall."""
    if name not in RATES:
        return []
    scaled = {
        f"actors.{named(actor.id, actors)}.{key}": value * RATES[name]
        for actor in own_actors(load_scenario(name))
        for key in ("exchanges_per_account_day", "most_per_account_day")
        if (value := getattr(actor, key)) is not None
    }
    return [f"{key}={value:g}" for key, value in scaled.items()]


def _common_lines(actors: Sequence[str]) -> list[Line]:
    """Return what every scenario is asked: how much each actor sent, and by how many accounts."""
    if len(actors) >= _MOST_LINES:
        return [_amounts("all")]
    return [_amounts(actor, actor) for actor in actors]


def _amounts(who: str, *actors: str) -> Line:
    """Return the line of how much some actors sent; all if none is named."""
    words = (
        "exchanges (C1) {}, answered (C2) {}, tasks (C6) {}, exchanges for a task {}, "
        "active accounts {}"
    )
    where = of(actors[0]) if actors else "true"
    return line(
        f"{who}: {words}",
        *(counted(convention, *actors) for convention in ("C1", "C2", "C6")),
        ratio("C1", "C6", *actors),
        number("count(DISTINCT account_id)", where),
    )


def _lines_of_claim(name: str, form: ScenarioForm) -> list[Line]:
    """Return what the exchanges come to at full size, where a part of the scenario is run."""
    lines = []
    share = SCALES.get(name, 1.0) * RATES.get(name, 1.0)
    if share != 1:
        lines.append(line("at full size: {} exchanges (C1)", counted("C1", share=share)))
    if not any(_has_target(actor) for actor in form.actors):
        words = "expected of all accounts at their rates, before attempts that fail: {} exchanges"
        lines.append(line(words, expected_at_full_size()))
    return lines


def _has_target(actor: object) -> bool:
    """Tell whether an actor wants a number of exchanges, or runs of a benchmark."""
    return getattr(actor, "target_exchanges", None) is not None or hasattr(actor, "runs")
