"""Exports are in order, whole, and the same bytes however they are made."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.engine.executors import process_pool
from sim.errors import InvalidInputError, SimError
from sim.exports.format import Context, Encoded, Field, Format
from sim.exports.registry import EXPORTS
from sim.exports.rows import LogRows
from sim.exports.selection import selection_of
from sim.exports.write import Export, export
from sim.tables.reading import Run

ENGLISH = "refusals of English"


def as_json(table: Any, context: Context) -> Encoded:
    """One line a row: its identifiers, and the numbers that the batch gives its rows."""
    rows = table.select(["exchange_id", "session_uid"]).to_pylist()
    lines = [
        json.dumps([*row.values(), context.first_number + number]).encode() + b"\n"
        for number, row in enumerate(rows)
    ]
    return Encoded(b"".join(lines), records=len(lines))


def backwards(table: Any, context: Context) -> Encoded:
    """The lines of `as_json`, the last row first."""
    lines = as_json(table, context).data.splitlines(keepends=True)
    times = [-time_us for time_us in table.column("ts_start").cast("int64").to_pylist()]
    return Encoded(lines=lines, times_us=times, records=len(lines))


def interrupted(_table: Any, _context: Context) -> Encoded:
    raise KeyboardInterrupt


def empty(table: Any, _context: Context) -> Encoded:
    return Encoded(left_out={ENGLISH: table.num_rows})


LINES = Format(
    id="lines",
    title="Lines for tests",
    readers=(),
    source="",
    suffix=".jsonl",
    order="time",
    columns=("exchange_id", "ts_start"),
    truth=("session_uid",),
    fields=(Field("0", "exact", "exchange_id"),),
    encode=as_json,
    head=b"[]\n",
    tail=b"{}\n",
    numbers=lambda table: table.num_rows,
    batch_rows=100,
)
SESSIONS = replace(LINES, order="session")


@pytest.fixture(scope="module")
def run(tiny_run: Path) -> Run:
    return Run(tiny_run / "out")


@pytest.fixture(scope="module")
def rows(run: Run) -> list[tuple[int, int]]:
    """Exchange and session of every row, in the order of the log."""
    frame = run.exchanges(["exchange_id", "session_uid"], truth=True)
    return [(int(exchange), int(session)) for exchange, session in frame.to_numpy()]


@pytest.fixture
def exported(run: Run, tmp_path: Path) -> Callable[..., tuple[Export, list[Any]]]:
    """Exports into a file, and returns the summary and the values of its lines."""

    def write(form: Format, **of: Any) -> tuple[Export, list[Any]]:
        place = tmp_path / f"export-{len(list(tmp_path.iterdir()))}.jsonl"
        summary = export(run, form, str(place), selection_of(run, **of))
        return summary, [json.loads(line) for line in place.read_text().splitlines()]

    return write


def by_session(rows: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Rows session by session, sessions in the order of their first rows."""
    order = {session: place for place, session in reversed([*enumerate(s for _, s in rows)])}
    return sorted(rows, key=lambda row: order[row[1]])


def test_by_time_the_rows_stand_as_in_the_log(rows: list[Any], exported: Any) -> None:
    summary, (head, *lines, tail) = exported(LINES)
    assert (head, tail) == ([], {})
    assert [(exchange, session) for exchange, session, _ in lines] == rows
    assert [number for _, _, number in lines] == list(range(len(rows)))
    assert (summary.exchanges, summary.records, summary.sessions) == (len(rows), len(rows), None)


def test_by_session_each_stands_together(rows: list[Any], exported: Any) -> None:
    summary, (_, *lines, _) = exported(SESSIONS)
    assert [(exchange, session) for exchange, session, _ in lines] == by_session(rows)
    assert [number for _, _, number in lines] == list(range(len(rows)))
    assert summary.sessions == len({session for _, session in rows}) > 100


def test_lines_are_sorted_by_their_times(run: Run, rows: list[Any], exported: Any) -> None:
    form = replace(SESSIONS, encode=backwards, lines_by_time=True)
    _, (_, *lines, _) = exported(form)
    starts = run.exchanges(["exchange_id", "ts_start"]).set_index("exchange_id")["ts_start"]
    latest_first = sorted(by_session(rows), key=lambda row: starts[row[0]], reverse=True)
    assert [tuple(line[:2]) for line in lines] == latest_first


