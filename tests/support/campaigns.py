"""Small campaigns and what the provider does about them, for tests."""

from __future__ import annotations

from typing import Any

from sim.documents.strict_yaml import parse_yaml
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario
from tests.support.scenarios import calm, simulated

# Every alert is soon a ban: nothing is verified, limited or reviewed first.
HARSH = (
    "{rule_rate_per_day: 0, noise_rate_per_day: 1, rule_delay_h: 0, rate_limit_share: 0, "
    "step_up_share: 1, step_up_h: 0.1, genuine_passes: 0, operator_passes: 0, "
    "appeal_success: 0, sweep_probability: 0}"
)
REPLACES = "operator: {replacement_share: 1, replacement_delay_h: 0.5}"
PLAIN = "tier: none, waves_sigma: 0, batch_share: 0"
# Accounts that are there all the time and always do the same, one session at a time.
STEADY = {
    "lifetime_days": 3_660,
    "dormant_share": 0,
    "ramp_days": 0,
    "drift_sigma": 0,
    "model_change_share": 0,
    "peak_spread_h": 0,
    "night_share": 0,
    "spells_per_day": 0,
    "burst_size": 1,
    "input_spread": 1,
    "output_spread": 1,
}


def steady(more: str) -> str:
    """What makes accounts steady, but for what is said already."""
    return "".join(f", {key}: {value}" for key, value in STEADY.items() if f"{key}:" not in more)


def asked(*actors: str, days: float = 2, seed: int = 5, enforcement: str = "none") -> Scenario:
    """Actors, each as what stands between the braces of its line, in a calm world."""
    lines = "".join(f"  - {{{actor}}}\n" for actor in actors)
    text = (
        f"version: 1\nname: campaigns\nseed: {seed}\n"
        f"clock: {{start: 2026-01-05, duration: {round(days * 24)} h}}\n"
        + (f"world: {{enforcement: {enforcement}}}\n" if enforcement != "none" else "")
        + f"actors:\n{lines}"
    )
    made = scenario_of(parse_yaml(text, "t.yaml"))
    kept = made.world.enforcement
    return made.model_copy(update={"world": calm().model_copy(update={"enforcement": kept})})


def a16(more: str = "", accounts: int = 20, target: int = 1_500) -> str:
    return (
        f"id: pool, typology: A16, accounts: {accounts}, target_exchanges: {target}, "
        f"{PLAIN}{more}{steady(more)}"
    )


def sessions_of(typology: str, more: str = "", accounts: int = 20, per_day: int = 60) -> str:
    return (
        f"id: ring, typology: {typology}, accounts: {accounts}, account_volume_sigma: 0, "
        f"exchanges_per_account_day: {per_day}, {PLAIN}{more}{steady(more)}"
    )


def exchanges(*actors: str, enforcement: str = "none", days: float = 2) -> Any:
    return simulated(asked(*actors, enforcement=enforcement, days=days))[0]
