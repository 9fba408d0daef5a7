"""Options that several verbs share: each group reaches the verb as one argument."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import Result

from sim.cli.options import (
    OutputForm,
    ScenarioOptions,
    WorkerOptions,
    scenario_options,
    table_options,
    worker_options,
)
from tests.support.commands import runner, sim

asked: dict[str, Any] = {}


@click.command()
@click.argument("name")
@scenario_options
@worker_options
@table_options("Print CSV.")
def verb(**arguments: Any) -> None:
    """Keep what it was called with."""
    asked.clear()
    asked.update(arguments)


def called(*words: str, **environment: str) -> Result:
    return runner().invoke(verb, words, env=environment)


def test_a_group_is_one_argument_of_the_verb() -> None:
    words = "x --set a=1 --set b=2 --seed 3 --scale 0.5 -j 4 --dask local --csv"
    assert called(*words.split()).exit_code == 0
    assert asked == {
        "name": "x",
        "changes": ScenarioOptions(("a=1", "b=2"), 3, 0.5),
        "workers": WorkerOptions(4, "local"),
        "form": OutputForm(as_json=False, as_csv=True, for_spreadsheets=False),
    }


def test_what_is_left_out_is_none() -> None:
    called("x", SIM_WORKERS="")
    assert asked["changes"] == ScenarioOptions((), None, None)
    assert asked["workers"] == WorkerOptions(None, None)
    assert asked["form"] == OutputForm(as_json=False, as_csv=False, for_spreadsheets=False)


def test_options_come_from_the_environment() -> None:
    called("x", SIM_SEED="3", SIM_SCALE="2", SIM_WORKERS="5", SIM_DASK="tcp://host:8786")
    assert asked["changes"] == ScenarioOptions((), 3, 2.0)
    assert asked["workers"] == WorkerOptions(5, "tcp://host:8786")


@pytest.mark.parametrize("words", ["-j 0", "-j 1025", "--seed x", "--scale x"])
def test_values_out_of_range_are_bad_usage(words: str) -> None:
    assert called("x", *words.split()).exit_code == 2


def test_options_are_shown_in_the_order_of_their_groups() -> None:
    shown = called("--help").output
    places = [
        shown.index(f"--{word}") for word in ("set", "seed", "scale", "workers", "dask", "json")
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("words", "is_json", "is_csv"),
    [
        ("", False, False),
        ("--json", True, False),
        ("--csv", False, True),
        ("--csv-for-spreadsheets", False, True),
        ("--csv --csv-for-spreadsheets", False, True),
    ],
)
def test_one_form_is_printed(words: str, is_json: bool, is_csv: bool) -> None:
    assert called("x", *words.split()).exit_code == 0
    assert (asked["form"].as_json, asked["form"].is_csv) == (is_json, is_csv)


@pytest.mark.parametrize("words", ["--json --csv", "--json --csv-for-spreadsheets"])
def test_json_and_csv_exclude_each_other(words: str) -> None:
    result = called("x", *words.split())
    assert result.exit_code == 2
    assert "Error: --json and --csv exclude each other; give one of them" in result.output


def test_changes_of_a_scenario_are_made_before_those_of_the_verb(here: Path) -> None:
    wanted = ScenarioOptions(("name=a", "actors.coders.accounts=3"), 5, 2.0)
    scenario = wanted.load(str(here / "tiny.yaml"), more=("name=b",))
    assert (scenario.name, scenario.seed, scenario.actors[0].accounts) == ("b", 5, 6)
    assert ScenarioOptions((), None, None).load("tiny.yaml").seed == 7


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        (ScenarioOptions((), None, None), False),
        (ScenarioOptions(("a=1",), None, None), True),
        (ScenarioOptions((), 3, None), True),
        (ScenarioOptions((), None, 0.5), True),
    ],
)
def test_options_tell_whether_they_change_anything(wanted: ScenarioOptions, changes: bool) -> None:
    assert bool(wanted) is changes


def test_workers_are_started_as_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[Any] = []

    def start(*words: Any) -> Any:
        started.append(words)
        return nullcontext()

    monkeypatch.setattr("sim.engine.executors.workers", start)
    WorkerOptions(3, "local").start()
    WorkerOptions(2, None).start()
    assert started == [(3, "local"), (2, None)]


@pytest.mark.parametrize(
    "words", ["-o x", "--force", "-n", "--counterfactual", "--seed 3", "--set a=1", "--format csv"]
)
@pytest.mark.usefixtures("here")
def test_resume_takes_the_run_alone(words: str) -> None:
    result = sim("run", "--resume", "out", *words.split())
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: --resume takes the run alone: its scenario is known\n")


@pytest.mark.usefixtures("here")
def test_run_asks_for_a_scenario_and_for_enforcement() -> None:
    assert sim("run").stderr.endswith("Error: Missing argument 'SCENARIO'.\n")
    result = sim("run", "tiny.yaml", "--counterfactual")
    assert result.exit_code == 2
    assert "--counterfactual needs a scenario with world.enforcement; give --set" in result.stderr


def test_a_counterfactual_lies_beside_its_run(here: Path) -> None:
    enforced = ("--counterfactual", "--set", "world.enforcement=default")
    result = sim("run", "tiny.yaml", "-o", "new/", *enforced)
    assert (result.exit_code, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[0].startswith("new/: ")
    assert lines[1].startswith("new-counterfactual: ")
    assert lines[1].endswith(" exchanges (C1) without enforcement")
    assert (
        sim("counts", "new-counterfactual", "--json").stdout
        == sim("counts", "out", "--json").stdout
    )
    # neither is begun if one of them cannot be
    (here / "two-counterfactual").mkdir()
    (here / "two-counterfactual" / "file").touch()
    assert sim("run", "tiny.yaml", "-o", "two", *enforced).exit_code == 2
    assert not (here / "two").exists()
