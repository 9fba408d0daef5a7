"""What `sim list` shows: one line, and one JSON record, for every scenario and catalog entry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import sim.catalog as catalog
from sim.errors import InvalidInputError
from sim.scenario import load_scenario, shipped_scenarios

_STATUSES = ("measured", "reported", "prior")

Line = tuple[str, ...]
Record = dict[str, Any]
Entry = tuple[Line, Record]
Listing = Sequence[Entry]


def entries(kind: str) -> Listing:
    """Return line and record of every entry of `kind`, one of `KINDS`."""
    return KINDS[kind]()


def _scenarios() -> Listing:
    made: list[Entry] = []
    for name, path in shipped_scenarios().items():
        try:
            title = load_scenario(path, seed=0).title
        except InvalidInputError as error:
            title = f"invalid: {str(error).splitlines()[0]}"
        made.append(((name, title), {"id": name, "title": title, "path": str(path)}))
    return made


def _typologies() -> Listing:
    return [
        (
            (item.id, item.title, f"{item.arrival}; {item.purpose}, {item.access_legitimacy}"),
            _record("typology", item, arrival=item.arrival, is_extraction=item.is_extraction),
        )
        for item in catalog.typologies().values()
    ]


def _benchmarks() -> Listing:
    return [
        (
            (item.id, item.title, f"{item.items:,} items; {', '.join(item.agents) or 'no agent'}"),
            _record("benchmark", item, items=item.items, agents=list(item.agents)),
        )
        for item in catalog.benchmarks().values()
    ]


def _agents() -> Listing:
    measured: dict[str, list[str]] = {}
    for steps in catalog.step_distributions().values():
        if steps.model_id:
            measured.setdefault(steps.agent, []).append(steps.model_id)
    made: list[Entry] = []
    for item in catalog.agents().values():
        models = sorted(measured.get(item.id, ()))
        note = f"steps measured with {', '.join(models)}" if models else "no measured steps"
        made.append(((item.id, item.title, note), _record("agent", item, measured_models=models)))
    return made


def _models() -> Listing:
    return [
        (
            (
                item.id,
                item.title,
                f"{item.input_usd_per_mtok:g} / {item.output_usd_per_mtok:g} USD/Mtok, "
                f"{item.context_window_tokens:,} tokens, {item.released}",
            ),
            _record("model", item, aliases=list(item.aliases)),
        )
        for item in catalog.models().values()
    ]


def _world() -> Listing:
    made: list[Entry] = []
    for item in catalog.parameters():
        known = f"{', '.join(item.statuses)}: {', '.join(item.sources)}"
        line = (item.key, str(item.default), item.unit, item.acts_on, known)
        values = [{"of": of, **x.model_dump(mode="json")} for of, x in item.values.items()]
        record = {"id": item.key, "title": item.acts_on, "unit": item.unit}
        made.append((line, {**record, "default": item.default, "values": values}))
    return made


def _claims() -> Listing:
    made: list[Entry] = []
    for item in catalog.claims().values():
        value = "no figure" if item.value is None else f"{item.value:,.15g}"
        # a number that the report does not print is not shown as a reported one
        known = item.status if item.figure in ("given", "none") else item.figure
        said = f"{known}: {item.qualifier}" if item.qualifier else known
        line = (item.id, f"{item.report}: {item.actor}", f"{item.metric} {value} ({said})")
        made.append((line, item.model_dump(mode="json")))
    return made


def _hypotheses() -> Listing:
    from sim.comparison.hypotheses.load import load_library

    library = load_library()
    made: list[Entry] = []
    for item in library.hypotheses.values():
        known = Counter(str(prior.status) for prior in item.priors.values())
        said = ", ".join(f"{known[x]} {x}" for x in _STATUSES if known[x])
        does = f"{' + '.join(item.work)}; lever {item.lever}"
        record = {
            "id": item.id,
            "title": item.title,
            "about": item.about,
            "work": list(item.work),
            "lever": item.lever,
            "typologies": list(item.typologies),
            "accused": item.id == library.accused,
            "priors": [_prior(name, prior) for name, prior in item.priors.items()],
        }
        made.append(((item.id, item.title, does, said), record))
    return made


def _prior(name: str, prior: Any) -> Record:
    known = {"status": prior.status, "source": prior.source, "note": prior.note}
    return {"name": name, "words": prior.words(), **known}


def _record(kind: str, item: Any, **more: Any) -> Record:
    """Return id, title, what `more` says, and every cited value with its source and status."""
    values = [cell.model_dump(mode="json") for cell in catalog.cited(kind, item.id)]
    return {"id": item.id, "title": item.title, **more, "values": values}


KINDS: dict[str, Callable[[], Listing]] = {
    "scenarios": _scenarios,
    "typologies": _typologies,
    "benchmarks": _benchmarks,
    "agents": _agents,
    "models": _models,
    "world": _world,
    "claims": _claims,
    "hypotheses": _hypotheses,
}
