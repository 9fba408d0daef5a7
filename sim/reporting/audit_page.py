"""An audit as one HTML file that stands alone: no network, no script."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from shlex import join

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from sim._version import __version__
from sim.audits import Audit
from sim.audits.registry import tests_of
from sim.audits.report import HEADS, row_of
from sim.documents.whole_text import write_whole

# What is wrong comes first, what could not be asked last.
_ORDER = ("failed", "passed", "not_checked")
_LEGEND = (
    "What failed comes first, what could not be checked last. A test passes if its figure is "
    "within its limit, or beyond it by no more than chance among the owners of accounts explains "
    "(± is one standard error). What was not checked is no pass."
)


def write_audit_page(audit: Audit, path: Path) -> None:
    """Write the page of an audit to a file; its folder is made if it is missing."""
    write_whole(path, audit_page(audit))


def audit_page(audit: Audit) -> str:
    """Return the page of an audit, the same text for the same audit."""
    environment = Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    template = environment.from_string(_text("audit_page.html.j2"))

    name = Path(audit.what).name or audit.what
    findings = sorted(audit, key=lambda finding: _ORDER.index(finding.status))
    asked = {finding.test for finding in findings}
    return template.render(
        style=Markup(_text("page.css")),
        title=f"Audit of {name}",
        facts=[f"{audit.headline}.", f"Limits of difficulty {audit.difficulty}."],
        legend=_LEGEND,
        heads=HEADS,
        rows=[(finding.status, row_of(finding), finding.says) for finding in findings],
        tests=[(test.id, test.title) for test in tests_of(()) if test.id in asked],
        command=join(["sim", "audit", audit.what, "--difficulty", audit.difficulty]),
        version=__version__,
    )


def _text(name: str) -> str:
    """Return a file of this package as text."""
    return files("sim.reporting").joinpath(name).read_text(encoding="utf-8")
