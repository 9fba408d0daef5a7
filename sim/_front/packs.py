"""Labelled data for detectors: make a pack of a recipe, open it, and audit a pack or a run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from sim._front.logs import logged, telling_progress, telling_step
from sim._inputs import names_from, pack_place_from, place_from, recipe_from, started

if TYPE_CHECKING:
    from sim._inputs import Overrides, PackLike, RecipeLike, RunLike, WorkersLike
    from sim.audits import Audit
    from sim.engine.progress import Observer
    from sim.packs.pack import Pack
    from sim.packs.recipe import Recipe


def load_recipe(
    recipe: RecipeLike,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
) -> Recipe:
    """Check a recipe of a pack, and return it with the resolved scenarios of its simulations.

    The parameters are those of `dataset`. Raises InvalidInputError that lists every fault, those
    of the scenarios too.
    """
    return recipe_from(recipe, seed=seed, scale=scale, overrides=overrides)


def dataset(
    recipe: RecipeLike,
    out: PackLike | None = None,
    *,
    seed: int | None = None,
    scale: float | None = None,
    overrides: Overrides = (),
    force: bool = False,
    audit: bool = True,
    archive: str | os.PathLike[str] | None = None,
    workers: WorkersLike = 1,
    observe: Observer | None = None,
) -> Pack:
    """Make a pack of a recipe, and open it: labelled data for detectors.

    Parameters
    ----------
    recipe
        A file, `-` for standard input, the name of a shipped recipe, a mapping that holds what a
        file would, or a Recipe.
    out
        Folder or URL, such as `s3://bucket/pack`; `packs/NAME` if left out. A folder that holds
        something is refused, but for an interrupted pack of the same recipe, which is completed.
    seed
        Draws the seeds of all simulations, of labels and of splits, instead of those of the recipe.
    scale
        Multiplies populations and targets, above 0, instead of that of the recipe.
    overrides
        Changes of keys of the recipe, as in `check`.
    force
        Replace the pack that is there.
    audit
        Whether the pack is audited at the end.
    archive
        File into which the whole pack is put, too; it ends in `.tar` or `.tar.gz`.
    workers, observe
        As in `run`.

    Raises
    ------
    InvalidInputError
        The recipe is invalid, or the folder cannot be used. Nothing was written.
    SimError
        The disk is full, or a worker died. What is finished is kept, and the same call goes on.
    """
    from sim.packs.build import build
    from sim.packs.pack import Pack

    resolved = recipe_from(recipe, seed=seed, scale=scale, overrides=overrides)
    place = default_pack_place(resolved) if out is None else pack_place_from(out)
    with logged("dataset", f"{place}, seed {resolved.seed}") as log, started(workers) as ready:
        summary = build(
            resolved,
            place,
            force=force,
            workers=ready,
            observe=telling_progress(log, observe),
            audit=audit,
            archive=None if archive is None else os.fspath(archive),
        )
    return Pack(summary.out)


def audit(
    place: RunLike | PackLike,
    *,
    difficulty: str | None = None,
    only: str | Iterable[str] = (),
    simulate: bool = False,
    seed: int = 0,
    observe: Callable[[str], None] | None = None,
) -> Audit:
    """Ask whether anything but behaviour tells the label in a run or a pack.

    Parameters
    ----------
    place
        A finished run or pack of Parquet, with or without truth: a path, a URL, a Run or a Pack.
    difficulty
        `easy`, `medium` or `hard`: whose limits hold. Left out, that of the recipe or the level of
        the scenario; without one, `hard` for separability 0.
    only
        Ids of tests, such as `["T3", "T17"]`; all if left out.
    simulate
        Whether T8 and T11 may simulate the scenario again, cut small; else they are not checked.
    seed
        Of samples, permutations and folds.
    observe
        Is told which test comes next.

    Returns
    -------
    Audit
        The findings, one or more a test. `ok`, `failed`, `unchecked`, `of("T1")`, `to_frame()`,
        `to_text()`, `to_html("page.html")`; `raise_if_failed()` makes an error of failures. What
        was not checked is no pass.

    Raises
    ------
    InvalidInputError
        It cannot be read, or there is no such difficulty or test.
    """
    from sim.packs.audited import audit_place
    from sim.packs.pack import Pack

    where = pack_place_from(place) if isinstance(place, Pack) else place_from(place)
    with logged("audit", where) as log:
        return audit_place(
            where,
            difficulty=difficulty,
            only=names_from(only),
            simulate=simulate,
            seed=seed,
            observe=telling_step(log, observe),
        )


def open_pack(pack: PackLike) -> Pack:
    """Open a finished pack at a path or URL; raises InvalidInputError if there is none."""
    from sim.packs.pack import Pack

    return pack if isinstance(pack, Pack) else Pack(pack_place_from(pack))


def default_pack_place(recipe: Recipe) -> str:
    """Return the folder of a pack for which none is named: `packs/NAME`."""
    return str(Path("packs") / recipe.name)
