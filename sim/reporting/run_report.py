"""A report of runs: their numbers, the charts of these, and one page with both."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from sim.documents.whole_text import write_whole
from sim.errors import InvalidInputError
from sim.picture_formats import DEFAULT_FORMATS
from sim.reporting.charts.layout import Chart, write_charts
from sim.reporting.run_charts import Shown, ShownRun, charts_of_runs, wide_chart
from sim.reporting.run_charts.plain import number
from sim.reporting.run_charts.settings import settings_of
from sim.reporting.run_charts.shown import Row
from sim.reporting.run_page import run_page
from sim.streams import MISSING
from sim.summaries.run_figures import RunFigures
from sim.summaries.summarise import summarise
from sim.tables.reading import Run

# A run of more exchanges is not drawn one by one; a page of more runs is not read.
MOST_ROWS, MOST_RUNS = 50, 6
# The charts whose titles are the findings, in this order, as far as they are there.
_FINDINGS = (
    "rows",
    "exchanges-per-account",
    "exchanges-per-task",
    "conventions",
    "release",
    "by-hour",
    "concentration",
    "tokens-and-cost",
    "amplification",
)
_MOST_FINDINGS = 6
# Letters of a run's name in charts.
_LONGEST_NAME = 40
_COLUMNS = (
    "ts_start",
    "ts_end",
    "input_tokens_total",
    "cache_read_tokens",
    "output_tokens",
    "last_role_in",
)


@dataclass(frozen=True, repr=False)
class Report:
    """What a report shows of one run or several.

    Attributes
    ----------
    shown
        The runs, with their numbers.
    command
        What makes the page again, on the command line.
    """

    shown: Shown
    command: str

    @property
    def summaries(self) -> tuple[RunFigures, ...]:
        """The numbers of each run, which the charts show."""
        return tuple(x.summary for x in self.shown.runs)

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The charts, each drawn when it is first needed; none for runs without exchanges."""
        return charts_of_runs(self.shown)

    @property
    def facts(self) -> tuple[str, ...]:
        """What each run holds, in a sentence."""
        return tuple(_facts(x) for x in self.shown.runs)

    @property
    def findings(self) -> tuple[Chart, ...]:
        """The charts whose titles say most, at most six of them."""
        charts = {x.id: x for x in self.charts}
        return tuple(charts[x] for x in _FINDINGS if x in charts)[:_MOST_FINDINGS]

    def to_html(self, path: Path | str) -> None:
        """Write everything as one page that needs nothing from elsewhere."""
        page = run_page(self.shown, self.charts, self.facts, self.findings, self.command)
        write_whole(Path(path), page)

    def to_charts(self, folder: Path | str, formats: Sequence[str] = DEFAULT_FORMATS) -> list[Path]:
        """Write each chart to a folder, with what it shows as CSV, and return the files.

        Beside those of the page there is `exchange-distributions`, tasks and accounts side by side.

        Parameters
        ----------
        folder
            Made if it is missing; other files in it stay.
        formats
            Of the pictures: `png`, `svg` and `pdf`.
        """
        wide = wide_chart(self.shown)
        charts = (wide, *self.charts) if wide is not None else self.charts
        return write_charts(charts, Path(folder), formats)

    def __repr__(self) -> str:
        names = ", ".join(x.name for x in self.shown.runs)
        return f"<Report of {names}: {len(self.charts)} charts>"

    def _repr_html_(self) -> str:
        """Return the charts as notebooks show them."""
        return "".join(f"<div>{x.svg()}</div>" for x in self.charts)


def report_of(runs: Sequence[Run], by: str = "actor", timezone: str = "UTC") -> Report:
    """Sum runs up for a report; nothing is drawn yet.

    Parameters
    ----------
    runs
        Finished runs, with or without truth.
    by
        Groups that are shown: `actor` or `typology`.
    timezone
        Name of the time zone of days and of hours of the week.

    Raises
    ------
    InvalidInputError
        If there are no runs or too many, if there is no such grouping or time zone, or if a file
        is missing or damaged.
    """
    if not 1 <= len(runs) <= MOST_RUNS:
        raise InvalidInputError(
            f"report: found {len(runs)} runs; give 1 to {MOST_RUNS}, which stand beside each other"
        )
    shown = [
        _shown(name, run, summarise(run, by, timezone))
        for name, run in zip(_names(runs), runs, strict=True)
    ]
    return Report(Shown(tuple(shown)), _command(runs, by, timezone))


