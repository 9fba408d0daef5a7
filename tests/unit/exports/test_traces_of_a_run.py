"""Traces of serving of a run: against schemas written from their readers, and against the log."""

from __future__ import annotations

import csv
import json
from itertools import takewhile
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from jsonschema import Draft202012Validator

import sim
from sim.exports.registry import EXPORTS
from tests.support.paths import ROOT

Lines = dict[str, list[dict[str, Any]]]

_SUFFIXES = {
    "weka": ".jsonl",
    "mooncake": ".jsonl",
    "bailian": ".jsonl",
    "azure": ".csv",
    "burstgpt": ".csv",
}
_SCHEMAS = ROOT / "tests" / "unit" / "exports" / "schemas"
# Those of the first hour: all of a run would be much text.
_UNTIL = "1 h"


@pytest.fixture(scope="module")
def exports(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The first hour of a run in every format."""
    folder = tmp_path_factory.mktemp("exports")
    places = {name: folder / f"{name}{suffix}" for name, suffix in _SUFFIXES.items()}
    for name, place in places.items():
        sim.export(finished, name, place, until=_UNTIL)
    return places


@pytest.fixture(scope="module")
def lines(exports: dict[str, Path]) -> Lines:
    """What is in the files."""
    read: Lines = {}
    for name, place in exports.items():
        with place.open(encoding="utf-8", newline="") as file:
            is_table = place.suffix == ".csv"
            read[name] = list(csv.DictReader(file) if is_table else map(json.loads, file))
    return read


@pytest.fixture(scope="module")
def answered(finished: Path) -> pd.DataFrame:
    """The answered rows of the log in that hour, with the truth."""
    found: pd.DataFrame = (
        sim.open_run(finished)
        .sql(
            "SELECT exchanges.*, truth_exchanges.* EXCLUDE (exchange_id) "
            "FROM exchanges JOIN truth_exchanges USING (exchange_id) WHERE http_status = 200 "
            "AND ts_start < (SELECT date_trunc('day', min(ts_start)) FROM exchanges) "
            "+ INTERVAL 1 HOUR ORDER BY ts_start, exchange_id",
            truth=True,
        )
        .df()
    )
    return found


@pytest.fixture(scope="module")
def with_tokens(answered: pd.DataFrame) -> pd.DataFrame:
    """Those of them that have tokens in the answer."""
    return answered[answered["output_tokens"] > 0]


def _calls(line: dict[str, Any]) -> list[dict[str, Any]]:
    """The calls of a line: of a session those of sub-agents too."""
    entries = line.get("requests", [line])
    return [call for entry in entries for call in entry.get("requests", [entry])]


def _shortened(value: Any, key: str = "") -> Any:
    """A line with the first numbers of its blocks alone: a validator takes long for thousands."""
    if isinstance(value, dict):
        return {name: _shortened(of, name) for name, of in value.items()}
    if isinstance(value, list):
        return [_shortened(of) for of in (value[:2] if key == "hash_ids" else value)]
    return value


@pytest.mark.parametrize("name", ["weka", "mooncake", "bailian"])
def test_every_line_is_what_readers_take(name: str, lines: Lines) -> None:
    schema = json.loads((_SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    validator = Draft202012Validator(schema)
    assert lines[name]
    for line in lines[name]:
        for call in _calls(line):
            ids = call["hash_ids"]
            assert {*map(type, ids)} <= {int}
            assert len({*ids}) == len(ids)
        validator.validate(_shortened(line))


@pytest.mark.parametrize(
    ("name", "request_tokens", "answer_tokens"),
    [
        ("mooncake", "input_length", "output_length"),
        ("bailian", "input_length", "output_length"),
        ("azure", "ContextTokens", "GeneratedTokens"),
        ("burstgpt", "Request tokens", "Response tokens"),
    ],
)
def test_lines_are_the_answered_calls_in_their_order(
    name: str, request_tokens: str, answer_tokens: str, lines: Lines, with_tokens: pd.DataFrame
) -> None:
    tokens = [(int(line[request_tokens]), int(line[answer_tokens])) for line in lines[name]]
    expected = with_tokens[["input_tokens_total", "output_tokens"]]
    assert tokens == list(expected.itertuples(index=False, name=None))


def test_sessions_of_weka_have_every_answered_call(lines: Lines, answered: pd.DataFrame) -> None:
    calls = [{"session": trace["id"], **call} for trace in lines["weka"] for call in _calls(trace)]
    of_session = answered.groupby("session_uid").size()

    assert pd.DataFrame(calls).groupby("session").size().to_dict() == {
        f"sess_{session:016x}": calls for session, calls in of_session.items()
    }
    assert sum(call["in"] for call in calls) == answered["input_tokens_total"].sum()
    assert sum(call["out"] for call in calls) == answered["output_tokens"].sum()
    totals = [trace["totals"]["combined_tokens"] for trace in lines["weka"]]
    assert sum(one["input"] for one in totals) == answered["input_tokens_total"].sum()


@pytest.mark.parametrize(("name", "block_tokens"), [("mooncake", 512), ("bailian", 16)])
def test_numbers_of_calls_begin_alike_as_far_as_the_truth_says(
    name: str, block_tokens: int, lines: Lines, with_tokens: pd.DataFrame
) -> None:
    rows = with_tokens.to_dict("records")
    call = {row["attempt_of"] or row["exchange_id"]: i for i, row in enumerate(rows)}
    hash_ids = [line["hash_ids"] for line in lines[name]]

    compared = 0
    for row, ids in zip(rows, hash_ids, strict=True):
        assert len(ids) == -(-row["input_tokens_total"] // block_tokens)
        earlier = call.get(row["shares_with"])
        if earlier is None:
            continue
        shared, length = row["shared_prefix_tokens"], rows[earlier]["input_tokens_total"]
        is_whole = shared == length == row["input_tokens_total"]
        blocks = len(ids) if is_whole else shared // block_tokens
        alike = takewhile(
            lambda pair: pair[0] == pair[1], zip(ids, hash_ids[earlier], strict=False)
        )
        assert len([*alike]) == blocks
        compared += 1
    assert compared > len(rows) / 2


def test_no_two_sessions_of_mooncake_have_a_number_in_common(lines: Lines) -> None:
    session_of: dict[int, str] = {}
    for line in lines["mooncake"]:
        for number in line["hash_ids"]:
            assert session_of.setdefault(number, line["session"]) == line["session"]


def test_chains_of_bailian_go_on_from_earlier_lines(lines: Lines) -> None:
    turn_of = {-1: 0}
    for line in lines["bailian"]:
        assert line["turn"] == turn_of[line["parent_chat_id"]] + 1
        turn_of[line["chat_id"]] = line["turn"]
    assert len(turn_of) == len(lines["bailian"]) + 1


@pytest.mark.parametrize("name", _SUFFIXES)
def test_no_trace_says_whose_a_call_is(name: str, exports: dict[str, Path], finished: Path) -> None:
    text = exports[name].read_text(encoding="utf-8")
    truth = sim.open_run(finished).dataset("truth/exchanges").to_table(["actor_id", "typology_id"])
    words = [
        word for name in truth.column_names for word in truth.column(name).unique().to_pylist()
    ]
    assert words
    assert not [word for word in [*words, "typology", "extraction", "actor"] if word in text]


def test_fields_are_those_of_the_lines(lines: Lines) -> None:
    for name, of_format in lines.items():
        fields = {
            field.name.split("[")[0]
            for field in EXPORTS[name].fields
            if field.kind != "not there" or field.of.startswith("always")
        }
        assert fields == set(of_format[0])
