"""Which limits hold: by the clock, or as a scenario says."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from sim.errors import InvalidInputError
from sim.scenario import Scenario, dump_resolved, load_scenario
from sim.scenario.resolved import RateLimits

BASE = """version: 1
name: limited
seed: 1
clock: {{start: {start}, duration: 1 d}}
{world}
actors: [{{id: a, typology: L01, accounts: 2, tier: tier-1}}]
"""


def asked(place: Path, start: str = "2026-02-02", limits: str = "") -> Scenario:
    world = f"world: {{limits: {limits}}}" if limits else ""
    path = place / "limited.yaml"
    path.write_text(BASE.format(start=start, world=world))
    return load_scenario(path)


@pytest.mark.parametrize(
    ("start", "limits", "as_of", "output"),
    [
        ("2026-02-02", "", date(2026, 2, 2), "as_generated"),
        ("2025-12-31T23:30:00-02:00", "", date(2026, 1, 1), "as_generated"),
        ("2025-03-03", "", date(2025, 3, 3), "up_front"),
        ("2026-02-02", "{output: up_front}", date(2026, 2, 2), "up_front"),
        ("2026-02-02", "{as_of: 2025-03-03}", date(2025, 3, 3), "up_front"),
        ("2025-03-03", "{as_of: 2026-07-01}", date(2026, 7, 1), "as_generated"),
        (
            "2025-03-03",
            "{as_of: 2024-01-01, output: as_generated}",
            date(2024, 1, 1),
            "as_generated",
        ),
    ],
)
def test_limits_are_those_of_the_clocks_start_but_for_what_a_scenario_says(
    tmp_path: Path, start: str, limits: str, as_of: date, output: str
) -> None:
    found = asked(tmp_path, start, limits)
    assert found.world.limits == RateLimits.model_validate({"as_of": as_of, "output": output})
    assert Scenario.from_dict(found.to_dict()) == found
    assert f'as_of: "{as_of}"' in dump_resolved(found)


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (
            "{output: upfront}",
            "26: world.limits.output: should be one of up_front, as_generated; "
            "found text 'upfront'",
        ),
        (
            "{as_of: 2026-02-30}",
            "25: world.limits.as_of: not a date of the calendar: '2026-02-30' "
            "(day is out of range for month)",
        ),
        (
            "{as_of: 12}",
            "25: world.limits.as_of: should be a date or a time, such as 2026-02-05 or "
            "2026-02-05T08:00:00Z (UTC); found 12",
        ),
        ("{rule: up_front}", "18: world.limits: unknown key 'rule'; allowed: as_of, output"),
        ("as_generated", "17: world.limits: should be a mapping; found text 'as_generated'"),
    ],
)
def test_what_cannot_hold_is_refused(tmp_path: Path, limits: str, message: str) -> None:
    with pytest.raises(InvalidInputError) as raised:
        asked(tmp_path, limits=limits)
    assert str(raised.value) == f"{tmp_path}/limited.yaml:5:{message}"


def test_what_holds_is_said_in_a_few_words(tmp_path: Path) -> None:
    assert asked(tmp_path).world.limits.summary() == (
        "limits as of 2026-02-02, output counted as generated"
    )
    old = asked(tmp_path, start="2025-03-03").world.limits
    assert old.summary() == "limits as of 2025-03-03, output taken up front"
