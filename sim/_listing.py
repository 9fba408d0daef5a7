"""What `sim.list` and `sim list` show: a line and a record of scenarios and catalog entries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import sim.catalog as catalog
from sim.errors import InvalidInputError
from sim.scenario import load_scenario, shipped_scenarios

_STATUSES = ("measured", "reported", "prior")

Record = dict[str, Any]


class Entry(NamedTuple):
    """One scenario or catalog entry, as it is shown and as a record.

    Attributes
    ----------
    line
        The cells that text shows, id and title first. Entries of a kind have as many.
    record
        JSON-ready, with `id` and more by kind, and the source and status of every value.
    """

    line: tuple[str, ...]
    record: Record


def entries(kind: str) -> list[Entry]:
    """Return the entries of a kind, in the order of the catalog.

    Parameters
    ----------
    kind
        One of `LISTS`; KeyError for any other.
    """
    return list(LISTS[kind]())


def _scenarios() -> Iterator[Entry]:
    """Yield the shipped scenarios; the title of one that is not valid says what is wrong."""
    for name, path in shipped_scenarios().items():
        try:
            title = load_scenario(path, seed=0).title
        except InvalidInputError as error:
            title = f"invalid: {str(error).splitlines()[0]}"
        yield Entry((name, title), {"id": name, "title": title, "path": str(path)})


def _recipes() -> Iterator[Entry]:
    """Yield the shipped recipes of packs; the title of one that is not valid says what is wrong."""
    from sim.packs.load_recipe import load_recipe, shipped_recipes

    for name, path in shipped_recipes().items():
        record: Record = {"id": name, "title": "", "path": str(path)}
        try:
            recipe = load_recipe(path)
        except InvalidInputError as error:
            title, note = f"invalid: {str(error).splitlines()[0]}", ""
        else:
            title, note = recipe.title, recipe.summary()
            record |= {"status": recipe.status, "difficulty": recipe.difficulty}
        yield Entry((name, title, note), {**record, "title": title})


def _typologies() -> Iterator[Entry]:
    """Yield the typologies with arrival and purpose, and whether their access is authorised."""
    for item in catalog.typologies().values():
        note = f"{item.arrival}; {item.purpose}, {item.access_legitimacy}"
        more = {"arrival": item.arrival, "is_extraction": item.is_extraction}
        yield Entry((item.id, item.title, note), _record("typology", item, more))


def _benchmarks() -> Iterator[Entry]:
    """Yield the benchmarks with their items, how much those differ, and who can run them."""
    for item in catalog.benchmarks().values():
        items = f"{item.items:,} items, item share {item.item_share:.2f}"
        note = f"{items}; {', '.join(item.agents) or 'no agent'}"
        more = {"items": item.items, "item_share": item.item_share, "agents": list(item.agents)}
        yield Entry((item.id, item.title, note), _record("benchmark", item, more))


def _agents() -> Iterator[Entry]:
    """Yield the agents with the served models that steps were measured with."""
    measured: dict[str, list[str]] = {}
    for steps in catalog.step_distributions().values():
        if steps.model_id:
            measured.setdefault(steps.agent, []).append(steps.model_id)

    for item in catalog.agents().values():
        models = sorted(measured.get(item.id, ()))
        note = f"steps measured with {', '.join(models)}" if models else "no measured steps"
        record = _record("agent", item, {"measured_models": models})
        yield Entry((item.id, item.title, note), record)


def _models() -> Iterator[Entry]:
    """Yield the models with list prices for input and output, context window and release."""
    for item in catalog.models().values():
        note = (
            f"{item.input_usd_per_mtok:g} / {item.output_usd_per_mtok:g} USD/Mtok, "
            f"{item.context_window_tokens:,} tokens, {item.released}"
        )
        record = _record("model", item, {"aliases": list(item.aliases)})
        yield Entry((item.id, item.title, note), record)


def _world() -> Iterator[Entry]:
    """Yield the parameters of the world with default, unit, what they act on, and all sources.

    The title of the record is what the parameter acts on; `values` has a cell for each entry that
    it belongs to, named in `of`.
    """
    for item in catalog.parameters():
        status = f"{', '.join(item.statuses)}: {', '.join(item.sources)}"
        line = (item.key, str(item.default), item.unit, item.acts_on, status)
        values = [{"of": of, **x.model_dump(mode="json")} for of, x in item.values.items()]
        record = {"id": item.key, "title": item.acts_on, "unit": item.unit}
        yield Entry(line, {**record, "default": item.default, "values": values})


def _levels() -> Iterator[Entry]:
    """Yield the levels of difficulty with the range of the separability of typologies."""
    for item in catalog.levels().values():
        low, high = min(item.parameters.values()), max(item.parameters.values())
        note = f"separability {low:g}" + (f" to {high:g}, by typology" if low < high else "")
        yield Entry((item.id, item.title, note), _record("level", item, {}))


def _limits() -> Iterator[Entry]:
    """Yield the rate limits by tier, class of models and day from which they hold."""
    for tier, classes in catalog.tiers().items():
        for item in (limit for over_time in classes.values() for limit in over_time):
            per_minute = (
                f"{item.requests_per_min:,} requests, {item.input_tokens_per_min:,} input and "
                f"{item.output_tokens_per_min:,} output tokens a minute"
            )
            title = f"{item.model_class}, from {item.since}"
            line = (tier, title, per_minute, f"{item.status}: {item.source}")
            yield Entry(line, {"id": tier, "title": title, **item.model_dump(mode="json")})


def _traces() -> Iterator[Entry]:
    """Yield the shipped traces with class of traffic, rows, licence and source."""
    from sim.traces.shipped import shipped_rows, shipped_traces

    for item in shipped_traces().values():
        rows = shipped_rows(item.id)
        of_what = "calls" if item.kind == "calls" else "windows of clients"
        note = f"{item.workload}; {rows:,} {of_what}; {item.licence}"
        record = {**item.model_dump(mode="json"), "rows": rows}
        yield Entry((item.id, item.title, note), record)


def _claims() -> Iterator[Entry]:
    """Yield the claims with report, actor and figure; the record is the whole claim."""
    for item in catalog.claims().values():
        value = "no figure" if item.value is None else f"{item.value:,.15g}"
        # a number that the report does not print is not shown as a reported one
        status = item.status if item.figure in ("given", "none") else item.figure
        note = f"{status}: {item.qualifier}" if item.qualifier else status
        line = (item.id, f"{item.report}: {item.actor}", f"{item.metric} {value} ({note})")
        yield Entry(line, item.model_dump(mode="json"))


def _hypotheses() -> Iterator[Entry]:
    """Yield the shipped hypotheses with their driver, and how many priors have each status."""
    from sim.comparison.hypotheses.load_hypotheses import load_library

    library = load_library()
    for item in library.hypotheses.values():
        counts = Counter(str(prior.status) for prior in item.priors.values())
        statuses = ", ".join(f"{counts[x]} {x}" for x in _STATUSES if counts[x])
        note = f"{' + '.join(item.work)}; lever {item.driver}"
        record = {
            "id": item.id,
            "title": item.title,
            "about": item.about,
            "work": list(item.work),
            "lever": item.driver,
            "typologies": list(item.typologies),
            "accused": item.id == library.accused,
            "priors": [_prior(name, prior) for name, prior in item.priors.items()],
        }
        yield Entry((item.id, item.title, note, statuses), record)


def _detectors() -> Iterator[Entry]:
    """Yield the detectors of the package with the columns that their predictions have.

    What they see and where they are from stands in the record.
    """
    from sim.detectors.registry import BASELINES

    for name, item in BASELINES.items():
        gives = ["score", *item.gives]
        record = {"id": name, "title": item.title, "gives": gives}
        record |= {"sees": item.sees, "source": item.source}
        yield Entry((name, item.title, f"gives {', '.join(gives)}"), record)


def _exports() -> Iterator[Entry]:
    """Yield the formats of exports with their readers, and what stands behind each field."""
    from sim.exports.format import KINDS
    from sim.exports.registry import EXPORTS

    for name, item in EXPORTS.items():
        names = {kind: [x.name for x in item.fields if x.kind == kind] for kind in KINDS}
        fields = "; ".join(f"{kind}: {', '.join(found)}" for kind, found in names.items() if found)
        record = {
            "id": name,
            "title": item.title,
            "readers": list(item.readers),
            "source": item.source,
            "suffix": item.suffix,
            "order": item.order,
            "needs_truth": bool(item.truth) and getattr(item, "without_truth", None) is None,
            "columns": list(item.columns),
            "truth": list(item.truth),
            "fields": [field._asdict() for field in item.fields],
        }
        note = f"for {', '.join(item.readers)}; {fields}"
        yield Entry((name, item.title, note), record)


def _prior(name: str, prior: Any) -> Record:
    """Return the record of one prior: its distribution in words, status, source and note."""
    origin = {"status": prior.status, "source": prior.source, "note": prior.note}
    return {"name": name, "words": prior.words(), **origin}


def _record(kind: str, item: Any, more: Record) -> Record:
    """Return id, title, `more`, and every cited value with its source and status.

    Parameters
    ----------
    kind
        As for `catalog.cited`.
    item
        The entry, which has an id and a title.
    more
        What else a record of this kind has.
    """
    values = [cell.model_dump(mode="json") for cell in catalog.cited(kind, item.id)]
    return {"id": item.id, "title": item.title, **more, "values": values}


LISTS: dict[str, Callable[[], Iterator[Entry]]] = {
    "scenarios": _scenarios,
    "recipes": _recipes,
    "typologies": _typologies,
    "benchmarks": _benchmarks,
    "agents": _agents,
    "models": _models,
    "world": _world,
    "levels": _levels,
    "limits": _limits,
    "traces": _traces,
    "claims": _claims,
    "hypotheses": _hypotheses,
    "detectors": _detectors,
    "exports": _exports,
}
