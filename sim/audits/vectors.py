"""T21: whether the numbers of a vector tell the class, apart from where it points."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from sim.arrays.types import Bools, Floats, Ints
from sim.audits.chance import bonferroni, clustered_auc
from sim.audits.context import AuditTest, Context
from sim.audits.report import Finding, judged
from sim.catalog import typologies

LEAST_OWNERS = 2
# The last bits of a length are rounding of its half-precision parts.
_LENGTH_DIGITS = 3


def check(context: Context) -> Iterator[Finding]:
    """Ask of each look at an account's vectors whether it tells what extracts, or a typology."""
    rows = context.rows(["prompt_emb", "prompt_simhash64"])
    vectors = np.stack(rows["prompt_emb"].to_numpy()).astype(np.float16)
    shown = looks(vectors, rows["prompt_simhash64"].to_numpy(np.int64))
    of_account = shown.groupby(rows["account_id"]).mean()
    of_account["spread of lengths"] = (
        shown["length"].groupby(rows["account_id"]).std().round(_LENGTH_DIGITS)
    )
    of_account["length"] = of_account["length"].round(_LENGTH_DIGITS)
    of_account["last bits"] = of_account["last bits"].round()
    of_account = of_account.fillna(0.0)

    truth = context.truth.set_index("account_id").loc[of_account.index]
    sides = sides_of(truth)
    owner = truth["owner"].to_numpy(np.int64)
    errors = bonferroni(len(sides) * of_account.shape[1])
    values = of_account.to_numpy(np.float64)
    told = {name: clustered_auc(values, mine, owner) for name, mine in sides.items()}
    for k, look in enumerate(of_account):
        yield _worst(context, f"vectors: {look}, AUC beyond .5", told, k, errors)


def looks(vectors: Any, prompts: Ints) -> pd.DataFrame:
    """Return what the numbers of each vector show.

    Parameters
    ----------
    vectors
        Half-precision, shape (rows, dimensions).
    prompts
        Fingerprint of each row's prompt.

    Returns
    -------
    DataFrame
        Length; share of exact zeros; how many of the last bits are 0 on average, which tells a
        coarser grid; and whether another prompt has the very same vector.
    """
    bits = vectors.view(np.uint16)
    last = np.zeros(len(bits))
    for k in range(1, 11):
        last += ((bits & np.uint16((1 << k) - 1)) == 0).mean(axis=1)
    length = np.sqrt(np.square(vectors.astype(np.float64)).sum(axis=1))
    number = pd.Series([row.tobytes() for row in bits]).factorize()[0]
    prompts_of = pd.Series(prompts).groupby(number).transform("nunique").to_numpy()
    return pd.DataFrame(
        {
            "length": length,
            "exact zeros": (vectors == 0).mean(axis=1),
            "last bits": last,
            "same for another prompt": (prompts_of > 1).astype(float),
        }
    )


def sides_of(truth: Any) -> dict[str, Bools]:
    """Return by name which accounts extract, and which are of each typology of enough owners."""
    kinds = truth["typology_id"].to_numpy(str)
    extracting = [t for t, kind in typologies().items() if kind.is_extraction]
    made = {"what extracts": np.isin(kinds, extracting)}
    made |= {kind: kinds == kind for kind in sorted(set(kinds.tolist()))}
    return {
        name: mine
        for name, mine in made.items()
        if not mine.all() and truth["owner"][mine].nunique() >= LEAST_OWNERS
    }


def _worst(
    context: Context,
    title: str,
    told: dict[str, tuple[Floats, Floats]],
    k: int,
    errors: float,
) -> Finding:
    beyond = {name: (abs(area[k] - 0.5), error[k]) for name, (area, error) in told.items()}
    worst = max(beyond, key=lambda name: beyond[name][0] - errors * beyond[name][1])
    figure, error = beyond[worst]
    says = f"worst of {len(told)} classes; {context.sampled}".rstrip("; ")
    return judged(
        title,
        figure,
        context.limit("T21", "auc"),
        error=error,
        widen=errors,
        where=worst,
        says=says,
    )


TEST = AuditTest("T21", "lengths and grids of vectors", ("truth", "vectors"), check)
