"""T3: whether identifiers, the order of rows or fractions of times tell what extracts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.chance import bonferroni, permuted_aucs, permuted_labels
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.report import Finding, Status, not_checked

# The hash of a prompt is meant to say what the prompt is like.
_MEANT_TO_TELL = ("prompt_simhash64",)
# Of fewer different identifiers nothing can be said.
_LEAST = 50
_GRIDS_US = {"second": 1_000_000, "millisecond": 1_000}
_MEASURES = "log/enforcement_events"
_ROUNDS = 400
# One look at a column: its name, and of each row its value, whether it extracts, and its owner.
Look = tuple[str, Any, Bools, Ints]


def check(context: Context) -> Iterator[Finding]:
    """Ask each look at identifiers, order and times for its AUC, and chance for the same."""
    yield _finding(context, "identifiers: order, digits and length, AUC", _of_identifiers(context))
    yield _finding(context, "place of a row among entities, AUC", _of_places(context))
    times = _finding(context, "fractions of times, AUC", _of_times(context))
    yield replace(times, says=f"{times.says}; without times of measures against the account")


def _of_identifiers(context: Context) -> Iterator[Look]:
    """Yield looks at each identifier, once for each of its values."""
    for stem in context.tables.about_accounts():
        for name in [n for n in context.columns(stem, "id") if n not in _MEANT_TO_TELL]:
            once = _with_truth(context, stem, name).drop_duplicates(name)
            once = once[once[name] != 0]
            if len(once) < _LEAST:
                continue
            of = once["extracts"].to_numpy(bool), once["owner"].to_numpy()
            ids = once[name].to_numpy().astype(np.uint64)
            for look, values in _looks(ids):
                yield (f"{stem}.{name}: {look}", values, *of)


def _looks(ids: Any) -> Iterator[tuple[str, Floats]]:
    """Yield what the digits of identifiers may tell."""
    text = ids.astype(str)
    yield "order", ids.astype(float)
    yield "last digit", (ids % np.uint64(10)).astype(float)
    yield "last byte", (ids % np.uint64(256)).astype(float)
    yield "length", np.char.str_len(text).astype(float)
    yield "first digit", np.array([int(word[0]) for word in text], float)


def _of_places(context: Context) -> Iterator[Look]:
    """Yield the number of each row of the tables of entities, of the first of each account."""
    for stem in context.tables.about_accounts():
        if stem == "log/exchanges" or "account_id" not in context.tables.schemas[stem]:
            continue
        rows = context.tables.rows(f"SELECT account_id FROM {context.view(stem)}")
        rows["place"] = np.arange(len(rows), dtype=float)
        once = rows.drop_duplicates("account_id").merge(context.truth, on="account_id")
        if len(once) >= _LEAST:
            of = once["extracts"].to_numpy(bool), once["owner"].to_numpy()
            yield (f"row of {stem}", once["place"].to_numpy(), *of)


def _of_times(context: Context) -> Iterator[Look]:
    """Yield fractions of a second and of a millisecond of all times that are known to the log.

    A time that repeats that of a measure against the account, as keys are revoked when it is
    banned, says no more than the measure: measures come on whole seconds, whoever they meet.
    """
    for stem in context.tables.about_accounts():
        for name in context.columns(stem, "time"):
            rows = _with_truth(context, stem, name).dropna(subset=[name])
            if stem not in (_MEASURES, "log/exchanges") and context.has(_MEASURES):
                rows = rows[~_repeated(context, rows, name)]
            if len(rows) < _LEAST:
                continue
            micros = rows[name].dt.tz_localize(None).to_numpy("datetime64[us]").astype(np.int64)
            of = rows["extracts"].to_numpy(bool), rows["owner"].to_numpy()
            for grid, length in _GRIDS_US.items():
                yield (f"{stem}.{name}: fraction of a {grid}", (micros % length).astype(float), *of)


def _repeated(context: Context, rows: Any, name: str) -> Bools:
    """Return which rows have the time of a measure against their account."""
    import pandas as pd

    known = context.tables.rows(f'SELECT account_id, e."at" FROM {context.view(_MEASURES)} e')
    pairs = pd.MultiIndex.from_frame(rows[["account_id", name]])
    return np.asarray(pairs.isin(pd.MultiIndex.from_frame(known)))


def _with_truth(context: Context, stem: str, name: str) -> Any:
    """Return one column with the truth about each row's account."""
    if stem == "log/exchanges":
        return context.rows([name])
    query = f'SELECT account_id, "{name}" FROM ({context.tables.of_accounts(stem)})'
    if name == "account_id":
        query = f"SELECT account_id FROM ({context.tables.of_accounts(stem)})"
    truth = context.truth[["account_id", "extracts", "owner"]]
    return context.tables.rows(query).merge(truth, on="account_id")


def _finding(context: Context, title: str, looks: Iterator[Look]) -> Finding:
    """Return the look that is farthest beyond chance, or else beyond the limit.

    An AUC below .5 tells as much as one above, so all are taken from .5 upwards.
    """
    rng, made, why = context.rng("T3"), [], ""
    for name, values, sought, owner in looks:
        if few := few_owners(owner, sought):
            why = few
            continue
        labels, place = permuted_labels(sought, owner, rng, _ROUNDS)
        areas = permuted_aucs(values[:, None], labels, place)[:, 0]
        made.append((name, 0.5 + abs(float(areas[0]) - 0.5), float(areas[1:].std())))
    if not made:
        return not_checked(title, why or "no column of this kind with enough values")

    stated = context.limit("T3", "auc")
    widen = bonferroni(len(made), context.limit("T3", "p"))
    limits = [max(stated, 0.5 + widen * spread) for _, _, spread in made]
    worst = max(range(len(made)), key=lambda k: made[k][1] - limits[k])
    name, area, spread = made[worst]
    status: Status = "failed" if area > limits[worst] else "passed"
    says = (
        f"worst of {len(made)} looks; the limit is {stated:g}, or {widen:.1f} standard deviations "
        "under permuted labels of owners (Bonferroni)"
    )
    return Finding("", title, status, area, limits[worst], spread, name, says)


TEST = AuditTest("T3", "identifiers, order and fractions", needs=("truth",), check=check)