def _shown(name: str, run: Run, summary: RunFigures) -> ShownRun:
    """Return a run as it is shown; without truth nothing is said of its actors."""
    scenario = run.scenario
    rows = _rows_of(run)
    if summary.by == "all":
        return ShownRun(name, summary, scenario.scale, rows)
    settings = settings_of(scenario)
    return ShownRun(name, summary, scenario.scale, rows, scenario.title, scenario.about, settings)


def _command(runs: Sequence[Run], by: str, timezone: str) -> str:
    """Return what makes the page again; of absolute places only the last part, for pages travel."""
    places = [PurePath(str(x.store)) for x in runs]
    names = [x.name if x.is_absolute() else str(y.store) for x, y in zip(places, runs, strict=True)]
    more = ["--by", by] if by != "actor" else []
    more += ["--timezone", timezone] if timezone != "UTC" else []
    return shlex.join(["sim", "report", *names, *more, "--html", "report.html"])


def _facts(run: ShownRun) -> str:
    """Say in a sentence what a run holds."""
    summary = run.summary
    accounts = sum(
        int(x.frequencies.sum()) for x in summary.distributions.get("account", {}).values()
    )
    scale = "" if run.scale == 1 else f" at scale {run.scale:g}"
    if not run.total("C1"):
        return f"{run.name}{scale}, seed {summary.seed}: no exchanges in {_days(summary.hours)}."
    return (
        f"{run.name}{scale}, seed {summary.seed}: {run.total('C1'):,} attempt"
        f"{'' if run.total('C1') == 1 else 's'}, "
        f"{run.exchanges:,} of them answered, of {accounts:,} account"
        f"{'' if accounts == 1 else 's'} in {_days(summary.hours)}."
    )


def _days(hours: int) -> str:
    if hours < 48:
        return f"{hours} hour{'' if hours == 1 else 's'}"
    return f"{number(hours / 24)} days"


def _shortened(name: str) -> str:
    """Return a name that a chart has room for."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}\u2026"


def _names(runs: Sequence[Run]) -> list[str]:
    """Return what each run is called: its scenario, or the last part of its place if several."""
    if len(runs) == 1:
        return [runs[0].scenario.name]
    places = [str(x.store) for x in runs]
    names = [_shortened(PurePath(x).name or x) for x in places]
    often = Counter(names)
    met = Counter[str]()
    for k, name in enumerate(names):
        if often[name] > 1:
            met[name] += 1
            names[k] = f"{name} ({met[name]})"
    return names


def _rows_of(run: Run) -> tuple[Row, ...]:
    """Return the exchanges of a run one by one, none if it has more than `MOST_ROWS`.

    Without truth they stand by conversation: those of none are left out. If the log lacks a column
    that is shown, or that for conversations, there are none either.
    """
    if not 0 < run.summary["exchanges"] <= MOST_ROWS:
        return ()
    has_truth = run.has("truth/exchanges")
    key = "task_uid" if has_truth else "conversation_id"
    needed = {*_COLUMNS} if has_truth else {*_COLUMNS, key}
    if not needed <= set(run.columns("log/exchanges")):
        return ()
    log = run.pandas(columns=(*_COLUMNS, key), truth=has_truth)
    log = log[log[key] != MISSING].sort_values("ts_start", kind="stable")

    numbers: dict[int, int] = {}
    opened: dict[int, Any] = {}
    rows = []
    for x in log.to_dict("records"):
        task = numbers.setdefault(x[key], len(numbers) + 1)
        first = opened.setdefault(x[key], x["ts_start"])
        rows.append(
            Row(
                task=task,
                start_s=(x["ts_start"] - first).total_seconds(),
                end_s=(x["ts_end"] - first).total_seconds(),
                input_tokens=int(x["input_tokens_total"]),
                cached_tokens=int(x["cache_read_tokens"]),
                output_tokens=int(x["output_tokens"]),
                from_user=x["last_role_in"] == "user",
            )
        )
    return tuple(rows)
