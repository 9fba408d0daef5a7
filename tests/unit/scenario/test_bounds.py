"""What is too large, too many or too long: said at once, by name, before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim.cli.group import OUT_OF_MEMORY, report_error
from sim.distributions import Distribution
from sim.documents.bounds import MOST_SECONDS, UpTo
from sim.documents.quantities import parse_duration
from sim.engine import memory
from sim.errors import InvalidInputError
from sim.replicates.summary import _estimate
from sim.scenario import checks, load_scenario
from tests.support.commands import sim
from tools.measure_memory import CASES, foreseen, taken

HEAD = "version: 1\nname: big\nseed: 7\nclock: {start: 2026-02-02, duration: 1 h}\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Writes a scenario of one actor, or of the text given, into an empty current folder."""
    monkeypatch.chdir(tmp_path)

    def written(actor: str, more: str = "") -> str:
        Path("big.yaml").write_text(
            f"{HEAD}{more}actors:\n- {{id: a, {actor}}}\n", encoding="utf-8"
        )
        return "big.yaml"

    return written


@pytest.mark.verify
@pytest.mark.parametrize("case", ["accounts", "people", "exchanges"])
def test_memory_is_foreseen_within_a_factor_of_two(case: str) -> None:
    assert case in CASES
    assert 0.5 < taken(case) / foreseen(case) < 2


@pytest.mark.parametrize("options", [["-n"], ["-o", "out"]])
def test_accounts_that_do_not_fit_are_refused_before_any_is_made(
    options: list[str], file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 16 * 10**9)
    result = sim("run", file("typology: L01, accounts: 1e9"), *options)
    assert result.exit_code == 2
    assert result.stderr == (
        "actors.a.accounts: 1,000,000,000 accounts in all need about 1,500 GB; "
        "this machine has 16 GB free; lower accounts or scale\n"
    )
    assert [p.name for p in Path().iterdir()] == ["big.yaml"]


