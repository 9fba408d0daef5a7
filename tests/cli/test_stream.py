"""`sim stream` and `sim.stream`: which lines come, when, and what becomes of a reader that goes."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

import sim as front
from tests.support.commands import LOG, logged, refused, sim

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tiny(tiny_run: Path) -> Path:
    """A run in a single part of Parquet."""
    return tiny_run / "out"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of twelve exchanges in JSON lines."""
    out = tmp_path_factory.mktemp("example") / "run"
    assert sim("run", "worked_example", "--format", "jsonl", "-o", str(out)).exit_code == 0
    return out


def lines(run: Path, *options: str) -> list[str]:
    result = sim("stream", str(run), *options)
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines(keepends=True)


def ids(rows: Iterable[str]) -> list[str]:
    return [json.loads(row)["exchange_id"] for row in rows]


# which lines come


def test_lines_are_those_of_a_run_in_json_lines(example: Path) -> None:
    result = sim("stream", str(example))
    assert result.stdout == (example / f"{LOG}.jsonl").read_text()
    assert result.stderr == "12 rows written, to the end\n"


def test_they_are_the_same_of_every_format_and_without_truth(tiny: Path, tmp_path: Path) -> None:
    scenario = tiny.parent / "tiny.yaml"
    small_parts = ("--format", "csv", "--set", "tables.part_rows=100")
    out = tmp_path / "run"
    assert sim("run", str(scenario), *small_parts, "-o", str(out)).exit_code == 0
    shutil.rmtree(out / "truth")
    for order in ("start", "end"):
        assert lines(out, "--order", order) == lines(tiny, "--order", order)


def test_by_end_every_row_comes_once_and_when_it_ends(tiny: Path) -> None:
    by_start, by_end = lines(tiny), lines(tiny, "--order", "end")
    ends = [(row["ts_end"], row["exchange_id"]) for row in map(json.loads, by_end)]
    assert ends == sorted(ends)
    assert by_end != by_start
    assert sorted(by_end) == sorted(by_start)


@pytest.mark.parametrize("order", ["start", "end"])
def test_what_was_had_and_the_rest_are_the_whole(tiny: Path, order: str) -> None:
    whole = lines(tiny, "--order", order)
    first = lines(tiny, "--order", order, "--limit", "500")
    assert first + lines(tiny, "--order", order, "--offset", "500") == whole
    assert lines(tiny, "--order", order, "--offset", str(len(whole))) == []
    some = sim("stream", str(tiny), "--offset", "7", "--limit", "3", "--order", order)
    assert some.stdout.splitlines(keepends=True) == whole[7:10]
    assert some.stderr == "3 rows written; `--offset 10` goes on\n"


def test_actors_and_stretches_of_time_are_selected(tiny: Path) -> None:
    run = front.open_run(tiny)
    log = run.exchanges(["exchange_id", "ts_start", "actor_id"], truth=True)
    log = log[log["actor_id"].isin(["pool", "laboratory"])]
    hours = log["ts_start"].dt.hour
    expected = [f"req_{i:016x}" for i in log["exchange_id"][(hours >= 6) & (hours < 12)]]
    actors = ("--actor", "pool", "--actor", "laboratory")
    got = lines(tiny, *actors, "--from", "6 h", "--until", "2026-02-02T12:00")
    assert len(expected) > 10
    assert ids(got) == expected


def test_a_span_is_a_line_too(tiny: Path) -> None:
    rows = list(front.stream(tiny, limit=50, offset=3))
    for row, line in zip(
        rows, lines(tiny, "--to", "otlp", "--offset", "3", "--limit", "50"), strict=True
    ):
        [span] = json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"]
        assert row["exchange_id"] == f"req_{span['spanId']}"


