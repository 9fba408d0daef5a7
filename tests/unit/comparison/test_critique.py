"""Every statement of the two documents: outcome, reason, and a command that shows its numbers."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.catalog import (
    Statement,
    StepDistribution,
    claims,
    statement_runs,
    statements,
    step_distributions,
    typologies,
)
from sim.comparison.sections.statement_checks import reached
from sim.comparison.sections.statements import SPEAKERS, Judged, judged, say_critique
from tests.support.commands import sim
from tools.statement_runs import measured, shown

MEASURED = tuple(step_distributions().values())
ROWS = {x.id: x for x in judged(MEASURED)}
# Their commands take more than a second or two.
SLOW = {
    "fraudulent",
    "purpose",
    "regional-blocking",
    "replication",
    "run-size",
    "attribution",
    "querying",
    "pivot",
    "toggle",
    "hydra",
    "permitted",
    "application-day",
    "calibration",
    "fifty-calls",
    "snitchbench",
}
WITH_RUN = [x for x, line in statements().items() if any(shown(line))]


def with_mean(mean: int) -> tuple[StepDistribution, ...]:
    """The measured models, as if every task took as many calls."""
    return tuple(replace(x, steps=np.full(100, mean)) for x in MEASURED)


def of_speed(ids: list[str]) -> list[Any]:
    return [pytest.param(x, marks=pytest.mark.verify) if x in SLOW else x for x in ids]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where commands are run; statements share their runs."""
    place = tmp_path_factory.mktemp("critique")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        yield place


@cache
def run_command(command: str) -> str:
    """Run a command of a statement once, and return what it printed."""
    result = sim(*shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    return result.stdout


# The rows


def test_every_statement_is_whole() -> None:
    assert len(ROWS) >= 30
    assert set(SPEAKERS) == {x.source for x in statements().values()}
    for row in ROWS.values():
        assert row.why.endswith(".")
        assert row.statement[-1] not in ".!"
        assert "{" not in row.why
        assert len(row.statement) <= 100
        assert len(row.why) <= 480
        assert row.command or row.outcome == "not a question of counts", row.id


def test_what_counts_cannot_test_has_its_outcome_in_the_catalog() -> None:
    for line in statements().values():
        says_itself = line.outcome is not None
        computed = {"sum", "amplification", "run_size", "runs", "calls_per_task"}
        assert says_itself != (line.kind in {*computed, "single_runs"}), line.id


def test_the_finding_counts_the_statements_of_the_critique_alone() -> None:
    assert say_critique(None, tuple(ROWS.values())) == (  # type: ignore[arg-type]
        "Of the critique's 11 statements that counts can test, 2 hold, 8 hold in part and 1 is "
        "contradicted; 10 more cannot be told from counts, and 8 are not questions of counts"
    )


OUTCOMES = {
    "parts": "holds",
    "dozens": "in part",
    "hundreds": "in part",
    "snitchbench": "contradicted",
    "run-size": "holds",
    "fifty-calls": "in part",
    "thirty-runs": "in part",
}


def test_outcomes_that_are_computed() -> None:
    assert {x: ROWS[x].outcome for x in OUTCOMES} == OUTCOMES


@pytest.mark.parametrize(
    ("wanted", "outcome"),
    [(2, "holds"), (3, "in part"), (1108, "in part"), (1109, "contradicted")],
)
def test_what_a_request_becomes_is_judged_by_its_quantiles(wanted: int, outcome: str) -> None:
    assert reached(wanted, 2, 1108) == outcome


def test_the_outcomes_follow_the_models() -> None:
    def outcomes(mean: int) -> tuple[str, str]:
        rows = {x.id: x.outcome for x in judged(with_mean(mean))}
        return rows["thirty-runs"], rows["fifty-calls"]

    assert outcomes(60) == ("holds", "holds")
    assert outcomes(10) == ("contradicted", "in part")  # a published mean is above 50


# The numbers


@pytest.mark.parametrize(
    ("id_", "words"),
    [
        ("run-size", "Claude models with mini-swe-agent take 71,288 to 116,966"),
        ("fifty-calls", "Claude models take 31 to 51 a task, and 20 of 25 models less than 50"),
        ("fifty-calls", "SWE-agent takes 77 with Claude on the harder SWE-bench Pro, OpenHands 64"),
        ("thirty-runs", "Claude models need 30 to 48 runs with mini-swe-agent, and 20 at the"),
        ("hundreds", "one in ten takes 135 or more, one in a hundred 1,107 or more"),
        ("negligible", "150,000 are 0.006 %"),
        ("snitchbench", "3,200 to 35,200 calls to all providers: 150,000 are 4.3 to 47 runs"),
        ("tiny-data", "81 times as much"),
    ],
)
def test_numbers_of_a_reason(id_: str, words: str) -> None:
    assert words in ROWS[id_].why


def test_runs_of_snitchbench_against_one_provider() -> None:
    """Five of the ten models of a full run of 800 conversations, 4 to 40 calls each."""
    target = claims()["A3"].value
    assert target is not None
    fewest, most = (target / (800 * 5 / 10 * calls) for calls in (40, 4))
    assert f"with 5 of the models they are {fewest:.1f} to {most:.0f}" in ROWS["snitchbench"].why


def test_the_odds_of_a_prompt_are_quotients_of_listed_shares() -> None:
    listed = json.loads(run_command(ROWS["analyst-prompt"].command))
    shares = {
        x["id"]: value["value"].get("analyst", 0)
        for x in listed
        for value in x["values"]
        if value["key"] == "families"
    }
    shares = {k: shares.get(k, 0.02) for k in typologies()}  # .02 where the common shares apply
    accused = [x for k, x in shares.items() if typologies()[k].is_extraction]
    legal = [x for k, x in shares.items() if not typologies()[k].is_extraction and x]
    low, high = min(accused) / max(legal), max(accused) / min(legal)
    assert f"by {low:.2f} to {high:.1f}, depending" in ROWS["analyst-prompt"].why


def test_sizes_of_runs_are_those_of_the_table() -> None:
    printed = json.loads(sim("compare", "--only", "benchmark-runs", "--draws=200", "--json").stdout)
    tables = {x["id"]: x["rows"] for x in printed["tables"]}
    claude = next(x for x in tables["benchmark-agents"] if x["provider"] == "Anthropic")
    assert f"Claude models need {claude['runs_A4']} runs" in ROWS["thirty-runs"].why


# The commands


@pytest.mark.parametrize("id_", of_speed([x for x, row in ROWS.items() if row.command]))
def test_the_command_of_a_row_works(id_: str) -> None:
    for command in statements()[id_].command:
        run_command(command)


@pytest.mark.parametrize("id_", of_speed(WITH_RUN))
def test_the_numbers_of_a_run_are_those_of_its_command(id_: str, folder: Path) -> None:
    """Remedy: `python -m tools.statement_runs`."""
    line: Statement = statements()[id_]
    for command in line.command:
        run_command(command)
    recorded = {(a, q): v for a, of in statement_runs()[id_].items() for q, v in of.items()}
    assert measured(line, folder) == recorded


def test_only_runs_that_are_shown_are_recorded() -> None:
    assert list(statement_runs()) == WITH_RUN


def test_the_table_is_what_the_command_prints() -> None:
    printed = json.loads(run_command("sim compare --only critique --json"))
    (table,) = [x for x in printed["tables"] if x["id"] == "critique"]
    assert [Judged(**row) for row in table["rows"]] == list(ROWS.values())
