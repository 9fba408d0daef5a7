"""Fitting a trace, and writing what came of it."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import yaml

import sim.catalog as catalog
from sim._version import __version__
from sim.calibration.dials import actor_dials, figures_of, not_identified, scaffold_dials
from sim.calibration.form import Calibration, LibraryFile, ScaffoldDials, TraceForm
from sim.calibration.quantities import Quantities, quantities_of, with_turns
from sim.calibration.rates import rates_of
from sim.distributions import SHAPES
from sim.errors import InvalidInputError
from sim.traces import Trace, split_trace

Kind = Literal["library", "dials"]

_AGENTS = {
    "coding": "coding-cli",
    "chat": "chat",
    "api": "api-script",
    "benchmark": "mini-swe-agent",
}
_WIDTH = 110
_HEAD = """\
# Written by `sim calibrate`; an actor of a scenario takes it by the key `calibration`. What the
# actor says itself comes before what stands here.
"""


class _Dumper(yaml.SafeDumper):
    """Writes mappings that hold no other mappings, and lists, in one line that may be folded."""

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> Any:
        """Return the node of a mapping."""
        is_flat = not any(isinstance(x, dict | list) for x in mapping.values())
        is_flow = is_flat or any(shape in mapping for shape in SHAPES)
        return super().represent_mapping(tag, mapping, is_flow)


@dataclass(frozen=True)
class Fitted:
    """What came of a trace: the calibration, and the bytes of the library that belongs to it."""

    calibration: Calibration
    library: bytes | None

    def write(self, out: Path) -> Calibration:
        """Write the calibration, and its library beside it; return it as it was written.

        Parameters
        ----------
        out
            File of YAML; its folder is made. The library has its name, with the ending `.parquet`.
        """
        made = self.calibration
        out.parent.mkdir(parents=True, exist_ok=True)
        if self.library is not None and made.library is not None:
            beside = out.with_suffix(".parquet")
            beside.write_bytes(self.library)
            library = made.library.model_copy(update={"file": beside.name})
            made = made.model_copy(update={"library": library})

        text = yaml.dump(made.to_dict(), Dumper=_Dumper, sort_keys=False, width=_WIDTH)
        out.write_text(_HEAD + text, encoding="utf-8")
        return made


def check_place(out: Path, trace: str) -> None:
    """Refuse a place that cannot be written to, or where the calibration would replace its trace.

    Parameters
    ----------
    out
        File of YAML.
    trace
        File or name of the trace.

    Raises
    ------
    InvalidInputError
        If so.
    """
    above = next(x for x in out.absolute().parents if x.exists())
    if out.is_dir() or not above.is_dir():
        is_folder = "is a folder" if out.is_dir() else f"lies below the file {above}"
        raise InvalidInputError(f"--out: {out} {is_folder}; name a file, such as params.yaml")
    if not os.access(above, os.W_OK):
        raise InvalidInputError(f"--out: {above} cannot be written to; choose another place")
    if Path(trace).resolve() in (out.resolve(), out.with_suffix(".parquet").resolve()):
        raise InvalidInputError(
            f"--out: {out} and its library would take the place of the trace; choose another name"
        )


def fit_trace(
    trace: Trace, kind: Kind | None = None, agent: str | None = None, seed: int = 0
) -> Fitted:
    """Fit dials, or a library of calls, to two thirds of a trace.

    Parameters
    ----------
    trace
        Any trace of calls.
    kind
        library: the recorded calls themselves, to be resampled, which needs sessions. dials: a
        distribution for each quantity. None for a library if there are sessions.
    agent
        Id of the catalog's agent whose other dials stay; None for one that fits the trace.
    seed
        Of the split into the part to fit and that to test.

    Raises
    ------
    InvalidInputError
        If there is no such agent, if a library is asked for of a trace without sessions, or if the
        trace cannot be split.
    """
    if agent is not None:
        catalog.lookup(catalog.agents(), "agent", agent)
    if kind == "library" and not trace.has_sessions:
        raise InvalidInputError(
            f"{trace.name}: a library needs the column session; add it, or fit dials (--as dials)"
        )

    by_library = trace.has_sessions if kind is None else kind == "library"
    fit, test = split_trace(trace, seed)
    measured, held_out = quantities_of(fit), quantities_of(test)
    library = _library_of(fit) if by_library else None

    calibration = Calibration(
        version=1,
        software=f"llm-traffic-sim {__version__}",
        trace=_form_of(trace, fit, test, seed),
        agent=agent or agent_for(trace, measured),
        library=None if library is None else _library_file(library),
        actor=actor_dials(measured, trace, by_library),
        scaffold=ScaffoldDials() if by_library else scaffold_dials(measured),
        figures=tuple(figures_of(measured, held_out)),
        rates=rates_of(trace),
        not_identified=tuple(not_identified(trace, measured, by_library)),
    )
    return Fitted(calibration, library)


def agent_for(trace: Trace, measured: Quantities) -> str:
    """Return the agent of the catalog that is nearest to a trace.

    That of the class of a shipped trace. Of others mini-swe-agent where calls work on items,
    coding-cli where turns have several calls, chat for other sessions, else api-script.
    """
    if trace.workload:
        return _AGENTS[trace.workload]
    if trace.has("item"):
        return _AGENTS["benchmark"]
    if not trace.has_sessions:
        return _AGENTS["api"]
    return _AGENTS["coding" if measured.agentic_share > 0 else "chat"]


def _form_of(trace: Trace, fit: Trace, test: Trace, seed: int) -> TraceForm:
    """Return what is said about a trace and its parts."""
    sessions = [
        int(part.rows["session"].nunique()) if part.has_sessions else None for part in (fit, test)
    ]
    return TraceForm(
        name=Path(trace.name).name,
        sha256=trace.sha256,
        split_seed=seed,
        fit_calls=len(fit.rows),
        test_calls=len(test.rows),
        fit_sessions=sessions[0],
        test_sessions=sessions[1],
    )


def _library_file(content: bytes) -> LibraryFile:
    """Return what a calibration says of its library; the name is that of the place it goes to."""
    return LibraryFile(file="library.parquet", sha256=hashlib.sha256(content).hexdigest())


def _library_of(trace: Trace) -> bytes:
    """Return the bytes of the file of a library of the calls of a trace."""
    from sim.calibration.library import library_from_trace
    from sim.catalog.libraries import write_library

    out = BytesIO()
    write_library(library_from_trace(with_turns(trace), Path(trace.name).stem), out)
    return out.getvalue()
