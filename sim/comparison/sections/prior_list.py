"""Section `priors`: every prior and every measured input, with status and source."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from sim.catalog import Benchmark, Claim, benchmarks, cited, sources
from sim.comparison.hypotheses.hypothesis_forms import Calls
from sim.comparison.hypotheses.model import Library
from sim.comparison.inference.calls_per_task import measured_for
from sim.comparison.section import Comparison, Section, no_result
from sim.comparison.tables import Row, Table, text_column
from sim.comparison.wording import counted
from sim.distributions import Distribution

ASSUMPTIONS = (
    "Most priors are assumptions without a measurement behind them. Change one with --set, or "
    "write explanations of your own, and look what becomes of the odds."
)
TWICE = (
    "`uses claim` names the claim that is weighed with a prior taken from its own report: such a "
    "prior makes its explanation look better than it is."
)
_PARAMETERS, _CALLS, _BENCHMARKS = "prior", "calls of a task", "benchmark"


def priors_table(comparison: Comparison, _: None) -> Table:
    """Return a row for each input that some hypothesis uses.

    Inputs are priors of parameters, kinds of calls, and what is known of benchmarks. Those that no
    compared hypothesis uses are left out.
    """
    columns = (
        text_column("dial", "dial"),
        text_column("kind", "kind"),
        text_column("prior", "value"),
        text_column("status", "status"),
        text_column("source", "source"),
        text_column("uses_claim", "uses claim"),
        text_column("note", "note"),
        text_column("of", "explanations"),
    )
    rows = tuple(_rows(comparison))
    finding = say_priors(comparison, None)
    wide = ("kind", "note", "of")
    return Table("priors", "priors", finding, columns, rows, (ASSUMPTIONS, TWICE), wide)


def _rows(comparison: Comparison) -> Iterator[Row]:
    """Yield the rows of all inputs: parameters, kinds of calls, then benchmarks."""
    library, weighed = comparison.library, weighed_claims(comparison)
    for source, row in (*_parameters(library), *_calls(library), *_benchmarks(library)):
        name, kind, value, status, note, by = row
        used = ", ".join(claims_of_source(source, weighed)) or None
        yield name, kind, value, status, source_words(source), used, note, by


def weighed_claims(comparison: Comparison) -> tuple[Claim, ...]:
    """Return the claims that are weighed, each once; none where runs are weighed in their place."""
    if comparison.runs:
        return ()
    return tuple(dict.fromkeys(x for case in comparison.cases for x in case.claims.values()))


def claims_of_source(source: str, weighed: Iterable[Claim]) -> tuple[str, ...]:
    """Return ids of the claims whose report is the source of a prior.

    Parameters
    ----------
    source
        As a prior gives it: a source of the catalog, or words. Words mean a claim if they are its
        id, its report, or its source.
    weighed
        The claims to look among.
    """
    url = sources()[source].url if source in sources() else None
    return tuple(
        x.id
        for x in weighed
        if source in (x.id, x.report, x.source) or (url and x.source.startswith(url))
    )


def _parameters(library: Library) -> Iterator[tuple[str, Row]]:
    """Yield source and row of each prior of a parameter, with the hypotheses that have it.

    Two hypotheses with the same prior under the same name share a row.
    """
    users: dict[tuple[str, str], list[str]] = {}
    priors = {}
    for id_, hypothesis in library.hypotheses.items():
        for name, prior in hypothesis.priors.items():
            users.setdefault((name, prior.words()), []).append(id_)
            priors[name, prior.words()] = prior

    for (name, value), prior in priors.items():
        ids = users[name, value]
        by = "all" if len(ids) == len(library.hypotheses) else ", ".join(ids)
        yield prior.source, (name, _PARAMETERS, value, prior.status, prior.note or None, by)


def _calls(library: Library) -> Iterator[tuple[str, Row]]:
    """Yield source and row of each kind of calls that some work may have."""
    for name, calls in _used_calls(library).items():
        more = "" if calls.more is None else f", then {_distribution_words(calls.more)} tool steps"
        value = f"tools in {100 * calls.tools_share:g} % of tasks{more}"
        note = calls.note or None
        yield calls.source, (name, _CALLS, value, calls.status, note, calls.title)


def _used_calls(library: Library) -> dict[str, Calls]:
    """Return the kinds of calls that works of the library choose among, by id, each once."""
    return {
        name: hypothesis.calls[name]
        for hypothesis in library.hypotheses.values()
        for work in hypothesis.work.values()
        if work.calls is not None
        for name in work.calls.names
    }


def _benchmarks(library: Library) -> Iterator[tuple[str, Row]]:
    """Yield sources and rows of each used benchmark, for items and calls that the catalog cites."""
    for id_ in _used_benchmarks(library):
        benchmark = benchmarks()[id_]
        values = {"items": str(benchmark.items), "calls_per_item": _calls_words(benchmark)}
        for cell in cited("benchmark", id_):
            if cell.key in values:
                name, value = f"{id_}.{cell.key}", values[cell.key]
                note = cell.note or None
                yield cell.source, (name, _BENCHMARKS, value, cell.status, note, benchmark.title)


def _used_benchmarks(library: Library) -> list[str]:
    """Return ids of benchmarks in suites that works of the library choose among, each once."""
    used = (
        id_
        for hypothesis in library.hypotheses.values()
        for work in hypothesis.work.values()
        if work.suites is not None
        for suite in work.suites.names
        for id_ in hypothesis.suites[suite].benchmarks
    )
    return list(dict.fromkeys(used))


def _calls_words(benchmark: Benchmark) -> str:
    """Return the calls of an item in words: a distribution, or whose steps were measured."""
    if benchmark.calls_per_item is not None:
        return _distribution_words(benchmark.calls_per_item)
    measured = measured_for(benchmark)
    return "measured steps of " + ", ".join(f"{x.agent} with {x.model_id}" for x in measured)


def _distribution_words(distribution: Distribution) -> str:
    """Return a distribution in words, such as `lognormal, median 8, sigma 1`."""
    shape, values = next(iter(distribution.model_dump(exclude_none=True).items()))
    if not isinstance(values, dict):
        return f"{values:g}"
    return ", ".join([shape, *(f"{k} {v:,g}" for k, v in values.items())])


def source_words(key: str) -> str:
    """Return what a source is: the text of the catalog's source, or the words themselves."""
    return sources()[key].text if key in sources() else key


def say_priors(comparison: Comparison, _: None) -> str:
    """Say how many inputs have which status, and which use a claim that they weigh."""
    rows = list(_rows(comparison))
    statuses = Counter(str(row[3]) for row in rows)
    used = [str(row[0]) for row in rows if row[5]]
    twice = "none is taken from a claim that it weighs"
    if used:
        twice = f"these are taken from a claim that they weigh: {', '.join(used)}"
    return (
        f"Of {statuses.total()} inputs {counted(statuses)}; what is called prior is an assumption, "
        f"and {twice}"
    )


SECTION = Section(
    id="priors",
    question="every prior with status and source",
    tables=(priors_table,),
    compute=no_result,
    findings=(say_priors,),
)
