"""T6: whether digits, roundness or repetition of numbers tell what extracts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.stats import norm

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.chance import permuted_labels
from sim.audits.context import AuditTest, Context, few_owners
from sim.audits.report import Finding, Status, not_checked

# Numbers of fewer different values are what was asked for, not what was measured.
_LEAST_DIFFERENT = 500
_DECIMALS = 6
_GRIDS = (10, 100, 1_000)
_ROUNDS = 400
# What no two exchanges should have in common.
_SAME = ("input_tokens_total", "output_tokens", "duration_s")


def check(context: Context) -> Iterator[Finding]:
    """Ask whether shares of digits, of round values and of repeated rows differ by class.

    Of each share the difference between classes is held against that of permuted owners.
    """
    kinds = context.tables.schemas["log/exchanges"]
    skipped = ("id", "word", "bool", "vector", "time", "int8")
    numbers = [name for name, kind in kinds.items() if kind.rstrip("?") not in skipped]
    rows = context.rows(numbers)
    sought, owner = rows["extracts"].to_numpy(bool), rows["owner"].to_numpy()
    titles = ("last digits and round numbers, p", "exchanges that are the same in all numbers, p")
    if why := few_owners(owner, sought):
        yield from (not_checked(title, why) for title in titles)
        return

    wide = [name for name in numbers if rows[name].nunique() >= _LEAST_DIFFERENT]
    marks = [mark for name in wide for mark in _marks(name, rows[name].to_numpy(float))]
    yield _finding(context, titles[0], marks, sought, owner)
    there = [name for name in _SAME if name in numbers]
    answered = (rows["output_tokens"] > 0).to_numpy() if "output_tokens" in there else None
    if answered is None or not answered.any():
        yield not_checked(titles[1], "no exchange has output")
        return
    twice = rows.loc[answered].duplicated(["account_id", *there], keep=False).to_numpy()
    mark = ("the same in " + ", ".join(there), np.ones(len(twice), bool), twice)
    yield _finding(context, titles[1], [mark], sought[answered], owner[answered])


Mark = tuple[str, Bools, Bools]


def _marks(name: str, values: Any) -> Iterator[Mark]:
    """Yield names, which rows count, and which of them bear the mark, for one column."""
    there = ~np.isnan(values) & (values != 0)
    whole = np.where(there, values, 0)
    is_whole = (whole == np.round(whole)).all()
    units = np.round(np.abs(whole) * (1 if is_whole else 10**_DECIMALS)).astype(np.int64)
    if is_whole:
        for digit in range(10):
            yield f"{name} ends in {digit}", there, units % 10 == digit
    for grid in _GRIDS:
        of = grid if is_whole else f"{grid / 10**_DECIMALS:g}"
        yield f"{name} is a multiple of {of}", there, units % grid == 0


def _finding(
    context: Context, title: str, marks: list[Mark], sought: Bools, owner: Ints
) -> Finding:
    """Return the mark whose share differs most between classes, in units of chance."""
    if not marks:
        return not_checked(title, f"no column has {_LEAST_DIFFERENT} different numbers")
    labels, place = permuted_labels(sought, owner, context.rng("T6"), _ROUNDS)
    made = []
    for name, counts, has in marks:
        rows = np.bincount(place, counts).astype(float)
        shares = _differences(rows, np.bincount(place, counts & has).astype(float), labels)
        own, spread = shares[0], max(float(shares[1:].std()), 1e-9)
        made.append((float(2 * norm.sf(abs(own) / spread)), name, float(own)))
    chance, name, own = min(made)

    p, least = min(1.0, chance * len(made)), context.limit("T6", "p")
    status: Status = "failed" if p < least else "passed"
    says = f"worst of {len(made)} shares, Bonferroni; the share differs by {own:+.3f} in it"
    if context.sampled:
        says += f"; {context.sampled}"
    return Finding("", title, status, p, least, None, name, says)


def _differences(rows: Floats, marked: Floats, labels: Floats) -> Floats:
    """Return by round the share of marked rows of the class less that of the others."""
    mine = labels @ marked / np.maximum(labels @ rows, 1)
    rest = (1 - labels) @ marked / np.maximum((1 - labels) @ rows, 1)
    return np.asarray(mine - rest)


TEST = AuditTest("T6", "digits, roundness and repetition", needs=("truth",), check=check)
