"""`sim dataset`: make a pack of a recipe, or complete one that was interrupted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sim.cli.completion import recipe_names
from sim.cli.options import (
    RecipeOptions,
    WorkerOptions,
    json_option,
    quiet_option,
    recipe_options,
    worker_options,
)

if TYPE_CHECKING:
    from sim.packs.recipe import Recipe
    from sim.tables.store import Store


@click.command()
@click.argument("recipe", metavar="[RECIPE]", required=False, shell_complete=recipe_names)
@click.option(
    "-o",
    "--out",
    envvar="SIM_OUT",
    help="Folder or URL (s3://bucket/pack) for the pack; packs/NAME if left out.",
)
@click.option("--force", is_flag=True, help="Replace the pack that is there.")
@click.option("-n", "--dry-run", is_flag=True, help="Say what would be made; write nothing.")
@click.option(
    "--resume",
    metavar="PACK",
    help="Complete an interrupted pack, or mend a damaged one; takes no RECIPE.",
)
@click.option(
    "--archive", metavar="FILE", help="Put the pack into one file, too, a .tar or .tar.gz."
)
@click.option(
    "--no-audit", is_flag=True, help="Leave the audits out; `sim audit PACK` does them later."
)
@worker_options
@recipe_options
@json_option
@quiet_option
def dataset(
    recipe: str | None,
    out: str | None,
    force: bool,
    dry_run: bool,
    resume: str | None,
    archive: str | None,
    no_audit: bool,
    workers: WorkerOptions,
    changes: RecipeOptions,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make a pack: labelled data for detectors, with splits, features, audits and a card.

    A RECIPE is a YAML file, `-` for standard input, or the name of a shipped recipe (`sim list
    recipes`). It names simulations, which end up in one log, as one provider would have it. A pack
    that was interrupted is completed by the same command, or by --resume PACK. Neither the number
    of workers nor an interruption changes a byte of it. A failed audit is a warning: the pack is
    whole, and the exit code 0; that of `sim audit PACK` is 3.
    """
    if resume is not None:
        if recipe or out or force or dry_run or changes:
            raise click.UsageError("--resume takes the pack alone: its recipe is known")
        _resume(resume, archive, not no_audit, workers, as_json, quiet)
        return
    if recipe is None:
        raise click.UsageError("Missing argument 'RECIPE'.")

    from sim._front.packs import default_pack_place
    from sim.tables.locations import place_of

    loaded = changes.load(recipe)
    place = place_of(default_pack_place(loaded) if out is None else out).url
    if dry_run:
        from sim.cli.dataset_output import print_pack_plan
        from sim.packs.plan import plan_pack

        print_pack_plan(plan_pack(loaded, workers.count), loaded, place, as_json)
    else:
        _make(loaded, place, force, archive, not no_audit, workers, as_json, quiet)


def _make(
    recipe: Recipe,
    place: str,
    force: bool,
    archive: str | None,
    audit: bool,
    workers: WorkerOptions,
    as_json: bool,
    quiet: bool,
) -> None:
    """Carry the recipe out, and print what the pack holds.

    Parameters
    ----------
    recipe
        Resolved.
    place
        Folder or URL of the pack. It is looked at before workers start, and so is the archive.
    force
        Whether to replace a pack that is there.
    archive
        File for the whole pack; None for none.
    audit
        Whether it is audited.
    workers
        Who carries it out.
    as_json, quiet
        How results are printed, and whether progress is.
    """
    from sim.cli.dataset_output import print_pack
    from sim.cli.session import session
    from sim.packs.archive import check_archive
    from sim.packs.build import build, expect_usable

    expect_usable(recipe, place, force=force)
    if archive is not None:
        check_archive(archive, place)
    with session([place], workers, quiet, _completing) as (started, observe):
        summary = build(
            recipe,
            place,
            force=force,
            workers=started,
            observe=observe,
            audit=audit,
            archive=archive,
        )
    print_pack(summary, archive, as_json)


def _resume(
    place: str, archive: str | None, audit: bool, workers: WorkerOptions, as_json: bool, quiet: bool
) -> None:
    """Complete the pack at `place`, and print it as if it had not been interrupted."""
    from sim.cli.dataset_output import print_pack
    from sim.cli.session import session
    from sim.packs.archive import check_archive
    from sim.packs.build import resume

    if archive is not None:
        check_archive(archive, place)
    with session([place], workers, quiet, _completing) as (started, observe):
        summary = resume(place, workers=started, observe=observe, audit=audit, archive=archive)
    print_pack(summary, archive, as_json)


def _completing(out: Store) -> str | None:
    """Return what completes the pack at a place, None if nothing of it is kept."""
    from sim.packs.claims import is_kept, resuming

    return f"`{resuming(out)}` completes the pack" if is_kept(out) else None