@pytest.mark.parametrize("form", [LINES, SESSIONS], ids=["time", "session"])
def test_where_rows_are_cut_does_not_matter(form: Format, exported: Any) -> None:
    whole, _ = exported(form)
    cut, _ = exported(replace(form, batch_rows=7))
    assert (whole.sha256, whole.bytes) == (cut.sha256, cut.bytes)


def test_batches_by_session_hold_whole_sessions(run: Run, rows: list[Any]) -> None:
    log = LogRows(run, (), ("session_uid",), selection_of(run), batch_rows=50)
    shares: list[float] = []
    batches = [set(batch.column(0).to_pylist()) for batch in log.by_session(shares.append)]
    assert sum(map(len, batches)) == len(set.union(*batches)) == len({s for _, s in rows})
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(batches) > 10


def test_two_processes_write_the_same_bytes(run: Run, tmp_path: Path) -> None:
    everything = selection_of(run, until="8 h")
    with process_pool(2) as workers:
        for name in ("otlp", "mooncake"):
            form: Any = EXPORTS[name]
            form = replace(form, batch_rows=20)
            alone = export(run, form, str(tmp_path / f"{name}-1"), everything)
            both = export(run, form, str(tmp_path / f"{name}-2"), everything, workers=workers)
            assert alone.sha256 == both.sha256


def test_sessions_are_those_of_the_first_rows(rows: list[Any], exported: Any) -> None:
    first = list(dict.fromkeys(session for _, session in rows))[:5]
    of_these = [row for row in rows if row[1] in first]
    _, (_, *lines, _) = exported(LINES, sessions=5)
    assert [tuple(line[:2]) for line in lines] == of_these
    summary, (_, *lines, _) = exported(SESSIONS, sessions=5)
    assert [tuple(line[:2]) for line in lines] == by_session(of_these)
    assert summary.sessions == 5
    summary, _ = exported(SESSIONS, sessions=10**9)
    assert summary.exchanges == len(rows)


def test_actors_and_times_select_rows(run: Run, exported: Any) -> None:
    frame = run.exchanges(["exchange_id", "ts_start", "actor_id"], truth=True)
    hours = (frame["ts_start"] - frame["ts_start"].dt.normalize()).dt.total_seconds() / 3600
    meant = frame[(hours >= 6) & (hours < 9.5) & frame["actor_id"].isin(["pool", "coders"])]
    of = {"actors": ["pool", "coders"], "since": "6 h", "until": "2026-02-02T09:30"}
    for form in (LINES, SESSIONS):
        summary, (_, *lines, _) = exported(form, **of)
        assert {line[0] for line in lines} == set(meant["exchange_id"])
        assert summary.exchanges == len(meant) > 20


def test_the_end_of_a_stretch_is_the_beginning_of_the_next(rows: list[Any], exported: Any) -> None:
    _, (_, *before, _) = exported(LINES, until="7 h")
    _, (_, *after, _) = exported(LINES, since="2026-02-02 07:00Z")
    assert [tuple(line[:2]) for line in before + after] == rows