def test_people_that_do_not_fit_are_refused_before_anything_is_written(
    file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available_bytes", lambda: 16 * 10**9)
    place = file("typology: L08, accounts: 10, end_users: 2e9")
    for verb in (
        ("run", place, "-o", "out"),
        ("run", place, "-n"),
        ("replicate", place, "-r", "1"),
    ):
        result = sim(*verb)
        assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
        assert "actors.a: simulating 20,000,000,000 end users needs about 2,300 GB" in result.stderr
    assert [p.name for p in Path().iterdir()] == ["big.yaml"]


def test_a_shard_has_no_more_tasks_than_can_be_numbered(file: Any) -> None:
    result = sim("run", file("typology: A16, accounts: 1, target_exchanges: 1e12"), "-n")
    assert result.exit_code == 2
    assert result.stderr.startswith("actors.a: 1,000,000,000,000 exchanges of accounts that share")


def test_memory_of_a_control_group_is_what_its_limit_leaves(tmp_path: Path) -> None:
    for name, text in (("max", "1000"), ("now", "700"), ("memory.stat", "inactive_file 50\n")):
        (tmp_path / name).write_text(text, encoding="ascii")
    assert memory._of_group(str(tmp_path / "max"), str(tmp_path / "now")) == 350
    (tmp_path / "max").write_text("max", encoding="ascii")
    assert memory._of_group(str(tmp_path / "max"), str(tmp_path / "now")) is None
    assert (memory.available_bytes() or 1) > 0


def test_running_out_of_memory_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    error = np._core._exceptions._ArrayMemoryError((10**15,), np.dtype("f8"))  # type: ignore[attr-defined]
    for raised in (MemoryError(), error):
        assert report_error(raised) == 1
        assert capsys.readouterr().err == f"{OUT_OF_MEMORY}\n"


def test_whatever_the_resolved_form_refuses_has_a_place(
    file: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even what no check knows of: here the one that does is taken out."""
    monkeypatch.setattr(checks, "_answers_to_alerts", lambda _: iter(()))
    place = file("typology: L01, accounts: 1", "world: {enforcement: {step_up_share: 0.9}}\n")
    with pytest.raises(InvalidInputError) as caught:
        load_scenario(place)
    assert str(caught.value) == (
        "big.yaml:5:22: world.enforcement: rate_limit_share and step_up_share should add up to at "
        "most 1"
    )


def test_tails_are_cut_off_where_a_key_ends() -> None:
    wide = Distribution.model_validate({"lognormal": {"median": 1, "sigma": 10}})
    cut = UpTo(MOST_SECONDS).check(wide)
    assert cut.sample(np.random.default_rng(0), 200_000).max() == MOST_SECONDS
    narrow = Distribution.model_validate({"lognormal": {"median": 1, "sigma": 1}})
    assert UpTo(MOST_SECONDS).check(narrow) == narrow


def test_endless_pauses_end_with_the_longest_clock(file: Any, recwarn: Any) -> None:
    place = file("typology: G14, accounts: 9, human_gap_s: {lognormal: {median: 1, sigma: 10}}")
    assert sim("run", place, "-n", "-j", "1").exit_code == 0
    assert not [w for w in recwarn if issubclass(w.category, RuntimeWarning)]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7 days", 604_800),
        ("2 hours", 7_200),
        ("1h30m", 5_400),
        ("1 h 30 min", 5_400),
        ("2 days 12 hours", 216_000),
        ("1 week 1 day 1 hour 1 minute 1 second", 694_861),
        ("1 h 5 ms", 3_600.005),
        ("1.5 minutes", 90),
    ],
)
def test_durations_as_people_write_them(text: str, seconds: float) -> None:
    assert parse_duration(text) == round(seconds * 1e6)


@pytest.mark.parametrize("text", ["30m", "1 d 30 m", "30 min 1 h", "1h30", "1 h ", "1 h  5 s", ""])
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="should be a duration"):
        parse_duration(text)


def test_of_many_faults_the_first_are_shown(file: Any) -> None:
    place = file("typology: L01, accounts: 1", "".join(f"key{k:04}: 1\n" for k in range(500)))
    result = sim("check", place)
    lines = result.stderr.splitlines()
    assert (result.exit_code, len(lines)) == (2, 21)
    assert lines[0].startswith("big.yaml:5:1: unknown key 'key0000'")
    assert lines[-1] == "and 480 more"


def test_long_names_and_keys_are_refused_in_short(file: Any) -> None:
    long = "a" * 5_000
    for verb in (["check", long], ["show", long], ["run", long], ["compare", "--claims", long]):
        result = sim(*verb)
        assert (result.exit_code, len(result.stderr) < 300) == (2, True)
    place = file("typology: L01, accounts: 1")
    result = sim("show", place, "--set", ".".join(["a"] * 3_000) + "=1")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.endswith("...: a key of 3,000 parts; it has at most 40\n")
    result = sim("show", place, "--set", f"name={long}", "--set", f"actors.a.{long}=1")
    assert (result.exit_code, len(result.stderr) < 4_000) == (2, True)


def test_a_target_that_is_overshot_is_said(file: Any) -> None:
    place = file("typology: A16, accounts: 2, target_exchanges: 1, tool_steps: 9, agentic_share: 1")
    result = sim("run", place, "-o", "out", "-q", "--json")
    (actor,) = json.loads(result.stdout)["actors"]
    assert actor["overshoot"] == actor["achieved"] - 1 > 0
    assert actor["shortfall"] == 0
    assert result.stderr == (
        f"warning: a: {actor['achieved']} answered exchanges were done where 1 were requested "
        f"({actor['achieved']:.1%}); the last task is not cut short: give it a target of many "
        "tasks, or shorter ones (tool_steps)\n"
    )


def test_no_interval_of_a_count_begins_below_nothing() -> None:
    estimate = _estimate("a", "C1", "exchanges", np.array([0.0, 0.0, 9.0]), 0.95)
    assert (estimate.low, estimate.mean) == (0.0, 3.0)
    assert np.isnan(_estimate("a", "C1", "exchanges", np.array([1.0]), 0.95).low)


def test_a_dry_run_weighs_pilots_and_names_what_it_did_not_try(file: Any) -> None:
    """A quiet actor says nothing of a laboratory a million times as busy."""
    more = "clock: {start: 2026-02-02, duration: 28 d}\n"
    place = file("typology: L01, accounts: 1, exchanges_per_account_day: 0.001")
    text = Path(place).read_text(encoding="utf-8").replace(HEAD.splitlines()[3] + "\n", more)
    text += (
        "- {id: lab, typology: L04, accounts: 1, benchmark: swe-bench-verified, "
        "agent: mini-swe-agent, model: claude-opus-4.5, runs: 200, workers: 400, starts: 0 s}\n"
    )
    Path(place).write_text(text, encoding="utf-8")
    result = sim("run", place, "-n", "-j", "1")
    assert result.exit_code == 0
    last = result.stdout.splitlines()[-1]
    assert (
        last == "estimated from 1 shard that was simulated to find out; not tried as a whole: lab"
    )
    plan = json.loads(sim("run", place, "-n", "-j", "1", "--json").stdout)
    assert plan["not_tried"] == ["lab"]
    assert 2e6 < plan["exchanges"] < 2e7
    assert plan["disk_bytes"] > 1e8
    assert plan["seconds"] > 10


@pytest.mark.parametrize(
    "call",
    [
        "run worked_example -j 1000000",
        "replicate worked_example -r 1000000000000000000000",
        "replicate worked_example --only 99999999999999999999",
        "replicate worked_example --confidence nan",
        "compare --draws 1000000000000",
        "compare --seed 99999999999999999999999999",
        "show worked_example --seed 99999999999999999999999",
        "show worked_example --scale nan",
        "show worked_example --scale 1e308",
    ],
)
def test_options_have_largest_values(call: str) -> None:
    result = sim(*call.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error" not in result.stderr.splitlines()[-1].split(":")[0]
