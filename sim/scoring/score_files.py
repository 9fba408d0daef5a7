"""Files of scores: what `sim score -o` writes, and `sim leaderboard` reads."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from sim.documents.printable import printable, printable_json, said
from sim.errors import InvalidInputError
from sim.scoring.score import SCHEMA_VERSION, Score

ScoreFile: TypeAlias = str | os.PathLike[str]


def scores_text(scores: Sequence[Score]) -> str:
    """Return scores as the text of a file, one after the other under `scores`."""
    return printable_json({"scores": [score.to_dict() for score in scores]}) + "\n"


def write_scores(scores: Sequence[Score], place: ScoreFile) -> None:
    """Write scores to a file of JSON; its folder is made if it is missing."""
    path = Path(place)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(scores_text(scores), encoding="utf-8")


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
        content = json.loads(Path(place).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InvalidInputError(f"{where}: there is no such file") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
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
    try:
        return Score.from_dict(data)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InvalidInputError(
            f"{where}: score {number}: is damaged: {said(error)}; {_REMEDY}"
        ) from None
