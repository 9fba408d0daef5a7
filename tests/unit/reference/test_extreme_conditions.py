"""Both engines agree where events multiply to more than 64 bits hold."""

from __future__ import annotations

from typing import Any

import pytest

from sim import load_scenario
from sim.world.carry_out import carry_out
from tests.support.reference import differences

SLOW = [{"kind": "incident", "at": "3 h", "lasts": "2 h", "slowdown": 1_000}] * 4
GENEROUS = [{"kind": "limits", "at": "1 h", "lasts": "2 h", "factor": 1_000}] * 4
# no common divisor with a minute: units are as small as can be
FRACTION = [{"kind": "limits", "at": "1 h", "lasts": "3 h", "factor": 999.9999999}]
MEAGRE = [{"kind": "limits", "at": "2 h", "lasts": "1 h", "factor": 1e-9}] * 3
CODERS = {"typology": "L01", "accounts": 30, "organisations": 3, "library": "none"}
LABORATORY = {
    "typology": "L04",
    "accounts": 2,
    "benchmark": "terminal-bench-core",
    "runs": 1,
    "workers": 6,
    "starts": "150 min",
}
EVENTS = {
    "slow": SLOW,
    "generous": GENEROUS,
    "a fraction": FRACTION,
    "all at once": [*SLOW, *GENEROUS, *FRACTION, *MEAGRE],
}


@pytest.mark.parametrize("tier", ["scale", "none"])
@pytest.mark.parametrize("events", EVENTS)
def test_engines_agree_where_events_multiply(events: str, tier: str) -> None:
    document: dict[str, Any] = {
        "version": 1,
        "name": "extreme",
        "title": "Events that multiply",
        "seed": 64,
        "clock": {"start": "2026-07-06T12:00:00Z", "duration": "8 h"},
        "world": {"burst": 10, "events": EVENTS[events]},
        "actors": [
            {"id": "coders", "tier": tier, **CODERS},
            {"id": "laboratory", "tier": tier, **LABORATORY},
        ],
    }
    lines, seen = differences(load_scenario(document))
    assert not lines, "\n".join(lines[:5])
    assert seen["attempts"] > 300
    assert (seen["status 499"] > 10) == (EVENTS[events][0] in SLOW)
    assert len(getattr(carry_out, "signatures", [0])) == 1
