"""The file that `sim calibrate` writes, and a scenario takes: its form, and how it is read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from sim.catalog.ids import AgentId
from sim.distributions import SHAPE_NAMES, Distribution
from sim.documents.bounds import MOST_PER_DAY, Seconds, Steps, Tokens, UserTurns
from sim.documents.files import read_file
from sim.documents.form_problems import Layout, problems_of_form
from sim.documents.forms import Form
from sim.documents.problems import Place, Problem, raise_problems
from sim.documents.value_types import Share, Version
from sim.errors import InvalidInputError


def _dial(text: str) -> Any:
    """Return the field of a dial that may be left out."""
    return Field(default=None, description=f"{text} Default: that of the agent.")


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class TraceForm(Form):
    """Which trace was fitted; counts of calls and sessions, by part."""

    name: str
    sha256: Sha256
    split_seed: int
    fit_calls: int
    test_calls: int
    fit_sessions: int | None = None
    test_sessions: int | None = None


class TurnsDials(Form):
    """User turns of a session; 1 with probability `single_share`, else drawn from `more`."""

    single_share: Share
    more: UserTurns


class ActorDials(Form):
    """Dials of an actor; those that the trace cannot tell are left out."""

    turns_per_session: TurnsDials | None = None
    agentic_share: Share | None = None
    tool_steps: Steps | None = None
    human_gap_s: Seconds | None = None
    output_tokens: Tokens | None = None
    exchanges_per_account_day: Annotated[float, Field(gt=0, le=MOST_PER_DAY)] | None = None
    account_volume_sigma: Annotated[float, Field(ge=0, le=10)] | None = None


class ScaffoldDials(Form):
    """Dials of the agent, in place of those of the catalog; a key that is left out keeps those."""

    base_context_tokens: Tokens | None = _dial(
        "Tokens of the first call of a session: prompt, tools, first message, 0 to 10^6."
    )
    append_tokens: Tokens | None = _dial("Tokens that a result of a tool appends, 0 to 10^6.")
    user_append_tokens: Tokens | None = _dial("Tokens that a person appends, 0 to 10^6.")
    tool_time_s: Seconds | None = _dial(
        "Pause between an answer and the call with the result of its tool, 0 to 316,224,000 s."
    )
    dropped_share: Share | None = _dial(
        "Share of answers that the next request leaves out, such as reasoning, 0 to 1."
    )


class LibraryFile(Form):
    """The library of calls: a file beside this one, and what it holds."""

    file: str
    sha256: Sha256


class PartFigures(Form):
    """What a quantity is in one part of the trace: number of values, three quantiles."""

    n: int
    p10: float
    p50: float
    p90: float


class Figure(Form):
    """A quantity in both parts, and how far the part to test on is from what was fitted.

    `ks` is the Kolmogorov-Smirnov distance between the fitted distribution and the part to test on.
    """

    quantity: str
    unit: str
    fit: PartFigures
    test: PartFigures
    ks: float


class NotIdentified(Form):
    """What the trace cannot tell, and why."""

    what: str
    why: str


class Calibration(Form):
    """All that was fitted to a trace."""

    version: Version
    software: str
    trace: TraceForm
    agent: AgentId
    library: LibraryFile | None = None
    actor: ActorDials
    scaffold: ScaffoldDials
    figures: tuple[Figure, ...]
    rates: dict[str, float]
    not_identified: tuple[NotIdentified, ...]

    def __repr__(self) -> str:
        kind = "dials" if self.library is None else "library"
        return f"<Calibration of {self.agent} on {self.trace.name}: {kind}>"

    def to_dict(self) -> dict[str, Any]:
        """Return JSON-ready values without what is left out; the file holds these."""
        return self.model_dump(mode="json", exclude_none=True)


_LAYOUT = Layout(
    root=Calibration,
    title="a calibration",
    item="entry",
    mappings={Distribution: f"a number, or a mapping with one of {SHAPE_NAMES}"},
)


class CalibrationFile(Form):
    """A calibration that was read: the path and SHA-256 of its file, and what it says."""

    path: str
    sha256: str
    calibration: Calibration

    @property
    def library(self) -> str | None:
        """Path and SHA-256 of its library, as `sim.catalog.library_named` takes it, or None."""
        library = self.calibration.library
        if library is None or self.library_path is None:
            return None
        return f"{Path(self.library_path).absolute()}#{library.sha256}"

    @property
    def library_path(self) -> str | None:
        """The file of the library of calls, None without one."""
        library = self.calibration.library
        return None if library is None else str(Path(self.path).parent / library.file)


def read_calibration(path: str) -> CalibrationFile:
    """Read what `sim calibrate` wrote, and check the library beside it.

    Raises
    ------
    InvalidInputError
        If there is no such file, if it is no calibration, or if the library is not the one that was
        written with it; lists every fault, a line each.
    """
    try:
        document = read_file(Path(path))
        content = Path(path).read_bytes()
    except FileNotFoundError:
        raise InvalidInputError(f"{path}: no such file; `sim calibrate` writes one") from None
    form, _, problems = problems_of_form(_LAYOUT, document)
    raise_problems(problems)
    if not isinstance(form, Calibration):
        raise AssertionError("a document without problems has a form")

    sha256 = hashlib.sha256(content).hexdigest()
    found = CalibrationFile(path=path, sha256=sha256, calibration=form)
    if form.library is not None and found.library_path is not None:
        check_library(found.library_path, form.library.sha256, path)
    return found


def check_library(path: str, sha256: str, source: str) -> None:
    """Refuse a library that is not there, or not the one that belongs to a calibration.

    Parameters
    ----------
    path, sha256
        The file, and what its bytes should come to.
    source
        What messages call the calibration.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}; run `sim calibrate` again"
        raise_problems([Problem(Place.whole(source), "library.file", message)])
        return
    if hashlib.sha256(content).hexdigest() != sha256:
        message = f"{path} has changed since the calibration; run `sim calibrate` again"
        raise_problems([Problem(Place.whole(source), "library.sha256", message)])
