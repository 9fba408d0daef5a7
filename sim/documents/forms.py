"""The two bases of what is read from files: forms that people write, and records of the program."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """An immutable record: known keys only, and numbers that are finite."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, defer_build=True)


class Form(Record):
    """A mapping in a file that people write: a record that converts no type into another."""

    model_config = ConfigDict(strict=True)
