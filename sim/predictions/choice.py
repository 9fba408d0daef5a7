"""Which baselines answer which splits of a pack, by the words of a user."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sim.detectors.baseline import Baseline
from sim.detectors.registry import BASELINES
from sim.documents.problems import suggest
from sim.errors import InvalidInputError
from sim.packs.outside import apart, expect_outside, expect_outside_there, expect_writable
from sim.packs.pack import Pack
from sim.predictions.fold import check_splits, expect_features, schemes_of
from sim.tables.store import Store

ALL = "all"
# Of files of predictions.
ENDINGS = (".parquet", ".csv")


class Choice(NamedTuple):
    """Baselines, the splits that each answers, and the file of each; None if nothing is written."""

    baselines: list[Baseline]
    splits: list[str]
    places: list[str] | None


def chosen(
    pack: Pack,
    detectors: Iterable[str],
    splits: Iterable[str],
    out: str | None,
    is_file: bool,
    force: bool,
) -> Choice:
    """Return what a user asks for, once all of it is known to be there and to have a place.

    The parameters are those of the functions below. Raises InvalidInputError as they do.
    """
    baselines = chosen_baselines(detectors)
    expect_features(pack)
    schemes = chosen_splits(pack, splits)
    places = None if out is None else places_of(out, baselines, is_file, force)
    return Choice(baselines, schemes, places)


def chosen_baselines(names: Iterable[str]) -> list[Baseline]:
    """Return the baselines of these names, in the order of the registry; of `all` all of them.

    Raises
    ------
    InvalidInputError
        Lists every name that no baseline has, or says that none was given.
    """
    wanted = list(dict.fromkeys(names))
    unknown = [name for name in wanted if name not in BASELINES and name != ALL]
    if unknown:
        lines = [f"there is no detector {n!r}{suggest(n, [*BASELINES, ALL])}" for n in unknown]
        raise InvalidInputError("\n".join(lines))
    if not wanted:
        raise InvalidInputError(f"no detector: give one of {', '.join(BASELINES)}, or {ALL}")
    return [each for name, each in BASELINES.items() if name in wanted or ALL in wanted]


def chosen_splits(pack: Pack, names: Iterable[str]) -> list[str]:
    """Return the splits of these names, each once; of `all` those that the pack has.

    Raises
    ------
    InvalidInputError
        Lists every name that no split of the pack has, or says that none was given.
    """
    there, wanted = schemes_of(pack), list(dict.fromkeys(names))
    check_splits(pack, [name for name in wanted if name != ALL])
    if not wanted:
        raise InvalidInputError(f"no split: give one of {', '.join(there)}, or {ALL}")
    return there if ALL in wanted else wanted


def places_of(out: str, baselines: Sequence[Baseline], is_file: bool, force: bool) -> list[str]:
    """Return where predictions of baselines go, a file each, if they may.

    Parameters
    ----------
    out
        A file that ends in `.parquet` or `.csv`; or a folder, in which each gets a file.
    baselines
        Whose predictions they are.
    is_file
        Whether `out` is meant as the file of one, not as a folder.
    force
        Whether files that are there may be replaced.

    Raises
    ------
    InvalidInputError
        If a file is there, `out` is no such name or cannot be written to, or lies in a run or pack.
    """
    is_named_so = out.endswith(ENDINGS)
    if is_file and not is_named_so:
        raise InvalidInputError(f"{out}: predictions are a file; let it end in .parquet or .csv")
    if is_named_so and not is_file:
        raise InvalidInputError(f"{out}: is a file, and each detector gets its own; give a folder")
    store, file = apart(out) if is_file else (Store.of(out), "")
    files = [file] if is_file else [f"{each.name}.parquet" for each in baselines]
    places = [out] if is_file else [posixpath.join(out, name) for name in files]
    if store.is_local:
        expect_outside(out, store.folder / files[0])
        expect_writable(out, store.folder)
    else:
        expect_outside_there(out, store)

    there = [] if force else [path for path in places if store.is_file(posixpath.basename(path))]
    if there:
        raise InvalidInputError(
            f"{', '.join(there)}: is there already; choose another place, or --force replaces it"
        )
    return places
