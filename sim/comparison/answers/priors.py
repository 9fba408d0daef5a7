"""What is assumed: every prior and every measured input, with status and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sim.catalog import Benchmark, benchmarks, cited, sources
from sim.comparison.analysis import Analysis
from sim.comparison.answers.columns import counted, text
from sim.comparison.hypotheses.forms import Calls
from sim.comparison.inference.calls_per_task import measured_for
from sim.comparison.tables import Row, Table
from sim.distributions import Distribution

ASSUMPTIONS = (
    "Most priors are assumptions without a measurement behind them. Change one with --set, or "
    "write explanations of your own, and look what becomes of the odds."
)


_DIALS, _CALLS, _BENCHMARKS = "prior", "calls of a task", "benchmark"


def priors_table(a: Analysis) -> Table:
    columns = (
        text("dial", "dial"),
        text("kind", "kind"),
        text("prior", "value"),
        text("status", "status"),
        text("source", "source"),
        text("note", "note"),
        text("of", "explanations"),
    )
    rows = (*_dials(a), *_calls(a), *_benchmarks(a))
    wide = ("kind", "note", "of")
    return Table("priors", "priors", say_priors(a), columns, rows, (ASSUMPTIONS,), wide)


def _dials(a: Analysis) -> Iterator[Row]:
    """Yield a row for each prior, with the explanations that have it."""
    of: dict[tuple[str, str], list[str]] = {}
    found = {}
    for id_, hypothesis in a.library.hypotheses.items():
        for name, prior in hypothesis.priors.items():
            of.setdefault((name, prior.words()), []).append(id_)
            found[name, prior.words()] = prior
    for (name, said), prior in found.items():
        ids = of[name, said]
        by = "all" if len(ids) == len(a.library.hypotheses) else ", ".join(ids)
        note = prior.note or None
        yield name, _DIALS, said, prior.status, source_words(prior.source), note, by


def _calls(a: Analysis) -> Iterator[Row]:
    for name, x in _used_calls(a).items():
        more = "" if x.more is None else f", then {_distribution_words(x.more)} tool steps"
        said = f"tools in {100 * x.tools_share:g} % of tasks{more}"
        note = x.note or None
        yield name, _CALLS, said, x.status, source_words(x.source), note, x.title


def _used_calls(a: Analysis) -> dict[str, Calls]:
    return {
        name: hypothesis.calls[name]
        for hypothesis in a.library.hypotheses.values()
        for work in hypothesis.work.values()
        if work.calls is not None
        for name in work.calls.names
    }


def _benchmarks(a: Analysis) -> Iterator[Row]:
    for id_ in _used_benchmarks(a):
        x = benchmarks()[id_]
        for cell in cited("benchmark", id_):
            if cell.key in ("items", "calls_per_item"):
                said = str(x.items) if cell.key == "items" else _calls_words(x)
                name = f"{id_}.{cell.key}"
                source = source_words(cell.source)
                yield name, _BENCHMARKS, said, cell.status, source, cell.note or None, x.title


def _calls_words(benchmark: Benchmark) -> str:
    if benchmark.calls_per_item is not None:
        return _distribution_words(benchmark.calls_per_item)
    measured = measured_for(benchmark)
    return "measured steps of " + ", ".join(f"{x.agent} with {x.model_id}" for x in measured)


def _used_benchmarks(a: Analysis) -> list[str]:
    return list(
        dict.fromkeys(
            id_
            for hypothesis in a.library.hypotheses.values()
            for work in hypothesis.work.values()
            if work.suites is not None
            for suite in work.suites.names
            for id_ in hypothesis.suites[suite].benchmarks
        )
    )


def _distribution_words(distribution: Distribution) -> str:
    shape, values = next(iter(distribution.model_dump(exclude_none=True).items()))
    if not isinstance(values, dict):
        return f"{values:g}"
    return ", ".join([shape, *(f"{k} {v:,g}" for k, v in values.items())])


def source_words(key: str) -> str:
    """Return what a source is: the text of the catalog's source, or the words themselves."""
    return sources()[key].text if key in sources() else key


def say_priors(a: Analysis) -> str:
    """How many inputs are assumed."""
    rows = (*_dials(a), *_calls(a), *_benchmarks(a))
    return (
        f"Of {len(rows)} inputs {counted(Counter(str(row[3]) for row in rows))}; what is called "
        "prior is an assumption"
    )
