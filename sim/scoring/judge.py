"""Judge predictions by the truth of a pack: every section of a score, put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from sim.errors import InvalidInputError
from sim.packs.pack import Pack
from sim.predictions.table import Predictions
from sim.scoring import (
    alarms,
    calibration,
    campaigns,
    clusters,
    delay,
    ranking,
    robustness,
    slices,
)
from sim.scoring.answer import Answer, why_no_interval
from sim.scoring.asked import Asked, asked_of
from sim.scoring.intervals import drawn
from sim.scoring.score import ROUNDS, Score

# The prevalence that is meant where none is named, if the recipe of the pack has it.
PREVALENCE = 0.01
FPR = 0.01
LEAST_ROUNDS, MOST_ROUNDS = 20, 10_000


def score(
    predictions: Predictions,
    pack: Pack,
    *,
    prevalence: float | None = None,
    fpr: float = FPR,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> Score:
    """Return the score of the predictions of one split.

    Parameters
    ----------
    predictions
        From `sim.predictions.table.read_predictions`.
    pack
        The pack that they are about, with its truth.
    prevalence
        One that the recipe names; by default `PREVALENCE`, or else the first that it names.
    fpr
        The rate of false positives at which accounts are flagged, within (0, 1).
    rounds, seed
        Draws of the bootstrap, 0 for no intervals, and of which stream.

    Raises
    ------
    InvalidInputError
        If truth was taken away, if a setting is not allowed, or if the fold has no positives or no
        negatives.
    """
    check_settings(fpr, rounds, seed)
    asked = asked_of(pack, predictions.split, prevalence_of(pack, prevalence))
    answer = answer_of(predictions, asked, fpr=fpr, rounds=rounds, seed=seed)
    late, delays = delay.section(answer)

    return Score(
        detector=predictions.detector,
        pack=pack.recipe.name,
        pack_sum=str(pack.manifest["values"]["log/exchanges"]),
        level=pack.recipe.difficulty,
        split=predictions.split,
        prevalence=asked.prevalence,
        fpr=fpr,
        sections=(
            ranking.section(answer),
            calibration.section(answer),
            alarms.section(answer),
            campaigns.section(answer),
            clusters.section(answer),
            late,
            slices.section(answer),
            robustness.section(answer),
        ),
        curves=(ranking.curve(answer), *delays),
        notes=_notes(predictions, answer),
        about=predictions.about,
        rounds=rounds,
        seed=seed,
    )


def score_all(
    predictions: Mapping[str, Predictions],
    pack: Pack,
    *,
    prevalence: float | None = None,
    fpr: float = FPR,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> tuple[Score, ...]:
    """Return the score of each split that a file answers, in their order.

    The score of `campaign` has a section more: how the others differ from it.

    Parameters
    ----------
    predictions
        By split.

    Others are those of `score`.
    """
    scores = [
        score(of_split, pack, prevalence=prevalence, fpr=fpr, rounds=rounds, seed=seed)
        for of_split in predictions.values()
    ]
    return _compared(scores, pack)


def answer_of(
    predictions: Predictions, asked: Asked, *, fpr: float, rounds: int, seed: int
) -> Answer:
    """Return the predictions beside the truth, with draws for intervals and a threshold."""
    times = drawn(asked.owner, asked.target, rounds, seed)
    if why_no_interval(asked):
        times = np.empty((0, len(asked)))
    return Answer(
        asked=asked,
        score=predictions.score,
        cluster=predictions.cluster,
        moments=predictions.moments,
        times=times,
        fpr=fpr,
        threshold=ranking.threshold_at(predictions.score, asked.target, asked.weight, fpr),
    )


def prevalence_of(pack: Pack, prevalence: float | None) -> float:
    """Return the prevalence that is meant; raise InvalidInputError if the recipe has none."""
    named = pack.recipe.prevalence
    if prevalence is not None:
        return prevalence
    if not named:
        raise InvalidInputError(
            f"{pack.store}: its recipe names no prevalence, so there are no weights; make it with "
            "one, such as prevalence: [0.01]"
        )
    return PREVALENCE if PREVALENCE in named else named[0]


def check_settings(fpr: float, rounds: int, seed: int) -> None:
    """Raise InvalidInputError that lists every setting that is not allowed."""
    faults = []
    if not 0 < fpr < 1:
        faults.append(f"fpr: should be above 0 and below 1, found {fpr:g}")
    if rounds != 0 and not LEAST_ROUNDS <= rounds <= MOST_ROUNDS:
        faults.append(
            f"rounds: should be 0, for no intervals, or {LEAST_ROUNDS} to {MOST_ROUNDS:,}, found "
            f"{rounds:,}"
        )
    if seed < 0:
        faults.append(f"seed: should be 0 or more, found {seed}")
    if faults:
        raise InvalidInputError("\n".join(faults))


def _notes(predictions: Predictions, answer: Answer) -> tuple[str, ...]:
    """Return what has to be said before the tables."""
    notes = list(predictions.notes)
    if len(np.unique(answer.score)) == 1:
        notes.append("All scores are equal: nothing is ranked.")
    if why := answer.why_no_interval:
        notes.append(f"{why[0].upper()}{why[1:]}.")
    return tuple(notes)


def _compared(scores: Sequence[Score], pack: Pack) -> tuple[Score, ...]:
    """Return scores, that of `campaign` with how the others differ from it."""
    if len(scores) < 2 or robustness.BASE not in {score.split for score in scores}:
        return tuple(scores)
    keys = pack.pandas("truth/split_keys")
    tested = keys[keys["fold"] == "test"]
    meanings = dict(zip(tested["split_scheme"].astype(str), tested["meaning"], strict=True))
    between = robustness.between(scores, {k: str(v) for k, v in meanings.items()})
    return tuple(
        replace(score, sections=(*score.sections, between))
        if score.split == robustness.BASE
        else score
        for score in scores
    )
