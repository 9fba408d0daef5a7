"""A report of runs: their numbers, the charts of these, and one page with both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from sim.errors import InvalidInputError
from sim.reporting.charts.layout import FORMATS, Chart, write_charts
from sim.reporting.run_charts import Shown, ShownRun, charts_of_runs, wide_chart
from sim.reporting.run_charts.shown import Row
from sim.summaries.run_summary import RunSummary
from sim.summaries.summarise import summarise
from sim.tables.reading import Run

# A run of more exchanges is not drawn one by one; a page of more runs is not read.
MOST_ROWS, MOST_RUNS = 50, 6
_COLUMNS = (
    "ts_start",
    "ts_end",
    "conversation_id",
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
    def summaries(self) -> tuple[RunSummary, ...]:
        """The numbers of each run, which the charts show."""
        return tuple(x.summary for x in self.shown.runs)

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The charts, each drawn when it is first needed; none for runs without exchanges."""
        return charts_of_runs(self.shown)

    def to_html(self, path: Path | str) -> None:
        """Write everything as one page that needs nothing from elsewhere."""
        from sim.reporting.run_page import run_page

        place = Path(path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(run_page(self), encoding="utf-8")

    def to_charts(self, folder: Path | str, formats: Sequence[str] = FORMATS) -> list[Path]:
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


def report_of(
    runs: Sequence[Run], by: str = "actor", timezone: str = "UTC", command: str = ""
) -> Report:
    """Sum runs up for a report; nothing is drawn yet.

    Parameters
    ----------
    runs
        Finished runs, with or without truth.
    by
        Groups that are shown: `actor` or `typology`.
    timezone
        Name of the time zone of days and of hours of the week.
    command
        What makes the page again, for its end.

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
        ShownRun(name, summarise(run, by, timezone), run.scenario.scale, _rows_of(run))
        for name, run in zip(_names(runs), runs, strict=True)
    ]
    return Report(Shown(tuple(shown)), command)


def _names(runs: Sequence[Run]) -> list[str]:
    """Return what each run is called: its scenario, or the last part of its place if several."""
    if len(runs) == 1:
        return [runs[0].scenario.name]
    places = [str(x.store) for x in runs]
    names = [PurePosixPath(x).name or x for x in places]
    often = Counter(names)
    number = Counter[str]()
    for k, name in enumerate(names):
        if often[name] > 1:
            number[name] += 1
            names[k] = f"{name} ({number[name]})"
    return names


def _rows_of(run: Run) -> tuple[Row, ...]:
    """Return the exchanges of a run one by one, none if it has more than `MOST_ROWS`."""
    if not 0 < run.summary["exchanges"] <= MOST_ROWS:
        return ()
    has_truth = run.has("truth/exchanges")
    columns = (*_COLUMNS, "task_uid") if has_truth else _COLUMNS
    log = run.pandas(columns=columns, truth=has_truth).sort_values("ts_start", kind="stable")

    key = "task_uid" if has_truth else "conversation_id"
    numbers: dict[int, int] = {}
    opened: dict[int, Any] = {}
    rows = []
    for x in log.to_dict("records"):
        number = numbers.setdefault(x[key], len(numbers) + 1)
        first = opened.setdefault(x[key], x["ts_start"])
        rows.append(
            Row(
                task=number,
                start_s=(x["ts_start"] - first).total_seconds(),
                end_s=(x["ts_end"] - first).total_seconds(),
                input_tokens=int(x["input_tokens_total"]),
                cached_tokens=int(x["cache_read_tokens"]),
                output_tokens=int(x["output_tokens"]),
                from_user=x["last_role_in"] == "user",
            )
        )
    return tuple(rows)