def test_a_log_of_core_columns_is_streamed_but_has_no_spans(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert sim("run", "worked_example", "--columns", "core", "-o", str(out)).exit_code == 0
    assert len(lines(out, "--order", "end")) == 12
    assert "its log has the column profile 'core', which is without" in refused(
        sim("stream", str(out), "--to", "otlp")
    )


# when they come


def test_rows_come_at_the_pace_of_their_clock(example: Path) -> None:
    now, slept = 50.0, 0.0

    def sleep(seconds: float) -> None:
        nonlocal now, slept
        now, slept = now + seconds, slept + seconds

    def came(order: Any) -> list[tuple[float, str]]:
        replay = front.stream(example, speed=60, order=order, clock=lambda: now, sleep=sleep)
        return [(now, row["exchange_id"]) for row in replay]

    log = front.open_run(example).exchanges(["exchange_id", "ts_start", "ts_end"])
    for order in ("start", "end"):
        began = now
        rows = log.sort_values(f"ts_{order}")
        after = (rows[f"ts_{order}"] - rows[f"ts_{order}"].iloc[0]).dt.total_seconds() / 60
        moments, numbers = zip(*came(order), strict=True)
        assert moments == pytest.approx([began + seconds for seconds in after])
        assert numbers == tuple(f"req_{i:016x}" for i in rows["exchange_id"])
    assert slept > 0


def test_python_gives_what_lines_hold(tiny: Path) -> None:
    given = list(front.stream(front.open_run(tiny), actors="pool", until="12 h", order="end"))
    assert given == [
        json.loads(x) for x in lines(tiny, "--actor", "pool", "--until", "12 h", "--order", "end")
    ]
    assert len(list(front.stream(tiny))) == logged(tiny)


@pytest.mark.parametrize("speed", ["1000000x", "max"])
def test_a_clock_changes_no_line(example: Path, speed: str) -> None:
    assert "".join(lines(example, "--speed", speed)) == (example / f"{LOG}.jsonl").read_text()


def test_numbers_of_any_size_are_taken(example: Path) -> None:
    whole = lines(example)
    assert lines(example, "--limit", "9" * 30, "--speed", "1" + "0" * 300) == whole
    assert len(list(front.stream(example, speed=1e308, limit=10**30))) == len(whole)
    for speed in (float("inf"), 10**400):
        with pytest.raises(front.InvalidInputError, match="speed: should be a number above 0"):
            front.stream(example, speed=speed)


def test_who_was_slow_is_told_how_far_the_replay_fell_behind(
    example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock jumps by two seconds each time that it is looked at."""
    from sim.replay.pace import Pace

    ticks = iter(range(0, 10_000, 2))
    monkeypatch.setattr(
        "sim.replay.pace.Pace", lambda speed, sleep: Pace(speed, lambda: next(ticks), sleep)
    )
    said = sim("stream", str(example), "--speed", "1000000x").stderr
    assert said.startswith("12 rows written, to the end; up to 2.0 s behind the clock, ")


# readers that go


def serving(rows: int) -> tuple[socket.socket, threading.Thread, list[bytes]]:
    """A server on loopback that reads so many lines of one connection, and goes."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(60)
    got: list[bytes] = []

    def serve() -> None:
        with server, server.accept()[0] as connection, connection.makefile("rb") as file:
            got.extend(line for _, line in zip(range(rows), iter(file.readline, b""), strict=False))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    return server, thread, got


def test_a_reader_that_listens_is_connected_to(tiny: Path) -> None:
    server, thread, got = serving(10_000)
    address = "localhost:{1}".format(*server.getsockname())
    result = sim("stream", str(tiny), "--connect", address)
    thread.join(60)
    assert (result.exit_code, result.stdout) == (0, "")
    assert b"".join(got).decode() == "".join(lines(tiny))


def test_a_reader_that_goes_ends_the_stream_with_the_offset(tiny: Path) -> None:
    """Ten hours take twelve seconds at this speed, and the reader goes at once."""
    server, thread, got = serving(3)
    address = "127.0.0.1:{1}".format(*server.getsockname())
    pace = ("--from", "10 h", "--until", "20 h", "--speed", "3000x")
    said = refused(sim("stream", str(tiny), "--connect", address, *pace), 1)
    thread.join(60)
    words = said.split()
    written, offset = int(words[4].replace(",", "")), int(words[8].strip("`"))
    assert said.startswith(
        f"the reader has gone; {written:,} rows written; `--offset {offset}` goes on"
    )
    assert len(got) == 3 <= written == offset < logged(tiny)


def test_a_reader_comes_to_a_path(example: Path, tmp_path: Path) -> None:
    place, got = tmp_path / "socket", list[bytes]()

    def read() -> None:
        with socket.socket(socket.AF_UNIX) as connection:
            while connection.connect_ex(str(place)):
                threading.Event().wait(0.002)
            got.append(connection.makefile("rb").read())

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    result = sim("stream", str(example), "--listen", f"unix:{place}", "-q")
    thread.join(60)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == f"listening at unix:{place}\n"
    assert got == [(example / f"{LOG}.jsonl").read_bytes()]


def test_a_reader_that_talks_without_end_is_not_waited_for(
    example: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.replay.sockets.PATIENCE_S", 0.1)
    server = socket.create_server(("127.0.0.1", 0))
    given_up = threading.Event()

    def talk() -> None:
        with server, server.accept()[0] as connection, contextlib.suppress(OSError):
            while not given_up.wait(0.01):
                connection.sendall(b"more")

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    began = time.monotonic()
    timer = threading.Timer(30, given_up.set)
    timer.start()
    result = sim("stream", str(example), "--connect", "127.0.0.1:{1}".format(*server.getsockname()))
    waited = time.monotonic() - began
    timer.cancel()
    given_up.set()
    thread.join(60)
    assert (result.exit_code, result.stderr) == (0, "12 rows written, to the end\n")
    assert waited < 30


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (BrokenPipeError(), 1, "the reader has gone; 5 rows written; `--offset 7` goes on\n"),
        (ConnectionResetError(), 1, "the reader has gone; 5 rows written; `--offset 7` goes on\n"),
        (KeyboardInterrupt(), 130, "5 rows written; `--offset 7` goes on\n\ninterrupted\n"),
        (
            OSError(28, "No space left on device"),
            1,
            "5 rows written; `--offset 7` goes on\nNo space left on device; free some space or "
            "choose another folder\n",
        ),
    ],
)
def test_however_it_ends_the_offset_is_told(
    example: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, said: str
) -> None:
    """The reader takes five lines, the last of them in two pieces, and some of a sixth."""
    from sim.replay.reader import Reader

    whole = "".join(lines(example, "--offset", "2", "--limit", "5")).encode()
    pieces = [len(whole) - 1, 11]

    def send(_: memoryview) -> int:
        if not pieces:
            raise error
        return pieces.pop(0)

    monkeypatch.setattr(Reader, "of_stdout", lambda: Reader(send))
    assert refused(sim("stream", str(example), "--offset", "2"), code) == said


# what is refused


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--speed", "0x"], "--speed: should be a number above 0, such as 60x or 0.5x, or max; fou"
            "nd text '0x'\n"),
        (["--offset", "13"], "run: offset: should be 0 to 12, the rows of the stream; found 13\n"),
        (["--offset", "9", "--until", "8 h"], "run: offset: should be 0 to 4, the rows of the stre"
            "am; found 9\n"),
        (["--until", "1 h"], "run: has no exchanges from 2026-02-02T00:00:00Z to 2026-02-02T01:00:0"
            "0Z; select more\n"),
        (["--listen", "0.0.0.0:9000"], "--listen: a run is streamed on this machine alone, to 127."
            "0.0.1:PORT, localhost:PORT, [::1]:PORT or unix:PATH; found text '0.0.0.0:9000'\n"),
        (["--actor", "nobody"], "run: --actor: there is no actor 'nobody'; there are developer\n"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    example: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], said: str
) -> None:
    monkeypatch.chdir(example.parent)
    assert refused(sim("stream", "run", *options)) == said


def test_one_reader_only(example: Path) -> None:
    both = ("--listen", "127.0.0.1:0", "--connect", "127.0.0.1:1")
    assert "--listen and --connect exclude each other; give one of them" in refused(
        sim("stream", str(example), *both)
    )


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"speed": 0}, front.InvalidInputError, "speed: should be a number above 0, or None"),
        ({"speed": "60x"}, TypeError, "speed is a number; found str"),
        (
            {"order": "random"},
            front.InvalidInputError,
            "order: found 'random'; allowed: start, end",
        ),
        ({"offset": -1}, front.InvalidInputError, "offset: should be 0 or more, found -1"),
        ({"offset": 1.5}, TypeError, "offset is a whole number; found float"),
        ({"limit": 0}, front.InvalidInputError, "limit: should be 1 or more, found 0"),
    ],
)
def test_python_refuses_it_at_once(
    example: Path, wrong: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        front.stream(example, **wrong)
