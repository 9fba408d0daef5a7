"""The verb realism: runs and traces held against a real trace, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

import sim as front
from sim.errors import InvalidInputError
from sim.scorecard import Scorecard
from tests.support.commands import refused, sim
from tests.support.traces import clients_frame, sessions_frame, stream_frame, written


@pytest.fixture(scope="module")
def traces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trace, another of the same law, one of slow gaps, and streams."""
    folder = tmp_path_factory.mktemp("traces")
    written(sessions_frame(1, 120), folder / "real.csv")
    written(sessions_frame(2), folder / "alike.csv")
    written(sessions_frame(3, slower=4.0), folder / "slow.csv")
    written(stream_frame(4), folder / "stream.csv")
    return folder


@pytest.fixture(scope="module")
def alike(traces: Path) -> Scorecard:
    return front.realism(traces / "alike.csv", against=traces / "real.csv")


@pytest.fixture(scope="module")
def slow(traces: Path) -> Scorecard:
    return front.realism(traces / "slow.csv", against=traces / "real.csv")


def test_traffic_of_the_same_law_reaches_the_goals(alike: Scorecard) -> None:
    missed = [score.goal.id for score in alike if not score.passed]
    assert len(missed) <= 4  # of some forty, by chance: the traces are short
    assert not {"g1_windows", "g2_sessions", "gap_p50", "input_ks", "output_ks"} & set(missed)
    assert alike.passes_of_naive < 30 < alike.passes


def test_gaps_that_are_four_times_as_long_fail_and_are_named(slow: Scorecard) -> None:
    for id_ in ("gap_p50", "gap_p90", "gap_ks", "tool_gap_p50", "g1_windows", "g2_sessions"):
        assert not slow[id_].passed, id_
    assert slow["output_ks"].passed
    assert slow["gap_p50"].distance == pytest.approx(1.39, abs=0.25)  # ln 4
    first = slow["g1_windows"].telling[0]
    assert first.name.startswith("gap ")
    assert first.runs_are_higher
    with pytest.raises(front.CheckFailedError, match=r"goals are missed: .*gap_p50"):
        slow.raise_if_failed()


