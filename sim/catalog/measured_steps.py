"""Measured steps per benchmark task."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from sim.arrays.types import Ints
from sim.catalog.data_files import nearest, read_csv, read_yaml
from sim.catalog.loading import resolve_model
from sim.catalog.records import StepDistribution
from sim.errors import InvalidInputError


@cache
def step_counts() -> Mapping[tuple[str, str], Ints]:
    """Return the measured steps as counts, by (agent id, label of the model).

    "Odd places" splits the measured instances in two halves, by their order of name.

    Returns
    -------
    Mapping
        Arrays int64 of shape (k, 3): steps, tasks with as many steps, those of them at odd places.
    """
    rows: dict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for x in read_csv("steps"):
        counts = (int(x["steps"]), int(x["tasks"]), int(x["tasks_odd"]))
        rows[x["agent"], x["label"]].append(counts)
    return MappingProxyType({k: np.array(v, np.int64) for k, v in rows.items()})


@cache
def step_distributions() -> Mapping[tuple[str, str], StepDistribution]:
    """Return the measured distributions by (agent id, label of the model), in file order."""
    distributions = [_distribution(entry) for entry in read_yaml("steps")]
    return MappingProxyType({(x.agent, x.model): x for x in distributions})


def _distribution(entry: dict[str, Any]) -> StepDistribution:
    """Return one distribution: a step count for each measured task, made read-only."""
    counts = step_counts()[entry["agent"], entry["label"]]
    steps = np.repeat(counts[:, 0], counts[:, 1])
    steps.setflags(write=False)

    return StepDistribution(
        agent=entry["agent"],
        version=entry["version"],
        model=entry["label"],
        model_id=entry.get("model_id"),
        provider=entry["provider"],
        benchmark=entry["benchmark"],
        steps=steps,
        step_limit=entry["step_limit"],
        at_limit=int((steps >= entry["step_limit"]).sum()),
        loading=entry["loading"],
        source=entry["source"],
        status=entry["status"],
    )


def steps_for(agent_id: str, model_id: str) -> StepDistribution:
    """Return the steps measured for a scaffold with a served model.

    Parameters
    ----------
    agent_id
        Id of the scaffold.
    model_id
        Id or alias of the model. Measurements of models that are not served are not found here.

    Raises
    ------
    InvalidInputError
        If this pair was not measured; the message names what was.
    """
    measured = {(x.agent, x.model_id): x for x in step_distributions().values() if x.model_id}
    model = resolve_model(model_id).id
    if (agent_id, model) in measured:
        return measured[agent_id, model]

    of_agent = [m for a, m in measured if a == agent_id and m is not None]
    if of_agent:
        remedy = f"measured with {agent_id}: {', '.join(of_agent)}"
    else:
        remedy = nearest(agent_id, dict.fromkeys(a for a, _ in measured))
    raise InvalidInputError(f"no steps were measured for {agent_id!r} with {model!r}; {remedy}")
