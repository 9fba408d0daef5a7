"""The score of a detector on one split of a pack, put together from its sections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from sim._version import __version__
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
    score_text,
    slices,
)
from sim.scoring.answer import Answer, why_no_interval
from sim.scoring.asked import Asked, asked_of
from sim.scoring.figures import Curve, Figure, Section
from sim.scoring.intervals import drawn

SCHEMA_VERSION = 1
# The prevalence that is meant where none is named, if the recipe of the pack has it.
PREVALENCE = 0.01
FPR, ROUNDS = 0.01, 200


@dataclass(frozen=True, repr=False)
class Score:
    """How good the predictions of a detector are, on one split of a pack.

    Attributes
    ----------
    detector
        Its name.
    pack, pack_sum, level
        Name of the pack, the checksum of the values of its log, and its difficulty.
    split
        The split whose fold `test` was scored.
    prevalence
        Share of a population that is to be found.
    fpr
        The rate of false positives at which accounts are flagged.
    sections, curves
        Figures by question, and lines for charts.
    notes
        What has to be said of the predictions.
    about
        What the predictions say of themselves, such as `labels` and `seed`.
    rounds, seed
        Draws behind the intervals, and their seed.
    version
        Of the package.
    """

    detector: str
    pack: str
    pack_sum: str
    level: str
    split: str
    prevalence: float
    fpr: float
    sections: tuple[Section, ...]
    curves: tuple[Curve, ...] = ()
    notes: tuple[str, ...] = ()
    about: Mapping[str, str] = ()  # type: ignore[assignment]
    rounds: int = ROUNDS
    seed: int = 0
    version: str = __version__

    def __post_init__(self) -> None:
        """Keep what is said of the predictions as a dictionary."""
        object.__setattr__(self, "about", dict(self.about))

    def section(self, identifier: str) -> Section | None:
        """Return a section, such as `ranking`; None if there is none of this id."""
        return next((s for s in self.sections if s.id == identifier), None)

    def figure(self, identifier: str, of: str = "") -> Figure | None:
        """Return a figure, such as `pr_auc`, of all or of a slice; None if there is none."""
        figures = (figure for section in self.sections for figure in section.figures)
        return next((f for f in figures if (f.id, f.of) == (identifier, of)), None)

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as data that JSON can hold; figures have nine digits."""
        plain = {name: value for name, value in vars(self).items() if name not in _PARTS}
        return {
            "schema_version": SCHEMA_VERSION,
            **plain,
            "notes": list(self.notes),
            "sections": [section.to_dict() for section in self.sections],
            "curves": [curve.to_dict() for curve in self.curves],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Score:
        """Return the score that `to_dict` gave; raises ValueError for another version."""
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError(f"schema_version: {data['schema_version']}, not {SCHEMA_VERSION}")
        values = {k: v for k, v in data.items() if k not in (*_PARTS, "schema_version")}
        return cls(
            **values,
            notes=tuple(data["notes"]),
            sections=tuple(map(Section.from_dict, data["sections"])),
            curves=tuple(map(Curve.from_dict, data["curves"])),
        )

    def to_text(self, width: int = 100) -> str:
        """Return what the command line prints: a table for each section."""
        return score_text.text_of(self, width)

    def to_html(self, path: str | Path) -> None:
        """Write one page with the tables and the charts."""
        import_module("sim.reporting.score_page").write_score_page((self,), Path(path))

    def __repr__(self) -> str:
        return self.to_text().rstrip("\n")


_PARTS = ("sections", "curves", "notes")


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
    observe: Callable[[str], None] | None = None,
) -> tuple[Score, ...]:
    """Return the score of each split that a file answers, in the order of the file.

    The score of `campaign` has a section more: how the others differ from it.

    Parameters
    ----------
    predictions
        By split.
    observe
        Is told which split comes next.

    Others are those of `score`.
    """
    scores = []
    for split, of_split in predictions.items():
        if observe is not None:
            observe(f"scoring {split}")
        scores.append(
            score(of_split, pack, prevalence=prevalence, fpr=fpr, rounds=rounds, seed=seed)
        )
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
    if rounds < 0 or 0 < rounds < 20:
        faults.append(f"rounds: should be 0, for no intervals, or 20 and more, found {rounds}")
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
