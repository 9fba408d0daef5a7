"""What an audit finds: a finding for each thing that a test asks, and all of them together."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from sim.documents.columns import columns
from sim.documents.printable import printable
from sim.errors import CheckFailedError

if TYPE_CHECKING:
    import pandas as pd

Status = Literal["passed", "failed", "not_checked"]
HEADS = ("test", "what", "figure", "limit", "verdict", "worst place")


@dataclass(frozen=True)
class Finding:
    """What a test found out about one thing.

    Attributes
    ----------
    test
        Id of the test, such as `T1`; the audit fills it in.
    title
        What was asked, in a few words: `columns of accounts, AUC`.
    status
        `passed`, `failed` or `not_checked`, which is no pass.
    figure, limit, error
        What was measured, what is allowed, and the standard error of the figure; None where there
        is no number.
    where
        The worst place: a column, a typology, a file. Of what was not checked the reason.
    says
        How many were looked at, what was sampled, which correction was made; may be empty.
    """

    test: str
    title: str
    status: Status
    figure: float | None = None
    limit: float | None = None
    error: float | None = None
    where: str = ""
    says: str = ""


def judged(
    title: str,
    figure: float,
    limit: float,
    *,
    error: float = 0.0,
    widen: float = 2.0,
    at_least: bool = False,
    where: str = "",
    says: str = "",
) -> Finding:
    """Return a finding on a figure that may be at most `limit`, widened by chance.

    Parameters
    ----------
    title, where, says
        As in `Finding`.
    figure, limit
        What was measured and what is allowed.
    error
        Standard error of the figure, clustered by owner.
    widen
        How many standard errors the figure may lie beyond the limit.
    at_least
        Whether the limit is the least that is allowed, and not the most.
    """
    beyond = (limit - figure if at_least else figure - limit) - widen * error
    status: Status = "failed" if beyond > 1e-12 or math.isnan(figure) else "passed"
    return Finding("", title, status, float(figure), float(limit), float(error), where, says)


def judged_auc(
    title: str,
    area: float,
    limit: float,
    *,
    error: float,
    widen: float = 2.0,
    where: str = "",
    says: str = "",
) -> Finding:
    """Return a finding on an AUC: not checked if even an AUC of 1 would pass for its error.

    The parameters are those of `judged`.
    """
    if limit + widen * error >= 1:
        why = f"too few to tell: the figure is {area:.2f}, its error {error:.2g} lets all pass"
        return not_checked(title, why)
    return judged(title, area, limit, error=error, widen=widen, where=where, says=says)


def not_checked(title: str, why: str) -> Finding:
    """Return a finding that nothing was found out, with the reason."""
    return Finding("", title, "not_checked", where=why)


@dataclass(frozen=True, repr=False)
class Audit(Sequence[Finding]):
    """All findings of an audit, in the order of the tests.

    Attributes
    ----------
    what
        The run or pack that was audited.
    difficulty
        `easy`, `medium` or `hard`: whose limits were asked for.
    findings
        At least one for each test.
    """

    what: str
    difficulty: str
    findings: tuple[Finding, ...]

    def __len__(self) -> int:
        return len(self.findings)

    def __getitem__(self, index: Any) -> Any:
        return self.findings[index]

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.findings)

    def of(self, test: str) -> tuple[Finding, ...]:
        """Return the findings of one test, such as `T1`."""
        return tuple(finding for finding in self.findings if finding.test == test)

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The findings that fail."""
        return tuple(finding for finding in self.findings if finding.status == "failed")

    @property
    def unchecked(self) -> tuple[Finding, ...]:
        """The findings that say only why nothing was found out."""
        return tuple(finding for finding in self.findings if finding.status == "not_checked")

    @property
    def ok(self) -> bool:
        """Whether nothing failed; what was not checked does not count."""
        return not self.failed

    @property
    def headline(self) -> str:
        """In one line whether it passed, and how much of it was not checked."""
        unchecked = f"{len(self.unchecked)} not checked"
        if not self.failed:
            return f"passed, {unchecked}" if self.unchecked else "passed"
        tests = ", ".join(dict.fromkeys(finding.test for finding in self.failed))
        return f"failed: {tests}" + (f"; {unchecked}" if self.unchecked else "")

    def raise_if_failed(self) -> None:
        """Raise CheckFailedError that names the tests that failed, if there are any."""
        if self.failed:
            raise CheckFailedError(f"{printable(self.what)}: {self.headline}")

    def to_dict(self) -> dict[str, Any]:
        """Return all of it as data that JSON can hold; what is no number is None.

        Figures have nine digits: the last ones of a sum hang on the order in which a database adds.
        """
        return {
            "what": self.what,
            "difficulty": self.difficulty,
            "ok": self.ok,
            "headline": self.headline,
            "findings": [
                {k: _value(v) for k, v in asdict(finding).items()} for finding in self.findings
            ],
        }

    def to_frame(self) -> pd.DataFrame:
        """Return a data frame with a row for each finding."""
        import pandas as pd

        return pd.DataFrame([asdict(finding) for finding in self.findings])

    def to_text(self, width: int = 100) -> str:
        """Return what the command line prints: a table, and a line that sums it up."""
        rows = [HEADS, *map(row_of, self.findings)]
        table = columns(rows, width, left=[True, True, False, False, True, True], heads=1)
        return "\n".join([*table, "", f"{printable(self.what)}: {self.headline}", ""])

    def to_html(self, path: str | Path) -> None:
        """Write one page with a table of the findings."""
        import_module("sim.reporting.audit_page").write_audit_page(self, Path(path))

    def __repr__(self) -> str:
        return self.to_text().rstrip("\n")


def _value(value: Any) -> Any:
    """Return a value for JSON: numbers with nine digits, None for what is no number."""
    if not isinstance(value, float):
        return value
    return None if value != value else float(f"{value:.9g}")


def row_of(finding: Finding) -> tuple[str, ...]:
    """Return a finding as texts, one for each of `HEADS`."""
    error = f" ±{finding.error:.2g}" if finding.error else ""
    return (
        finding.test,
        printable(finding.title),
        _number(finding.figure) + (error if finding.figure is not None else ""),
        _number(finding.limit),
        finding.status.replace("_", " "),
        printable(finding.where),
    )


def _number(value: float | None) -> str:
    """Return a figure as text: whole numbers whole, others with three digits; `-` for none."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:,.0f}" if value == round(value) and value != 1 else f"{value:.3g}"
