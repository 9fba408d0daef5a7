"""What a check found, against what it expects; and the plots."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.support.paths import ROOT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FOLDER = ROOT / "runs" / "verification"
STANDARD_ERRORS = 4.0
LEAST_P = 1e-3

INK, GREY, BLUE, RED = "#222222", "#8a8a8a", "#2f6f9f", "#c0504d"
_STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 9.5,
    "axes.titlelocation": "left",
    "legend.frameon": False,
    "legend.fontsize": 8,
}


@dataclass(frozen=True)
class Result:
    """One line of the table of results."""

    check: str
    quantity: str
    value: str
    expected: str
    tolerance: str
    passed: bool

    def __str__(self) -> str:
        cells = (self.check, self.quantity, self.value, self.expected, self.tolerance)
        return f"| {' | '.join(cells)} | {'pass' if self.passed else 'FAIL'} |"


HEADER = (
    "| check | quantity | found | expected | tolerance | |\n| --- | --- | --- | --- | --- | --- |"
)


@dataclass
class Report:
    """The results of one check; `close` fails the test if one of them is not as expected."""

    check: str
    results: list[Result] = field(default_factory=list)

    def near(
        self, quantity: str, value: float, expected: float, error: float, slack: float = 0.0
    ) -> None:
        """Expect `value` within 4 standard errors, plus `slack` for what theory leaves out."""
        tolerance = STANDARD_ERRORS * error + slack
        passed = bool(abs(value - expected) <= tolerance)
        self._add(quantity, f"{value:.5g}", f"{expected:.5g}", f"± {tolerance:.2g}", passed)

    def probable(self, quantity: str, p: float) -> None:
        """Expect a test not to reject."""
        self._add(quantity, f"p = {p:.3g}", "uniform", f"p > {LEAST_P:g}", bool(p > LEAST_P))

    def exact(self, quantity: str, value: int, expected: int) -> None:
        self._add(quantity, f"{value:,}", f"{expected:,}", "exact", value == expected)

    def at_most(self, quantity: str, value: float, bound: float) -> None:
        self._add(quantity, f"{value:.3g}", "", f"at most {bound:.3g}", bool(value <= bound))

    def _add(self, quantity: str, value: str, expected: str, tolerance: str, ok: bool) -> None:
        self.results.append(Result(self.check, quantity, value, expected, tolerance, ok))

    def close(self) -> None:
        failed = [str(result) for result in self.results if not result.passed]
        assert self.results
        assert not failed, "\n".join(["", HEADER, *failed])


def panels(columns: int, rows: int = 1, width: float = 4.4, height: float = 3.3) -> Any:
    """Return a figure and its axes as a list."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(width * columns, height * rows), layout="constrained")
        axes = figure.subplots(rows, columns, squeeze=False).ravel().tolist()
    return figure, axes


def save(figure: Figure, name: str) -> None:
    """Write the figure into the folder of plots."""
    import matplotlib as mpl

    FOLDER.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context(_STYLE):
        for axes in figure.axes:
            if axes.get_legend_handles_labels()[0]:
                axes.legend(frameon=False, fontsize=8)
        figure.savefig(FOLDER / f"{name}.png", dpi=130, metadata={"Software": None})


def caption(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title, loc="left", fontsize=9.5)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def write_table(results: Iterable[Result]) -> str:
    """Write the table of results beside the plots and return it."""
    table = "\n".join([HEADER, *map(str, results)])
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "results.md").write_text(table + "\n", encoding="utf-8")
    return table
