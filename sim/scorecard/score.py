"""The scorecard: every statistic of a class of workload, with goal, floor, baseline and runs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import CheckFailedError
from sim.scorecard.classifier import Feature
from sim.scorecard.goals import Goal

if TYPE_CHECKING:
    import pandas as pd

    from sim.arrays.types import Floats


@dataclass(frozen=True)
class Score:
    """One statistic.

    Attributes
    ----------
    goal
        What it is, and how near a run should come.
    real
        Value in the part of the trace that is held against; not a number for distances.
    real_half
        Distance of the part to fit on: what real data differ by from each other.
    naive
        Distance of the naive generator.
    values
        Value of each run; for distances the distance.
    distances
        Distance of each run.
    telling
        Of a classifier, the features that tell most, of the first run.
    not_checked
        Why nothing was measured; empty if it was.
    """

    goal: Goal
    real: float
    real_half: float
    naive: float
    values: tuple[float, ...]
    distances: tuple[float, ...]
    telling: tuple[Feature, ...] = ()
    not_checked: str = ""

    @property
    def value(self) -> float:
        """Mean of the runs' values."""
        return float(np.mean(self.values)) if self.values else math.nan

    @property
    def distance(self) -> float:
        """Mean of the runs' distances."""
        return float(np.mean(self.distances)) if self.distances else math.nan

    @property
    def error(self) -> float:
        """Standard error of `distance` over runs; not a number for a single run."""
        n = len(self.distances)
        return float(np.std(self.distances, ddof=1) / np.sqrt(n)) if n > 1 else math.nan

    @property
    def passed(self) -> bool:
        """Whether the mean distance of the runs reaches the goal; what is unknown does not."""
        return self.goal.passes(self.distance)


@dataclass(frozen=True)
class Overlaid:
    """A distribution of three samples, for a picture.

    Attributes
    ----------
    id, words, unit
        What it is; the unit is empty for counts.
    real, run, naive
        Values of the test part, of the first run and of the naive generator.
    """

    id: str
    words: str
    unit: str
    real: Floats
    run: Floats
    naive: Floats


@dataclass(frozen=True, repr=False)
class Scorecard:
    """Runs beside the test part of a real trace.

    Attributes
    ----------
    against, title
        Name and title of the trace.
    workload, form
        Class of its calls, and whether it has sessions, a stream, or windows of clients.
    runs
        Where they lie.
    actors
        Whose calls count; empty for all calls.
    seed
        Of the naive generator, of samples and of folds.
    scores
        One for each statistic that the trace can tell.
    distributions
        For the page.
    notes
        What was left out, and why.
    """

    against: str
    title: str
    workload: str
    form: str
    runs: tuple[str, ...]
    actors: tuple[str, ...]
    seed: int
    scores: tuple[Score, ...]
    distributions: tuple[Overlaid, ...]
    notes: tuple[str, ...]

    def __getitem__(self, id_: str) -> Score:
        """Return a score by the id of its goal, such as `g1_windows`."""
        return {score.goal.id: score for score in self.scores}[id_]

    def __iter__(self) -> Iterator[Score]:
        return iter(self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def passes(self) -> int:
        """How many statistics reach their goal in the mean of the runs."""
        return sum(score.passed for score in self.scores)

    @property
    def passes_of_runs(self) -> tuple[int, ...]:
        """How many reach their goal in each run by itself."""
        return tuple(
            sum(s.goal.passes(s.distances[k]) for s in self.scores if s.distances)
            for k in range(len(self.runs))
        )

    @property
    def passes_of_naive(self) -> int:
        """How many the naive generator reaches."""
        return sum(score.goal.passes(score.naive) for score in self.scores)

    @property
    def passes_of_real(self) -> int:
        """How many the other part of the trace reaches: no generator can be asked for more."""
        return sum(score.goal.passes(score.real_half) for score in self.scores)

    @property
    def ok(self) -> bool:
        """Whether all goals are reached."""
        return self.passes == len(self.scores)

    def raise_if_failed(self) -> None:
        """Raise CheckFailedError that names the goals that are missed, if there are any."""
        missed = [score.goal.id for score in self.scores if not score.passed]
        if missed:
            raise CheckFailedError(
                f"realism: {len(missed)} of {len(self.scores)} goals are missed: "
                f"{', '.join(missed)}"
            )

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with a row for each statistic."""
        import pandas as pd

        return pd.DataFrame([record_of(score) for score in self.scores])

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the distributions, as JSON has it: what is unknown is None."""
        return {
            "against": self.against,
            "title": self.title,
            "workload": self.workload,
            "form": self.form,
            "runs": list(self.runs),
            "actors": list(self.actors),
            "seed": self.seed,
            "statistics": len(self.scores),
            "passes": self.passes,
            "passes_of_runs": list(self.passes_of_runs),
            "passes_of_naive": self.passes_of_naive,
            "passes_of_real": self.passes_of_real,
            "scores": [
                {**record_of(s), "values": list(map(known, s.values)), "telling": _told(s)}
                for s in self.scores
            ],
            "notes": list(self.notes),
        }

    def to_html(self, path: Path | str) -> None:
        """Write one page with the table and the distributions; it needs no network."""
        import_module("sim.reporting.realism_page").write_realism_page(self, Path(path))

    def to_text(self, width: int = 100) -> str:
        """Return what the command line prints, folded at a width in characters."""
        return str(import_module("sim.scorecard.render").render_text(self, width))

    def __repr__(self) -> str:
        return (
            f"<Scorecard of {len(self.runs)} runs against {self.against}: {self.passes} of "
            f"{len(self)} goals reached>"
        )


def record_of(score: Score) -> dict[str, Any]:
    """Return a score as a flat mapping; what is unknown is None."""
    goal = score.goal
    return {
        "id": goal.id,
        "words": goal.words,
        "kind": goal.kind,
        "real": known(score.real),
        "run": known(score.value),
        "distance": known(score.distance),
        "error": known(score.error),
        "real_half": known(score.real_half),
        "naive": known(score.naive),
        "least": goal.least if goal.kind == "range" else None,
        "goal": goal.at_most,
        "excellent": goal.excellent,
        "passed": score.passed,
        "not_checked": score.not_checked or None,
    }


def known(value: float) -> float | None:
    """Return a value to six digits, or None if it is not a number."""
    return float(f"{value:.6g}") if math.isfinite(value) else None


def _told(score: Score) -> list[dict[str, Any]]:
    return [
        {
            "feature": f.name,
            "auc": known(f.auc),
            "importance": known(f.importance),
            "run_is": "higher" if f.runs_are_higher else "lower",
        }
        for f in score.telling
    ]
