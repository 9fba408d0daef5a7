"""Files of runs and packs that are read in place, and so have to lie here and be whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from tempfile import TemporaryDirectory

from sim.engine.verify import problem_of
from sim.errors import InvalidInputError
from sim.tables.formats import FileRecord
from sim.tables.store import Store

_MEND = "`sim run --resume RUN` and `sim dataset --resume PACK` make again what is damaged"


@contextmanager
def local(store: Store, wanted: Callable[[str], bool]) -> Iterator[Store]:
    """Yield the store itself, or a copy of some of its files on this machine.

    Parameters
    ----------
    store
        Where they lie.
    wanted
        Which files are copied from elsewhere, by their path below the store.
    """
    if store.is_local:
        yield store
        return
    with TemporaryDirectory(prefix="sim-") as folder:
        copy = Store.of(folder)
        for path in store.files():
            if wanted(path):
                copy.write(path, store.read(path))
        yield copy


def refuse_damaged(store: Store, listed: Sequence[FileRecord], undone: str) -> None:
    """Hash files whole, and raise InvalidInputError if one is not as its manifest says.

    Of a damaged file DuckDB may read other values without an error. What is missing may be so.

    Parameters
    ----------
    store
        Where they lie.
    listed
        What the manifest says of them.
    undone
        What was not done for that, as the error ends: `nothing was audited`.
    """
    there = [record for record in listed if store.is_file(record.path)]
    if damaged := [problem for record in there if (problem := problem_of(store, record))]:
        raise InvalidInputError("\n".join([*damaged, f"{undone}; {_MEND}"]))
