"""Little's law on the logs of shipped scenarios."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

import sim
from sim.arrays.types import Ints
from sim.scenario import shipped_scenarios
from tests.support.scenarios import log_with_truth, micros, read
from tests.verification.report import BLUE, GREY, INK, Report, caption, panels, save

pytestmark = pytest.mark.verify


SCALES = {
    "benchmark_thirty_runs": 0.02,
    "coding_users": 0.5,
    "reported_2026_02": 0.004,
    "reported_2026_09": 0.0005,
    "worked_example": 1.0,
}
LOOKS = 1_000_000
# those for claims and twins are of the same making, and some are far too large for this
LOOKED_AT = [
    name
    for name in shipped_scenarios()
    if name in SCALES or name in ("coordinated_pool", "incident", "launch_day")
]


class Budget(NamedTuple):
    """Intervals of exchanges or tasks, from the opening of the log, which lasts `log_us`."""

    begins_us: Ints
    ends_us: Ints
    log_us: int

    def area_us(self) -> int:
        """Integral of the number in progress over the log, event by event."""
        begins, ends = np.clip(self.begins_us, 0, None), np.clip(self.ends_us, None, self.log_us)
        at = np.concatenate([begins, ends])
        step = np.repeat([1, -1], len(begins))
        order = np.argsort(at, kind="stable")
        number, at = np.cumsum(step[order]), at[order]
        return int((number[:-1] * np.diff(at)).sum())

    def books_us(self) -> int:
        """Rate times mean length times the length of the log, less what lies outside of it."""
        before = np.clip(-self.begins_us, 0, None).sum()
        after = np.clip(self.ends_us - self.log_us, 0, None).sum()
        return int((self.ends_us - self.begins_us).sum() - before - after)

    def outside(self) -> float:
        """Share of the total length that lies outside of the log."""
        return 1 - self.books_us() / int((self.ends_us - self.begins_us).sum())

    def looked_at(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """The number in progress at times drawn uniformly."""
        moments = np.sort(rng.uniform(0, self.log_us, LOOKS))
        begun = np.searchsorted(np.sort(self.begins_us), moments, "right")
        ended = np.searchsorted(np.sort(self.ends_us), moments, "right")
        return np.asarray(begun - ended, np.float64)


def ledgers(path: Path, scenario: sim.Scenario) -> tuple[Budget, Budget, Any, Any]:
    opening = round(scenario.clock.start.timestamp() * 1e6)
    log_us = scenario.clock.duration_us
    log, tasks = log_with_truth(path), read(path, "truth/tasks")
    exchanges = Budget(micros(log["ts_start"]) - opening, micros(log["ts_end"]) - opening, log_us)
    begins_us, ends_us = micros(tasks["started_at"]) - opening, micros(tasks["ended_at"]) - opening
    return exchanges, Budget(begins_us, ends_us, log_us), log, tasks


def mismatched(log: Any, tasks: Any) -> int:
    """Tasks wholly in the log that do not last from their first exchange to their last."""
    spans = log.groupby("task_uid").agg(
        first=("ts_start", "min"), last=("ts_end", "max"), rows=("ts_start", "size")
    )
    both = tasks.merge(spans, left_on="task_uid", right_index=True, how="left")
    count = both["rows"] != both["exchanges_in_log"]
    whole = both["exchanges_in_log"] == both["exchanges"]
    shifted = (both["first"] != both["started_at"]) | (both["last"] != both["ended_at"])
    return int((count | (whole & shifted)).sum())


def test_little_s_law(report: Report, tmp_path: Path) -> None:
    """L = lambda W: exactly, event by event, and at times drawn at random."""
    rng = np.random.default_rng(3)
    ratios: dict[str, list[tuple[float, float]]] = {}
    for name in LOOKED_AT:
        scenario = sim.load_scenario(name, scale=SCALES.get(name, 0.1))
        path = sim.run(scenario, tmp_path / name).store.folder
        exchanges, tasks, log, task_table = ledgers(path, scenario)
        wrong = np.abs(log["duration_s"] * 1e6 - (exchanges.ends_us - exchanges.begins_us))
        relative = float((wrong / (exchanges.ends_us - exchanges.begins_us)).max())
        report.at_most(f"{name}: error of duration_s, relative", relative, 2.0**-23)
        report.exact(f"{name}: tasks that contradict the log", mismatched(log, task_table), 0)
        for what, ledger in (("exchanges", exchanges), ("tasks", tasks)):
            report.exact(f"{name}: L T of {what}, µs", ledger.area_us(), ledger.books_us())
            looked = ledger.looked_at(rng)
            wanted = ledger.books_us() / ledger.log_us
            error = float(looked.std() / LOOKS**0.5 / wanted)
            ratio = float(looked.mean() / wanted)
            edge = f"({100 * ledger.outside():.1f} % outside)"
            report.near(f"{name}: L / λW of {what} {edge}", ratio, 1.0, error)
            ratios.setdefault(what, []).append((ratio, error))

    figure, (axes,) = panels(1, width=8)
    names = list(LOOKED_AT)
    for shift, (what, colour) in enumerate((("exchanges", BLUE), ("tasks", INK))):
        at = np.arange(len(names)) + 0.2 * (shift - 0.5)
        ratio, error = np.array(ratios[what]).T
        axes.errorbar(ratio, at, xerr=4 * error, fmt="o", color=colour, ms=4, capsize=3, label=what)
    axes.axvline(1, color=GREY, lw=1)
    axes.set_yticks(range(len(names)), names)
    caption(axes, "In progress at a million random times (bars: 4 errors)", "L / (λ W)", "")
    save(figure, "little")
    report.close()
