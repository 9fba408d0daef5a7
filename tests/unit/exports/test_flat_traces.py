"""Requests as mooncake, bailian, azure and burstgpt have them, each a line of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sim.exports import azure, bailian, burstgpt, mooncake
from sim.exports.format import Format
from tests.support.exported_calls import CONTEXT, FAILED, call, table_of

FLAT = pytest.mark.parametrize(
    "form",
    [
        pytest.param(module.FORMAT, id=module.FORMAT.id)
        for module in (mooncake, bailian, azure, burstgpt)
    ],
)
# a warm-up, a call that was answered at the second attempt, and one that never was
CALLS = [
    call(1, 0, output_tokens=0, finish_reason="max_tokens"),
    call(2, 1, shares_with=1, shared_prefix_tokens=100, **FAILED),
    call(3, 2, shares_with=1, shared_prefix_tokens=100, attempt_of=2, input_tokens_total=1_100),
    call(4, 8, shares_with=2, shared_prefix_tokens=1_100, **FAILED),
]


def lines_of(form: Format, *rows: dict[str, Any], first_number: int = 1) -> list[Any]:
    """The lines that rows become, read as JSON."""
    encoded = form.encode(table_of(form, rows), CONTEXT._replace(first_number=first_number))
    return [json.loads(line) for line in encoded.lines]


@FLAT
def test_what_no_reader_can_replay_is_left_out_and_counted(form: Format) -> None:
    encoded = form.encode(table_of(form, CALLS), CONTEXT)

    assert encoded.records == len(encoded.lines or encoded.data.splitlines()) == 1
    assert encoded.left_out == {"failed attempts": 2, "answers without tokens": 1}
    assert sum(encoded.left_out.values()) + encoded.records == len(CALLS)


@FLAT
def test_of_failures_alone_there_is_no_line(form: Format) -> None:
    encoded = form.encode(table_of(form, CALLS[1:2]), CONTEXT)
    assert (encoded.data, list(encoded.lines), encoded.records) == (b"", [], 0)


def test_a_line_of_mooncake() -> None:
    rows = [
        call(1, 0.0019, input_tokens_total=1_024, session_uid=5),
        call(
            2, 7, input_tokens_total=1_500, session_uid=5, shares_with=1, shared_prefix_tokens=1_024
        ),
        call(3, 7.5, input_tokens_total=512, session_uid=6),
    ]

    first, second, other = lines_of(mooncake.FORMAT, *rows, first_number=50)

    assert first == {
        "timestamp": 1,
        "input_length": 1_024,
        "output_length": 10,
        "hash_ids": [50, 51],
        "session": "sess_0000000000000005",
    }
    # its third block is partly filled: those have numbers of their own, after all others
    assert second["hash_ids"] == [50, 51, 55]
    assert second["timestamp"] == 7_000
    assert other["hash_ids"] == [52]


@pytest.mark.parametrize("module", [mooncake, bailian])
def test_no_two_batches_have_a_number_in_common(module: Any) -> None:
    batches = [[call(1, 0, input_tokens_total=5_000), *CALLS[2:]], [call(9, 9, session_uid=3)]]
    taken = module.numbers(table_of(module.FORMAT, batches[0]))

    first = lines_of(module.FORMAT, *batches[0], first_number=1)
    second = lines_of(module.FORMAT, *batches[1], first_number=1 + taken)

    assert max(number for line in first for number in line["hash_ids"]) < 1 + taken
    assert min(number for line in second for number in line["hash_ids"]) >= 1 + taken


def test_a_call_that_repeats_an_input_has_all_its_numbers() -> None:
    same = {"input_tokens_total": 700}
    first, again = lines_of(
        mooncake.FORMAT,
        call(1, 0, **same),
        call(2, 1, shares_with=1, shared_prefix_tokens=700, **same),
    )
    assert first["hash_ids"] == again["hash_ids"]


def test_lines_have_the_times_by_which_the_file_is_sorted() -> None:
    rows = [call(1, 5), call(2, 3, session_uid=2), call(3, 4, session_uid=2, **FAILED)]
    encoded = mooncake.FORMAT.encode(table_of(mooncake.FORMAT, rows), CONTEXT)
    assert [us - CONTEXT.starts_us for us in encoded.times_us] == [5_000_000, 3_000_000]


def test_chains_of_bailian_go_on_over_a_warm_up() -> None:
    rows = [
        call(10, 0),
        call(11, 1, shares_with=10, shared_prefix_tokens=100, output_tokens=0),
        call(12, 2, shares_with=11, shared_prefix_tokens=100),
        call(13, 3, shares_with=99, shared_prefix_tokens=20),
        call(14, 4, shares_with=12, shared_prefix_tokens=30),
    ]
    chain = [
        (line["chat_id"], line["parent_chat_id"], line["turn"])
        for line in lines_of(bailian.FORMAT, *rows)
    ]
    assert chain == [(10, -1, 1), (12, 10, 2), (13, -1, 1), (14, 12, 3)]


def test_a_line_of_bailian() -> None:
    (line,) = lines_of(bailian.FORMAT, call(10, 61.114, input_tokens_total=33))
    assert line == {
        "chat_id": 10,
        "parent_chat_id": -1,
        "timestamp": 61.114,
        "input_length": 33,
        "output_length": 10,
        "type": "text",
        "turn": 1,
        "hash_ids": [1, 2, 3],
    }


def test_lines_of_azure() -> None:
    form = azure.FORMAT
    encoded = form.encode(table_of(form, [call(1, 0.000_001), call(2, 3_661.5)]), CONTEXT)
    assert form.head + encoded.data == (
        b"TIMESTAMP,ContextTokens,GeneratedTokens\n"
        b"2026-01-05 00:00:00.0000010,100,10\n"
        b"2026-01-05 01:01:01.5000000,100,10\n"
    )


def test_lines_of_burstgpt() -> None:
    form = burstgpt.FORMAT
    rows = [call(1, 0.5), call(2, 1, lasts_s=0.25, conversation_id=0xA)]
    encoded = form.encode(table_of(form, rows), CONTEXT)
    assert form.head + encoded.data == (
        b"Timestamp,Session ID,Elapsed time,Model,Request tokens,Response tokens,Total tokens,"
        b"Log Type\n"
        b"0.500000,,2.000000,m-1,100,10,110,API log\n"
        b"1.000000,conv_000000000000000a,0.250000,m-1,100,10,110,Conversation log\n"
    )
