"""Files of scores: what `sim score -o` writes, and `sim leaderboard` reads."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import ValidationError

from sim.documents.printable import printable, printable_json, said
from sim.documents.strict_json import parse_json
from sim.documents.whole_text import write_whole
from sim.errors import InvalidInputError
from sim.scoring.score import SCHEMA_VERSION, Score

ScoreFile: TypeAlias = str | os.PathLike[str]


def scores_text(scores: Sequence[Score]) -> str:
    """Return scores as JSON that people can read, one after the other under `scores`."""
    return printable_json({"scores": [score.to_dict() for score in scores]}) + "\n"


def write_scores(scores: Sequence[Score], place: ScoreFile) -> None:
    """Write scores to a file of JSON, a line each; its folder is made if it is missing."""
    lines = ",\n".join(printable_json(score.to_dict(), None) for score in scores)
    write_whole(Path(place), f'{{"scores": [\n{lines}\n]}}\n')


def read_scores(place: ScoreFile) -> tuple[Score, ...]:
    """Return the scores of a file.

    Parameters
    ----------
    place
        A file that `sim score -o`, `sim score --json` or `sim leaderboard -o` wrote.

    Raises
    ------
    InvalidInputError
        There is no such file, it is none of scores, or of another version.
    """
    where = printable(place)
    try:
        content = parse_json(Path(place).read_bytes())
    except FileNotFoundError:
        raise InvalidInputError(f"{where}: there is no such file") from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidInputError(f"{where}: cannot be read: {reason}; {_REMEDY}") from None
    except ValueError as error:
        raise InvalidInputError(f"{where}: is no JSON: {said(error)}; {_REMEDY}") from None

    given = content.get("scores") if isinstance(content, dict) else None
    if not isinstance(given, list) or not given:
        raise InvalidInputError(f"{where}: has no scores; {_REMEDY}")
    return tuple(_score(where, number, data) for number, data in enumerate(given, start=1))


_REMEDY = "give a file that `sim score -o FILE` wrote"


def _score(where: str, number: int, data: Any) -> Score:
    """Return one score of a file, or raise InvalidInputError that says which is wrong."""
    version = data.get("schema_version") if isinstance(data, dict) else None
    if version != SCHEMA_VERSION:
        raise InvalidInputError(
            f"{where}: score {number}: schema_version: found {printable(version)}; allowed: "
            f"{SCHEMA_VERSION}; score the predictions again with this version of sim"
        )
    unknown = sorted(set(data) - {"schema_version", *(field.name for field in fields(Score))})
    if unknown:
        raise InvalidInputError(
            f"{where}: score {number}: unknown: {printable(', '.join(unknown))}; {_REMEDY}"
        )

    try:
        return Score.from_dict(data)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise InvalidInputError(
            f"{where}: score {number}: {printable(place)}: {printable(first['msg'])}; {_REMEDY}"
        ) from None
