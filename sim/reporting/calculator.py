"""The calculator of the page: what it begins with, and what it says where scripts are off."""

from __future__ import annotations

import base64
import hashlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from statistics import median

from sim.catalog import statements
from sim.comparison.analysis import Analysis
from sim.comparison.plain_words import claim_names, plain_number
from sim.comparison.section import Comparison
from sim.comparison.sections.predictions import Predicted
from sim.tables.conventions import CONVENTIONS

# Conventions by which a task is one exchange, whatever calls it takes.
_PER_TASK = ("C5", "C6")
_COUNTED = "C2"
# Ends of the ruler, in powers of ten.
_FIRST, _LAST = 2, 9


@dataclass(frozen=True)
class Worked:
    """One worked value.

    Attributes
    ----------
    words
        What it is of.
    tasks, calls, runs, users, days
        The numbers that are multiplied.
    """

    words: str
    tasks: float
    calls: float
    runs: float = 1
    users: float = 1
    days: float = 1

    @property
    def count(self) -> float:
        """The answered requests (C2) that follow."""
        return self.tasks * self.calls * self.runs * self.users * self.days

    @property
    def link(self) -> str:
        """The part of the address of the page that sets the calculator to it."""
        numbers = (self.tasks, self.calls, self.runs, self.users, self.days)
        return f"#try={','.join(f'{x:g}' for x in numbers)},{_COUNTED}"


@dataclass(frozen=True)
class Mark:
    """A reported count on the ruler of the calculator.

    Attributes
    ----------
    name
        What it is called.
    low
        The lower end of the count, in exchanges.
    place
        Where it stands, in per cent of the ruler.
    """

    name: str
    low: float
    place: float


@dataclass(frozen=True)
class Calculator:
    """What the calculator of a page needs.

    Attributes
    ----------
    start
        What it begins with: thirty benchmark runs, as the critique counts them.
    worked
        Worked values for readers without scripts, and to begin from.
    factors
        By convention, how many exchanges it makes of an answered request; None where a task is
        one exchange.
    marks
        The reported counts, the smallest first.
    script
        The only script of the page.
    """

    start: Worked
    worked: tuple[Worked, ...]
    factors: Mapping[str, float | None]
    marks: tuple[Mark, ...]
    script: str

    @property
    def hash(self) -> str:
        """The hash that allows this script and no other, as a content security policy has it."""
        digest = hashlib.sha256(self.script.encode()).digest()
        return f"sha256-{base64.b64encode(digest).decode()}"


def calculator(analysis: Analysis) -> Calculator:
    """Return the calculator for an analysis, with its counts as marks."""
    worked = worked_values()
    names, reading = claim_names(analysis.cases), analysis.settings.reading
    lows = {x.id: x.interval("count", reading).low for x in analysis.cases}
    marks = [Mark(names[k], low, place(low)) for k, low in sorted(lows.items(), key=lambda x: x[1])]
    return Calculator(
        start=worked[1],
        worked=worked,
        factors=factors(analysis, analysis.results.get("predictions", ())),
        marks=tuple(marks),
        script=_script(),
    )


def worked_values() -> tuple[Worked, ...]:
    """Return worked values: those of the critique first, then round numbers of products."""
    run = statements()["run-size"].values
    runs = statements()["thirty-runs"].values["runs"]
    tasks, calls = run["tasks"], run["calls_per_task"]
    return (
        Worked("one full benchmark run, as the critique counts it", tasks, calls),
        Worked(f"{runs:.0f} such runs", tasks, calls, runs),
        Worked("1,000 users of a coding agent for 60 days", 5, 20, users=1_000, days=60),
        Worked("10,000 users of a chat for 30 days", 10, 1, users=10_000, days=30),
        Worked("a list of 100,000 prompts, each sent once", 100_000, 1),
    )


def factors(comparison: Comparison, predictions: Sequence[Predicted]) -> Mapping[str, float | None]:
    """Return what each convention makes of an answered request, the median over explanations.

    Without predictions only answered requests and tasks can be counted.
    """
    medians = {(x.hypothesis, x.convention): x.count.median for x in predictions}
    known: dict[str, float | None] = {}
    for convention in CONVENTIONS:
        if convention in _PER_TASK:
            known[convention] = None
            continue
        ratios = [
            medians[id_, convention] / medians[id_, _COUNTED]
            for id_ in comparison.settings.hypotheses
            if medians.get((id_, _COUNTED))
        ]
        if ratios or convention == _COUNTED:
            known[convention] = float(f"{median(ratios) if ratios else 1:.3g}")
    return known


def place(count: float) -> float:
    """Return where a count stands on the ruler, in per cent of it."""
    share = (math.log10(max(count, 1)) - _FIRST) / (_LAST - _FIRST)
    return round(100 * min(max(share, 0), 1), 2)


def worked_words(x: Worked) -> str:
    """Return the multiplication in words, without the factors that are one."""
    parts = [(x.tasks, "tasks"), (x.calls, "calls"), (x.runs, "runs"), (x.users, "users")]
    parts.append((x.days, "days"))
    return " x ".join(f"{plain_number(n)} {word}" for n, word in parts if n != 1)


@cache
def _script() -> str:
    """Return the script, as it stands in its file."""
    return files("sim.reporting").joinpath("calculator.js").read_text(encoding="utf-8")
