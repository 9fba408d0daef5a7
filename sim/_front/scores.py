"""How good detectors are: score their predictions against a pack, and merge scores."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sim._inputs import PackLike
    from sim.predictions.table import PredictionsLike
    from sim.scoring.leaderboard import Leaderboard
    from sim.scoring.score import Score
    from sim.scoring.score_files import ScoreFile


def score(
    predictions: PredictionsLike,
    pack: PackLike,
    *,
    split: str | None = None,
    prevalence: float | None = None,
    fpr: float = 0.01,
    name: str | None = None,
    rounds: int = 200,
    seed: int = 0,
) -> tuple[Score, ...]:
    """Score predictions of a detector against the truth of a pack.

    Parameters
    ----------
    predictions
        A file of Parquet or CSV, `-` for standard input, or a data frame, with the columns
        `entity_id` and `score`, of which more is worse. Optional are `at`, when the score was
        known, `cluster`, whom the detector puts together, and `split`.
    pack
        The pack, with its truth: a path, a URL or a Pack.
    split
        The split whose test is scored. Left out, those that the column `split` names, or
        `campaign`.
    prevalence
        Share of accounts of the population that extract, one that the recipe of the pack names;
        0.01, or the first one named, if left out.
    fpr
        Rate of false positives at which an account is flagged, for campaigns, clusters and time.
    name
        Name of the detector; what the file says, or its name, if left out.
    rounds, seed
        Draws of operators and organisations for intervals, and their seed.

    Returns
    -------
    tuple of Score
        One for each split: `figure("pr_auc")`, `sections`, `curves`, `to_dict()`, `to_text()`,
        `to_html("page.html")`.

    Raises
    ------
    TypeError
        What is given for predictions, or for a number, is none.
    InvalidInputError
        With all that is wrong with the predictions, or with the settings.
    """
    from sim._front.logs import logged
    from sim._front.packs import open_pack
    from sim._inputs import expect_number, expect_seed, expect_text
    from sim.predictions.table import read_predictions
    from sim.scoring.judge import score_all

    for what, number in (("prevalence", prevalence), ("fpr", fpr), ("rounds", rounds)):
        if number is not None or what != "prevalence":
            expect_number(what, number, whole=what == "rounds")
    for what, text in (("split", split), ("name", name)):
        if text is not None:
            expect_text(what, text)
    expect_seed(seed)

    opened = open_pack(pack)
    read = read_predictions(predictions, opened, split, name)
    with logged("score", str(opened.store)):
        return score_all(read, opened, prevalence=prevalence, fpr=fpr, rounds=rounds, seed=seed)


def leaderboard(
    scores: Score | ScoreFile | Iterable[Score | ScoreFile],
    out: str | os.PathLike[str] | None = None,
) -> Leaderboard:
    """Merge scores into a table of detectors, packs and splits.

    Parameters
    ----------
    scores
        Scores, and files that `sim score -o` or `sim leaderboard -o` wrote. The same score given
        twice counts once. A single one needs no list.
    out
        A name that ends in `.md`: the page is written there, and its scores beside it as `.json`,
        to which others can be added.

    Returns
    -------
    Leaderboard
        `scores`, `of(pack, split)`, `to_markdown()`, `write("leaderboard.md")`.

    Raises
    ------
    TypeError
        Something else than a score or a file is given.
    InvalidInputError
        `out` would replace what is no leaderboard; a file cannot be read; two scores of one
        detector, pack and split differ; packs of one name hold other data; or scores have several
        prevalences or rates of false positives.
    """
    from sim.errors import InvalidInputError
    from sim.scoring.leaderboard import leaderboard as merged
    from sim.scoring.score import Score

    given = (scores,) if isinstance(scores, str | os.PathLike | Score) else tuple(scores)
    for each in given:
        if not isinstance(each, str | os.PathLike | Score):
            raise TypeError(
                f"a leaderboard is made of Scores and files of them; found {type(each).__name__}"
            )
    if out is not None and not os.fspath(out).endswith(".md"):
        raise InvalidInputError(f"out: found {os.fspath(out)}; allowed: a name that ends in .md")
    board = merged(given)
    if out is not None:
        board.write(out)
    return board
