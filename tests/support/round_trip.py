"""A scenario whose dials are known, to be found again from its log."""

from __future__ import annotations

from typing import Any

DIALS: dict[str, Any] = {
    "turns_per_session": {"single_share": 0.3, "more": {"lognormal": {"median": 5, "sigma": 0.5}}},
    "agentic_share": 0.6,
    "tool_steps": {"lognormal": {"median": 4, "sigma": 0.7}},
    "human_gap_s": {"lognormal": {"median": 90, "sigma": 1}},
    "output_tokens": {"lognormal": {"median": 250, "sigma": 0.8}},
}
SCAFFOLD: dict[str, Any] = {
    "base_context_tokens": {"lognormal": {"median": 20_000, "sigma": 0.2}},
    "append_tokens": {"lognormal": {"median": 400, "sigma": 1}},
    "user_append_tokens": {"lognormal": {"median": 120, "sigma": 0.8}},
    "tool_time_s": {"lognormal": {"median": 6, "sigma": 1}},
    "dropped_share": 0.25,
}
# Nothing special happens: no refusal, no cut, no second context.
_PLAIN = dict.fromkeys(
    (
        "refusal_share",
        "several_choices_share",
        "prewarm_share",
        "server_tools_share",
        "sub_agent_share",
        "batch_share",
        "thinking_share",
        "dormant_share",
        "drift_sigma",
        "waves_sigma",
    ),
    0,
)


def scenario(accounts: int, days: int, **more: Any) -> dict[str, Any]:
    """Coding users with the dials above and those of `more`; no limits, no failures, no rhythm."""
    actor = {
        "id": "coders",
        "typology": "L01",
        "accounts": accounts,
        "agents": {"coding-cli": 1.0},
        "tier": "none",
        "rhythm": "none",
        "exchanges_per_account_day": 60,
        "account_volume_sigma": 0.5,
        **_PLAIN,
        **more,
    }
    return {
        "version": 1,
        "name": "known",
        "seed": 5,
        "clock": {"start": "2026-03-02", "duration": f"{days} d"},
        "world": {"overload": 0, "server_error": 0},
        "actors": [actor],
    }
