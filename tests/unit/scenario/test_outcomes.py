"""The command that measures the shipped scenarios, and the block that it keeps in each."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from sim.engine.run import run
from sim.scenario import load_scenario, shipped_scenarios
from tests.support.scenarios import log_with_truth, read
from tools.scenario_outcomes.__main__ import main
from tools.scenario_outcomes.asked import asked_of
from tools.scenario_outcomes.block import (
    HEAD,
    block,
    block_of,
    is_of,
    measured_of,
    settings_of,
    with_block,
)
from tools.scenario_outcomes.measures import (
    MeasuredRun,
    counted,
    line,
    named,
    number,
    number_words,
    of,
    percent,
    percent_of_sum,
    percent_words,
    ratio,
)

TEXT = """\
# yaml-language-server: $schema=schema.json
# Two users.
# Shows: little.
version: 1
name: two
"""
LONG = "coders: " + "exchanges 12 k, " * 7 + "tasks 1"
SMALL = """\
version: 1
name: small
seed: 3
look_alikes: true
clock: {start: 2026-02-02, duration: 1 d}
world: {overload: 0.1}
actors:
  - {id: coders, typology: L01, accounts: 4}
  - {id: bulk-2, typology: A15, accounts: 2, copies: 2, exchanges_per_account_day: 100}
"""


@pytest.mark.parametrize("name", shipped_scenarios())
def test_every_scenario_holds_what_it_is_asked(name: str) -> None:
    """With the present lines and settings; `make outcomes` writes them."""
    asked = asked_of(name)
    settings, *measured = measured_of(shipped_scenarios()[name].read_text(encoding="utf-8"))
    assert settings == settings_of(load_scenario(name).seed, asked.scale, asked.changes)
    assert len(measured) == len(asked.lines)
    assert [
        x for x, one in zip(measured, asked.lines, strict=True) if not is_of(one.words, x)
    ] == []


def test_a_block_stands_below_the_prose_and_is_replaced() -> None:
    made = block(settings_of(3, 0.5, ("clock.duration=1 d",)), ["coders: 12 k", LONG])
    text = with_block(TEXT, made)
    assert text.splitlines()[2:6] == [
        "# Shows: little.",
        HEAD,
        "#   with seed 3, scale 0.5, clock.duration=1 d",
        "#   coders: 12 k",
    ]
    assert text.splitlines()[7].startswith("#     ")
    assert all(len(one) <= 100 for one in text.splitlines())
    assert block_of(text) == made
    assert measured_of(text)[1:] == ["coders: 12 k", LONG]
    assert with_block(text, block("with seed 4", [])).splitlines() == [
        *TEXT.splitlines()[:3],
        HEAD,
        "#   with seed 4",
        *TEXT.splitlines()[3:],
    ]
    assert block_of(TEXT) == measured_of(TEXT) == []


def test_a_line_is_told_by_its_words() -> None:
    assert is_of("{} of the tasks, {} exchanges", "4.5 % of the tasks, 1,200 exchanges")
    assert is_of("{} of the tasks, {} exchanges", "0 % of the tasks, 12.5 M exchanges")
    assert not is_of("{} of the tasks, {} exchanges", "4.5 % of the tasks, 1,200 calls")
    assert not is_of("{} of the tasks", "4.5 % of the tasks, 1,200 exchanges")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *((0, "0"), (0.637, "0.637"), (1, "1"), (8.123, "8.12"), (52.34, "52.3")),
        *((543.2, "543"), (7674, "7,674"), (9999.4, "9,999"), (10_000, "10 k"), (163_400, "163 k")),
        *((999_499, "999 k"), (999_500, "1 M"), (12_480_000, "12.5 M"), (151e6, "151 M")),
    ],
)
def test_numbers_in_words(value: float, words: str) -> None:
    assert number_words(value) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0, "0 %"),
        (0.00123, "0.12 %"),
        (0.0449, "4.5 %"),
        (0.099, "9.9 %"),
        (0.42, "42 %"),
        (1, "100 %"),
    ],
)
def test_shares_in_words(share: float, words: str) -> None:
    assert percent_words(share) == words


def test_a_copy_counts_as_the_actor_that_it_is_a_copy_of() -> None:
    actors = ("bulk-2", "coders")
    assert [named(x, actors) for x in ("coders", "bulk-2", "bulk-2-1")] == [
        "coders",
        "bulk-2",
        "bulk-2",
    ]


def test_measures_are_those_of_the_run(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    scenario = load_scenario(tmp_path / "small.yaml")
    run(scenario, tmp_path / "run")
    measured = MeasuredRun(tmp_path / "run", scenario, ("coders", "bulk-2"))

    rows = log_with_truth(tmp_path / "run")
    rows = rows[rows["actor_id"].isin(["coders", "bulk-2-1", "bulk-2-2"])]
    bulk = rows[rows["actor_id"].str.startswith("bulk")]
    tasks = read(tmp_path / "run", "truth/tasks")
    finished = (tasks[tasks["actor_id"] == "coders"]["state"] == "finished").mean()
    expected = {
        counted("C1"): number_words(len(rows)),
        counted("C1", "bulk-2"): number_words(len(bulk)),
        counted("C1", "bulk-2", share=0.5): number_words(2 * len(bulk)),
        ratio("C1", "C2", "bulk-2"): number_words(len(bulk) / (bulk["http_status"] == 200).sum()),
        number("count(*)", of("bulk-2")): number_words(len(bulk)),
        number("count(*)", "hour = 3"): number_words((rows["ts_start"].dt.hour == 3).sum()),
        percent("http_status = 529"): percent_words((rows["http_status"] == 529).mean()),
        percent("state = 'finished'", of("coders"), "tasks"): percent_words(finished),
        percent_of_sum("output_tokens", "input_tokens_total", of("bulk-2")): percent_words(
            bulk["output_tokens"].sum() / bulk["input_tokens_total"].sum()
        ),
    }
    assert len(bulk) > 50
    for value, words in expected.items():
        assert value(measured) == words
    both = line("{} of coders, {} of bulk-2", counted("C6", "coders"), counted("C6", "bulk-2"))
    assert is_of(both.words, both.of(measured))


def test_the_command_writes_and_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = shipped_scenarios()["worked_example"].read_text(encoding="utf-8")
    file = tmp_path / "worked_example.yaml"
    file.write_text(with_block(shipped, ["# stale"]).replace("# stale", f"{HEAD}\n#   stale"))
    monkeypatch.setattr(
        "tools.scenario_outcomes.__main__.shipped_scenarios", lambda: {"worked_example": file}
    )

    def said(*words: str) -> tuple[int, str]:
        result = CliRunner().invoke(main, ["-j1", *words])
        return result.exit_code, result.output

    code, output = said("--check")
    assert (code, output.splitlines()[:2]) == (1, ["worked_example: differs", "- #   stale"])
    assert "stale" in file.read_text(encoding="utf-8")
    assert said()[0] == 0
    assert "stale" not in file.read_text(encoding="utf-8")
    assert said("--check", "worked_example") == (0, "worked_example: as it was\n")
    code, output = said("none")
    assert (code, output.splitlines()[-1]) == (
        2,
        "Error: no such scenario: none; see sim list scenarios",
    )
