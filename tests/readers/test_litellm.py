"""Rows are those of LiteLLM's table of spend: its model takes them, and no column is missing."""

from __future__ import annotations

import re
from pathlib import Path

import litellm
import pytest
from litellm.models.spend_logs import LiteLLM_SpendLogs
from pydantic import ValidationError

# The database sets these itself.
_BY_THE_DATABASE = {"created_at", "updated_at"}


def test_every_row_is_taken(export):
    exported = export("litellm", "rows.jsonl")
    rows = exported.lines()
    taken = [LiteLLM_SpendLogs.model_validate(row) for row in rows]
    assert len(taken) == exported.records == exported.summary["exchanges"] > 10_000
    assert len({row.request_id for row in taken}) == len(taken)
    assert all(row.total_tokens == row.prompt_tokens + row.completion_tokens for row in taken)


def test_a_row_has_the_columns_of_the_table(export):
    schema = Path(litellm.__file__).with_name("proxy").joinpath("schema.prisma").read_text()
    table = re.search(r"^model LiteLLM_SpendLogs \{$(.*?)^\}$", schema, re.MULTILINE | re.DOTALL)
    assert table is not None
    columns = frozenset(re.findall(r"^  (\w+) +\w+", table[1], re.MULTILINE)) - _BY_THE_DATABASE
    assert len(columns) > 30
    assert {frozenset(row) for row in export("litellm", "rows.jsonl").lines()} == {columns}


def test_a_broken_row_is_refused(export):
    row = export("litellm", "rows.jsonl").lines()[0] | {"prompt_tokens": "many"}
    with pytest.raises(ValidationError, match="prompt_tokens"):
        LiteLLM_SpendLogs.model_validate(row)