def test_several_runs_have_a_mean_and_an_error(
    traces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.scorecard.scoring.is_installed", lambda: False)
    places = (traces / "alike.csv", traces / "slow.csv")
    card = front.realism(*places, against=traces / "real.csv")
    score = card["gap_p50"]
    assert len(score.distances) == 2
    assert score.distance == pytest.approx(sum(score.distances) / 2)
    assert score.error == pytest.approx(abs(score.distances[0] - score.distances[1]) / 2)
    assert "of 2 runs" in card.to_text()


def test_without_scikit_learn_the_rest_is_scored(
    traces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.scorecard.scoring.is_installed", lambda: False)
    card = front.realism(traces / "alike.csv", against=traces / "real.csv")
    reason = "the classifiers need scikit-learn; `pip install 'llm-traffic-sim[realism]'` brings it"
    assert card["g1_windows"].not_checked == reason
    assert not card["g1_windows"].passed
    assert not card.ok
    assert card["gap_p50"].passed
    assert f"Not checked: {reason}." in " ".join(card.to_text().split())


def test_text_json_page_and_exit_code(
    traces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.scorecard.scoring.is_installed", lambda: False)
    monkeypatch.chdir(traces)
    page = tmp_path / "new" / "page.html"
    result = sim("realism", "slow.csv", "--against", "real.csv", "--check", "--html", str(page))
    assert result.exit_code == 3
    assert " goals are reached (" in result.stdout
    assert "gap within a session, p50" in result.stdout
    where, error = result.stderr.splitlines()
    assert where == f"page: {page}"
    assert error.startswith("realism: ")
    assert "goals are missed: " in error
    text = page.read_text(encoding="utf-8")
    assert text.count("<figure") == 5
    assert "sim realism slow.csv --against real.csv --html page.html" in text

    result = sim("realism", "slow.csv", "--against", "real.csv", "--json", "-q")
    assert (result.exit_code, result.stderr) == (0, "")
    card: dict[str, Any] = json.loads(result.stdout)
    by_id = {score["id"]: score for score in card["scores"]}
    assert (card["workload"], card["form"]) == ("coding", "sessions")
    assert by_id["gap_p50"]["passed"] is False
    assert by_id["g1_windows"]["not_checked"]
    assert card["passes"] == sum(score["passed"] for score in card["scores"])


@pytest.mark.usefixtures("here")
def test_a_run_is_scored_by_the_actors_of_its_class(
    traces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.scorecard.scoring.is_installed", lambda: False)
    result = sim("realism", "out", "--against", str(traces / "real.csv"), "--json")
    assert json.loads(result.stdout)["actors"] == ["coders", "pool"]
    words = ("--against", str(traces / "real.csv"), "--actor", "coders", "--json")
    card = json.loads(sim("realism", "out", *words).stdout)
    assert card["actors"] == ["coders"]
    by_id = {score["id"]: score for score in card["scores"]}
    assert 0 <= by_id["failed_share"]["run"] < 0.5
    log = front.open_run("out").pandas(truth=True)
    ours = log[log["actor_id"] == "coders"]
    assert by_id["failed_share"]["run"] == pytest.approx(
        (ours["http_status"] != 200).mean(), rel=1e-4
    )
    answered = ours[ours["http_status"] == 200]
    assert by_id["output_p50"]["run"] == pytest.approx(answered["output_tokens"].median(), rel=0.2)

    # without truth all calls count, by the conversations that clients name, and by pauses
    shutil.rmtree("out/truth")
    result = sim("realism", "out", "--against", str(traces / "real.csv"), "--json")
    assert json.loads(result.stdout)["actors"] == []


def test_streams_are_compared_at_one_rate(
    traces: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.scorecard.scoring.is_installed", lambda: False)
    run = written(stream_frame(5, rate=5.0, length_s=7_000), tmp_path / "busy.csv")
    card = front.realism(run, against=traces / "stream.csv")
    assert (card.form, card.workload) == ("stream", "chat")
    for id_ in ("gap_cv", "gap_p50", "input_ks", "output_ks", "minutes_p99", "rank_correlation"):
        assert card[id_].passed, id_


def test_clients_that_are_watched_for_days_are_compared_in_windows(tmp_path: Path) -> None:
    trace = written(clients_frame(6), tmp_path / "clients.csv")
    run = written(clients_frame(7), tmp_path / "run.csv")
    card = front.realism(run, against=trace)
    assert (card.form, card.workload) == ("clients", "api")
    for id_ in (
        "client_gap_cv",
        "diurnal_share",
        "client_input_p50",
        "own_input_reach",
    ):
        assert card[id_].passed, id_
    assert card.passes_of_naive < card.passes

    calm = clients_frame(7).iloc[::100]
    with pytest.raises(InvalidInputError, match="has no client with 10 answered calls in ten min"):
        front.realism(written(calm, tmp_path / "calm.csv"), against=trace)


def test_a_trace_that_is_too_short_is_refused(tmp_path: Path) -> None:
    few = written(stream_frame(8, rate=0.1, length_s=900), tmp_path / "few.csv")
    with pytest.raises(
        InvalidInputError, match=r"one of its two parts has \d+ calls in \d+ s; 100"
    ):
        front.realism(few, against=few)
    few = written(sessions_frame(9, 4), tmp_path / "few.csv")
    with pytest.raises(
        InvalidInputError, match=r"one of its two parts has \d sessions; 3 sessions"
    ):
        front.realism(few, against=few)


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("out",),
            "out: holds several classes of work (coding: coders, pool; benchmark: laboratory); "
            "give --against TRACE or --actor ID to say which is scored",
        ),
        (
            ("out", "--actor", "coder", "--against", "claude_code"),
            "out: no actor 'coder'; did you mean 'coders'?; there are coders, laboratory, pool",
        ),
        (
            ("out", "--against", "claude"),
            "claude: no such file, and no shipped trace of this name; did you mean 'claude_code'?",
        ),
        (
            ("out", "--actor", "laboratory", "--against", "azure_chat"),
            "out: has 60 calls in a stretch of the trace's length; at least 100 are needed to be "
            "held against a trace; simulate more accounts, or for longer",
        ),
        (
            ("azure_chat",),
            "azure_chat: a trace does not say what its calls are for; give --against TRACE or "
            "--workload",
        ),
        (("nothing", "--against", "azure_chat"), "nothing: no such folder"),
    ],
)
def test_what_cannot_be_scored_is_refused(words: tuple[str, ...], message: str) -> None:
    assert refused(sim("realism", *words)) == f"{message}\n"


@pytest.mark.usefixtures("here")
def test_runs_without_truth_have_no_actors() -> None:
    shutil.rmtree("out/truth")
    message = (
        "out: its truth was taken away, so its actors cannot be told apart; leave out --actor\n"
    )
    words = ("--actor", "coders", "--against", "claude_code")
    assert refused(sim("realism", "out", *words)) == message


def test_python_refuses_other_words() -> None:
    with pytest.raises(InvalidInputError, match="found no runs; give one"):
        front.realism(against="azure_chat")
    with pytest.raises(InvalidInputError, match=r"found 'cooding'; did you mean 'coding'.*allowed"):
        front.realism("azure_chat", workload="cooding")
