"""The keys `library` and `library_tilt` of actors, from the file to the run."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.entities.behaviour import behaviours_of, scaffold_of
from sim.scenario import load_scenario
from tests.support.commands import refused, sim

HEAD = """version: 1
name: recorded
title: Recorded sessions
seed: 3
clock: {start: 2026-02-02, duration: 2 d}
actors:
  - id: coders
    typology: L01
    accounts: 20
"""


def written(tmp_path: Path, *keys: str) -> Path:
    path = tmp_path / "recorded.yaml"
    path.write_text(HEAD + "".join(f"    {key}\n" for key in keys))
    return path


def library_of(path: Path, agent: str = "coding-cli") -> str | None:
    [actor] = load_scenario(path).actors
    return scaffold_of(actor, agent).library


@pytest.mark.parametrize(
    ("keys", "library"),
    [
        ((), "claude-code"),
        (("library: none",), None),
        (("library: claude-code",), "claude-code"),
        (("agentic_share: 0.3",), None),
        (("output_tokens: 200",), None),
        (("library: none", "human_gap_s: 30"), None),
        (("thinking_share: 0.3",), "claude-code"),
    ],
)
def test_recorded_sessions_unless_dials_are_given(
    keys: tuple[str, ...], library: str | None, tmp_path: Path
) -> None:
    assert library_of(written(tmp_path, *keys)) == library


def test_an_actor_may_give_every_agent_the_same_recorded_sessions(tmp_path: Path) -> None:
    agents = "agents: {coding-cli: 0.5, chat: 0.5}"
    assert library_of(written(tmp_path, agents), "chat") is None
    assert library_of(written(tmp_path, agents, "library: claude-code"), "chat") == "claude-code"


def test_modes_have_the_sessions_of_their_agents(tmp_path: Path) -> None:
    path = written(tmp_path, "separability: 0.5", "agentic_share: 0.3")
    own, *modes = behaviours_of(load_scenario(path).actors[0])
    assert scaffold_of(own, "coding-cli").library is None
    person = next(mode for mode in modes if mode.agents == {"coding-cli": 1.0})
    assert scaffold_of(person, "coding-cli").library == "claude-code"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            ("library: claude-code", "tool_steps: 3", "agentic_share: 1"),
            "recorded.yaml:10:14: actors.coders.library: the sessions of 'claude-code' decide "
            "agentic_share, tool_steps; leave out either the library or these",
        ),
        (
            ("library: claude-cod",),
            "recorded.yaml:10:14: actors.coders.library: unknown library 'claude-cod'; did you "
            "mean 'claude-code'?",
        ),
        (
            ("library_tilt: {pause: 9}",),
            "recorded.yaml:10:27: actors.coders.library_tilt.pause: should be at most 5, found 9",
        ),
    ],
)
def test_what_cannot_be_is_said(keys: tuple[str, ...], message: str, tmp_path: Path) -> None:
    said = refused(sim("check", str(written(tmp_path, *keys))))
    assert said.replace(f"{tmp_path}/", "").strip() == message


def test_the_resolved_form_says_what_holds(tmp_path: Path) -> None:
    def shown(*keys: str) -> str:
        found = sim("show", str(written(tmp_path, *keys)))
        assert found.exit_code == 0, found.output
        return found.stdout

    assert "# library: as each agent has it" in shown()
    assert "library: none" in shown("tool_steps: 3")
    assert "library: claude-code" in shown("library: claude-code", "library_tilt: {pause: 0.5}")
