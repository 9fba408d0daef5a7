"""What is fitted to a trace, what is said of it, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

import sim
from sim.calibration.calibrate import fit_trace
from sim.calibration.dials import distance_of, fitted
from sim.calibration.dropped import left_out
from sim.calibration.form import read_calibration
from sim.calibration.quantities import quantities_of
from sim.calibration.rates import rates_of
from sim.traces import Trace, read_trace


def trace_of(**columns: object) -> Trace:
    return Trace("made", pd.DataFrame(columns), 1.0, "0" * 64)


# --- measuring

SESSION = {
    "session": [0, 0, 0, 0, 1],
    "t_s": [0.0, 10, 30, 200, 0],
    "input_tokens": [1_000, 1_300, 1_200, 1_500, 900],
    "output_tokens": [100, 50, 200, 10, 5],
}


def test_quantities_of_a_small_trace() -> None:
    found = quantities_of(trace_of(**SESSION, service_time_s=[4.0, 25, 10, 1, 1]))
    assert found.base_context_tokens.tolist() == [1_000, 900]
    assert found.append_tokens.tolist() == [200, 0]  # the second shrank: 1,200 - 1,300 - 50 < 0
    assert found.user_append_tokens.tolist() == [100]
    assert found.tool_time_s.tolist() == [6, 0]  # the third came before the answer
    assert found.human_gap_s.tolist() == [160]
    assert found.tool_steps.tolist() == [2]
    assert (found.turns.tolist(), found.calls.tolist()) == ([2, 1], [4, 1])
    assert found.agentic_share == pytest.approx(1 / 3)
    assert found.dropped_share == pytest.approx(1 / 3)


def test_who_starts_a_call_is_taken_from_the_trace() -> None:
    flags = [True, False, True, False, True]
    found = quantities_of(trace_of(**SESSION, opens_turn=flags))
    assert found.turns.tolist() == [2, 1]
    assert found.human_gap_s.tolist() == [20]


def test_a_compaction_is_no_growth() -> None:
    columns = {**SESSION, "input_tokens": [90_000, 91_000, 9_000, 9_500, 900]}
    found = quantities_of(trace_of(**columns))
    assert found.append_tokens.tolist() == [900]
    assert found.compacted_share == pytest.approx(1 / 3)


@pytest.mark.parametrize("share", [0.0, 0.12, 0.5, 0.9])
def test_the_share_of_answers_that_are_left_out_is_found(share: float) -> None:
    rng = np.random.default_rng(3)
    new, output = (np.rint(rng.lognormal(mu, 1, 5_000)) for mu in (6, 5.3))
    is_out = rng.random(5_000) < share
    found = left_out(new + np.where(is_out, 0, output), output)
    assert found.mean() == pytest.approx(share, abs=0.06)


def test_fitted_quantiles_are_those_of_the_values() -> None:
    values = np.random.default_rng(0).lognormal(5, 1, 20_000)
    law = fitted(values, "s")
    assert law is not None
    assert distance_of(law, values, "s") < 0.02
    assert distance_of(law, 2 * values, "s") > 0.2  # a test that can fail
    assert law.mean() == pytest.approx(values.mean(), rel=0.03)
    assert fitted(values[:4], "s") is None


def test_rates_of_a_poisson_process_and_of_one_with_a_course() -> None:
    rng = np.random.default_rng(1)
    even = np.sort(rng.uniform(0, 86_400, 50_000))
    assert rates_of(trace_of(t_s=even))["rate_cv_600s"] < 0.02
    uneven = even[rng.random(len(even)) < 0.5 * (1 + np.sin(even / 13_751))]
    assert rates_of(trace_of(t_s=uneven))["rate_cv_600s"] == pytest.approx(0.5**0.5, rel=0.1)


# --- what is written, and said


@pytest.mark.parametrize("name", ["claude_code", "azure_code", "mini_swe_agent"])
def test_the_file_says_all_that_was_fitted(name: str, tmp_path: Path) -> None:
    made = sim.calibrate(name, tmp_path / "params.yaml", kind="dials")
    assert made.trace.name == name
    assert read_calibration(str(tmp_path / "params.yaml")).calibration == made
    again = sim.calibrate(name, tmp_path / "again.yaml", kind="dials")
    assert again == made
    same = [(tmp_path / f"{x}.yaml").read_bytes() for x in ("params", "again")]
    assert same[0] == same[1]
    assert made.trace.sha256 == read_trace(name).sha256


def test_the_held_out_part_of_claude_code_is_near_the_fit() -> None:
    figures = {f.quantity: f.ks for f in sim.calibrate("claude_code", kind="dials").figures}
    assert set(figures) == {
        *("output_tokens", "base_context_tokens", "append_tokens", "user_append_tokens"),
        *("tool_time_s", "human_gap_s", "tool_steps", "turns", "calls"),
    }
    assert max(figures.values()) < 0.15


def whys(trace: Trace, kind: str = "dials") -> dict[str, str]:
    made = fit_trace(trace, kind).calibration  # type: ignore[arg-type]
    return {entry.what: entry.why for entry in made.not_identified}


def trace_of_sessions() -> Trace:
    """Eight sessions of four calls whose contexts are cut."""
    rng = np.random.default_rng(0)
    calls = pd.DataFrame(SESSION).head(4)
    parts = [calls.assign(session=k, input_tokens=rng.integers(100, 9_000, 4)) for k in range(8)]
    return Trace("made", pd.concat(parts, ignore_index=True), 1.0, "0" * 64)


def test_what_a_trace_without_sessions_cannot_tell() -> None:
    said = whys(read_trace("azure_code"))
    assert said["turns, growth of contexts, pauses of people and tools"] == (
        "no column session: each call counts as a conversation of its own"
    )
    assert said["exchanges_per_account_day, account_volume_sigma"] == (
        "no column client: calls of different accounts are not told apart"
    )
    assert said["rhythm, lifetimes, drift"] == "0.95 h are too short to tell a daily course"
    assert said["use of the prompt cache"] == "no column prefix_tokens: keeps the agent's share"


def test_what_a_trace_of_sessions_cannot_tell() -> None:
    said = whys(read_trace("mini_swe_agent"))
    assert said["tool_time_s, human_gap_s"] == (
        "no column service_time_s: pause and answer are one; a run adds the time of its own "
        "answers, so its calls come later than in the trace"
    )
    assert said["who starts a call"] == (
        "no column opens_turn: after a pause of 60 s a person is taken to"
    )
    of_claude = whys(read_trace("claude_code"))
    assert of_claude["pauses below 1 s"] == "times are whole multiples of 1 s"
    assert (
        of_claude["exchanges_per_account_day, account_volume_sigma, rates, rhythm, drift"]
        == "times begin anew in each session, so nothing is known of when sessions begin"
    )
    together = "which calls go together, and when contexts are compacted"
    assert together in of_claude
    assert together not in whys(trace_of_sessions(), "library")


def test_agents_are_the_nearest_to_the_trace() -> None:
    names = ("claude_code", "azure_chat", "azure_code", "mini_swe_agent")
    agents = [sim.calibrate(name, kind="dials").agent for name in names]
    assert agents == ["coding-cli", "chat", "api-script", "mini-swe-agent"]


# --- what is refused


def test_calls_that_make_no_sense(tmp_path: Path) -> None:
    trace = tmp_path / "t.csv"
    trace.write_text("t_s,input_tokens,output_tokens\n" + "1,2,3\n9,2,3\n" * 40)
    for arguments, message in (
        ({"kind": "both"}, "kind: found 'both'; allowed: library, dials"),
        ({"agent": "chatt"}, "unknown agent 'chatt': did you mean chat?"),
        (
            {"kind": "library"},
            f"{trace}: a library needs the column session; add it, or fit dials (--as dials)",
        ),
        (
            {"out": tmp_path},
            f"--out: {tmp_path} is a folder; name a file, such as params.yaml",
        ),
        (
            {"out": trace},
            f"--out: {trace} and its library would take the place of the trace; choose another "
            "name",
        ),
    ):
        with pytest.raises(sim.InvalidInputError) as error:
            sim.calibrate(trace, **arguments)
        assert str(error.value) == message


def test_a_library_that_is_not_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    sim.calibrate("mini_swe_agent", path)
    library = tmp_path / "params.parquet"
    library.write_bytes(library.read_bytes() + b"x")
    with pytest.raises(sim.InvalidInputError) as error:
        read_calibration(str(path))
    assert str(error.value) == (
        f"{path}: library.sha256: {library} has changed since the calibration; run `sim calibrate` "
        "again"
    )
    library.unlink()
    with pytest.raises(sim.InvalidInputError, match=r"params.parquet cannot be read: No such file"):
        read_calibration(str(path))


def test_all_faults_of_a_calibration_at_once(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    sim.calibrate("azure_code", path)
    values = yaml.safe_load(path.read_text())
    values["version"] = 2
    values["actor"]["human_gap"] = 5
    values["scaffold"]["append_tokens"] = "many"
    path.write_text(yaml.safe_dump(values))
    with pytest.raises(sim.InvalidInputError) as error:
        read_calibration(str(path))
    said = str(error.value)
    assert "version: should be 1, the only version of the format; found 2" in said
    assert "actor: unknown key 'human_gap'; did you mean 'human_gap_s'?" in said
    assert "scaffold.append_tokens: should be a number, or a mapping with one of" in said