def full_disk(*_: Any) -> int:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_what_ends_it_leaves_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, everything = tmp_path / "calls.jsonl", selection_of(run)
    place.write_text("before")
    with pytest.raises(KeyboardInterrupt):
        export(run, replace(LINES, encode=interrupted), str(place), everything, force=True)
    with pytest.raises(InvalidInputError):
        export(run, replace(LINES, encode=empty), str(place), everything, force=True)
    monkeypatch.setattr("sim.tables.hashing_file.HashingFile.write", full_disk)
    for form in (EXPORTS["azure"], EXPORTS["pyg"]):
        name = tmp_path / "graph" if form.suffix == "" else place
        with pytest.raises(OSError, match="No space left"):
            export(run, form, str(name), everything, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["calls.jsonl"]
    assert place.read_text() == "before"


def test_what_cannot_be_sorted_is_one_error(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sim.exports.rows._BY_SESSION", "SELECT nothing FROM log")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(SimError) as raised:
        export(run, SESSIONS, str(tmp_path / "calls.jsonl"), selection_of(run))
    message = str(raised.value)
    assert message.startswith(f"{run.store}: its sessions cannot be sorted in {tmp_path}/sim-exp")
    assert message.endswith("; free some space there, or set TMPDIR to another folder")
    assert list(tmp_path.iterdir()) == []


def test_what_no_record_can_hold_is_refused_with_its_reasons(run: Run, tmp_path: Path) -> None:
    form = replace(LINES, encode=empty)
    with pytest.raises(InvalidInputError) as raised:
        export(run, form, str(tmp_path / "calls.jsonl"), selection_of(run))
    assert str(raised.value) == (
        f"{run.store}: lines has nothing of what was selected, 1,157 exchanges: {ENGLISH} (1,157); "
        "select more"
    )


@pytest.mark.parametrize("name", EXPORTS)
def test_every_format_says_what_it_is_made_of(name: str, run: Run) -> None:
    form = EXPORTS[name]
    assert (form.id, bool(form.title), bool(form.source)) == (name, True, True)
    assert len({field.name for field in form.fields}) == len(form.fields)
    assert {field.kind for field in form.fields} <= {"exact", "derived", "not there"}
    assert set(form.columns) <= set(run.columns("log/exchanges"))
    assert set(form.truth) <= set(run.columns("truth/exchanges"))
    assert not {"actor_id", "typology_id", "is_extraction", "cover_flag"} & set(form.truth)
    assert form.order == "time" or "session_uid" in form.truth


# other runs


def test_without_truth_what_needs_none_is_written(tiny_run: Path, tmp_path: Path) -> None:
    sealed = tmp_path / "sealed"
    shutil.copytree(tiny_run / "out", sealed)
    shutil.rmtree(sealed / "truth")
    for name in ("azure", "litellm", "ocsf", "otlp"):
        assert sim.export(sealed, name, tmp_path / name, until="2 h").exchanges > 10
    with pytest.raises(InvalidInputError) as raised:
        sim.export(sealed, "weka", tmp_path / "weka.jsonl")
    assert str(raised.value).startswith(
        f"{sealed}: its truth was taken away, and weka is made of it (session_uid, "
    )
    with pytest.raises(InvalidInputError) as raised:
        sim.export(sealed, "azure", tmp_path / "a.csv", actors="pool", sessions=3)
    assert str(raised.value) == (
        f"{sealed}: --actor and --sessions: its truth was taken away, which says who sent what "
        "in which session; select by --from and --until alone"
    )


def test_runs_of_every_format_are_exported_alike(tmp_path: Path) -> None:
    digests: dict[str, set[str]] = {name: set() for name in ("weka", "otlp", "litellm", "pyg")}
    for fmt in ("parquet", "csv", "jsonl"):
        out = sim.run("worked_example", tmp_path / fmt, overrides={"tables.format": fmt})
        for name, found in digests.items():
            found.add(sim.export(out, name, tmp_path / f"{name}-{fmt}").sha256)
    assert [len(found) for found in digests.values()] == [1] * len(digests)


def test_a_profile_that_lacks_columns_is_refused(tmp_path: Path) -> None:
    run = sim.run("worked_example", tmp_path / "run", overrides={"tables.columns": "core"})
    assert sim.export(run, "azure", tmp_path / "a.csv").records == 12
    with pytest.raises(InvalidInputError) as raised:
        sim.export(run, "burstgpt", tmp_path / "b.csv")
    assert str(raised.value) == (
        f"{tmp_path / 'run'}: its log has the column profile 'core', which is without "
        "conversation_id; run the scenario again with --columns full"
    )
    assert not (tmp_path / "b.csv").exists()


def test_an_export_of_a_lean_run_says_which_columns_it_lacks(tmp_path: Path) -> None:
    """Those of the log, and those of the truth."""
    run = sim.run("worked_example", tmp_path / "run", overrides={"tables.columns": "lean"})
    with pytest.raises(InvalidInputError, match=r"'lean', which is without .*ts_end.*session_uid"):
        sim.export(run, "otlp", tmp_path / "spans")
