"""Detectors of the package: let them answer splits of a pack."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Literal, overload

from sim._front.logs import logged, telling_step
from sim._inputs import expect_one_of, expect_seed, names_from

if TYPE_CHECKING:
    import pandas as pd

    from sim._inputs import PackLike

LABELS = ("observed", "truth")


@overload
def detect(
    detectors: str,
    pack: PackLike,
    out: str | os.PathLike[str] | None = ...,
    *,
    splits: str | Iterable[str] = ...,
    labels: Literal["observed", "truth"] = ...,
    seed: int = ...,
    force: bool = ...,
    observe: Callable[[str], None] | None = ...,
) -> pd.DataFrame: ...


@overload
def detect(
    detectors: Iterable[str],
    pack: PackLike,
    out: str | os.PathLike[str] | None = ...,
    *,
    splits: str | Iterable[str] = ...,
    labels: Literal["observed", "truth"] = ...,
    seed: int = ...,
    force: bool = ...,
    observe: Callable[[str], None] | None = ...,
) -> dict[str, pd.DataFrame]: ...


def detect(
    detectors: str | Iterable[str],
    pack: PackLike,
    out: str | os.PathLike[str] | None = None,
    *,
    splits: str | Iterable[str] = "campaign",
    labels: Literal["observed", "truth"] = "observed",
    seed: int = 0,
    force: bool = False,
    observe: Callable[[str], None] | None = None,
) -> pd.DataFrame | dict[str, pd.DataFrame]:
    """Let detectors of the package learn from a pack, and score those whom its splits test.

    Parameters
    ----------
    detectors
        The name of one, such as `marginals`, or names of several; `list("detectors")` has them.
    pack
        A path, a URL or a Pack. Nothing of its truth is read, unless `labels` says so.
    out
        File for the predictions of one detector, which ends in `.parquet` or `.csv`; folder for
        those of several, each of which gets a file of its name. Left out, nothing is written.
    splits
        Schemes of the pack, such as `["campaign", "time"]`; `all` for all of them.
    labels
        What they learn from: `observed`, the labels that a provider has when it trains, where
        accounts without one count as negative; or `truth`, to see what late labels cost.
    seed
        Of what detectors draw.
    force
        Whether files that are there are replaced.
    observe
        Is told which detector answers which split.

    Returns
    -------
    DataFrame or dict of DataFrame
        Of one name its predictions, of several those of each by name. Columns `entity_id`, `score`,
        where a detector says so `at` and `cluster`, and `split`; see docs/guides/detectors.md.

    Raises
    ------
    InvalidInputError
        There is no such detector, pack or split, the extra `detect` is not installed, a file of the
        pack is damaged, or `out` cannot be used.
    """
    from sim._front.packs import open_pack
    from sim.predictions.choice import chosen
    from sim.predictions.make import detections

    expect_one_of("labels", labels, LABELS)
    expect_seed(seed)
    opened, one = open_pack(pack), isinstance(detectors, str)
    place = None if out is None else os.fspath(out)
    choice = chosen(opened, names_from(detectors), names_from(splits), place, one, force)
    with logged("detect", str(opened.store)) as log:
        tell = telling_step(log, observe)
        made = detections(choice, opened, labels=labels, seed=seed, observe=tell)
        found = {name: frame for name, frame, _ in made}
    return next(iter(found.values())) if one else found
