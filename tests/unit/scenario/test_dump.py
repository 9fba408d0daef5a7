"""The resolved scenario as YAML for people: units, notes, and quoting."""

from __future__ import annotations

import pytest

from sim.documents.strict_yaml import parse_yaml
from sim.scenario import dump_resolved, load_scenario
from sim.scenario.resolved import Scenario
from tests.support.scenarios import DAY_US, coders, event, lab, ordinary, pool, scenario


def lines_of(asked: Scenario) -> list[str]:
    return dump_resolved(asked).splitlines()


@pytest.fixture(scope="module")
def lines() -> list[str]:
    world = ordinary(
        event("limits", 0, factor=0.5), event("release", DAY_US, model="claude-opus-4")
    )
    return lines_of(scenario(coders(2), lab(), pool(3), days=2, world=world))


@pytest.mark.parametrize(
    "line",
    [
        "  duration_us: 172800000000  # 2 d",
        "      at_us: 0  # 0 s",
        "      # until_us: to the end of the log",
        "    # organisations: each account has its own",
        "    # lasts_us: to the end of the log",
        "    # starts_us: in progress when the log opens",
        "    # step_limit: the limit of the measurement",
        "    - kind: limits",
        "  - id: coders",
        "    target_exchanges: 4000  # answered exchanges (C2)",
    ],
)
def test_lines_say_units_and_what_is_left_out(lines: list[str], line: str) -> None:
    assert line in lines or line in [text.split("  #")[0] for text in lines]


def test_the_hour_of_the_peak_says_whose_time_it_is(lines: list[str]) -> None:
    peaks = [line.split("#")[1] for line in lines if line.startswith("      peak_hour:")]
    assert peaks == [" hour, local time of each account", " hour, UTC", " hour, UTC"]


def test_without_events_the_list_is_empty() -> None:
    assert "  events: []" in lines_of(scenario(coders(2), world=ordinary()))


@pytest.mark.parametrize(
    "text",
    [
        "plain-text_1.5",
        "no",
        "On",
        "1e6",
        "null",
        "true",
        "",
        "two words",
        "a: b",
        'quo"te',
        "line\nbreak",
        "\x85\u2028\ufeff",
        "ü",
        "-x",
    ],
)
def test_every_title_is_read_back_as_it_was(text: str) -> None:
    asked = load_scenario("worked_example", seed=1).model_copy(update={"title": text})
    dumped = dump_resolved(asked)
    read = parse_yaml(dumped, "dump")
    assert read.problems == []
    assert read.data["title"] == text
    assert Scenario.from_dict(read.data) == asked
    [line] = [line for line in dumped.splitlines() if line.startswith("title:")]
    assert (line == f"title: {text}") == (text == "plain-text_1.5")
