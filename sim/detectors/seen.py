"""What a detector sees: accounts of a log, as known at the end of a window. No truth, no labels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from sim.arrays.types import Bools, Ints
from sim.features.as_of import AsOf
from sim.features.windows import Window
from sim.tables.database import RunTables, name_of, quoted


@dataclass(frozen=True, eq=False)
class Seen:
    """Accounts with their features, and the log that they are in.

    Attributes
    ----------
    log
        Tables of the log alone, as known at `to_us`: exchanges that were complete in the window,
        and all that was known by its end of accounts, payments and so on, also of accounts that
        are not among these.
    features
        A row of numbers an account; the index are the identifiers of accounts.
    group
        The organisation of each account, shape (accounts,). Accounts of a group are never on both
        sides when a part is scored by a model of the rest.
    from_us, to_us
        The window [from_us, to_us), in microseconds of Unix time.
    kept
        What `once` made of the log, by name.
    """

    log: RunTables
    features: Any
    group: Ints
    from_us: int
    to_us: int
    kept: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def accounts(self) -> Ints:
        """The identifiers of the accounts, shape (accounts,)."""
        return np.asarray(self.features.index, np.int64)

    def __len__(self) -> int:
        return len(self.features)

    def pick(self, chosen: Bools) -> Seen:
        """Return some of the accounts, of the same log."""
        return replace(self, features=self.features[chosen], group=self.group[chosen])

    def once(self, name: str, make: Callable[[], Any]) -> Any:
        """Return what `make` makes of the log, made once for all picks of its accounts.

        Parameters
        ----------
        name
            Of what is made, with whatever it depends on but the log, such as `mmd windows 100`.
        make
            It must not know labels, nor which accounts were picked.
        """
        if name not in self.kept:
            self.kept[name] = make()
        return self.kept[name]


def log_of_window(folder: Path, paths: Sequence[Path], window: Window) -> RunTables:
    """Return a log as known at the end of a window, in a database that can open nothing else.

    Parameters
    ----------
    folder, paths
        A pack, and the files of its log: other files cannot be reached through what is returned.
    window
        `opens_us` and `closes_us` of the tables are its ends. Exchanges are those that were
        complete in it; of other tables there is what was known at its end. Columns that are set
        later, such as `last_seen`, are left out.
    """
    log = RunTables.over(folder, window.from_us, window.to_us, paths)
    as_of = AsOf(log, window.to_us)
    for stem in list(log.schemas):
        from_us = window.from_us if stem == "log/exchanges" else None
        # named as the table, so that only the view itself can ask for the whole of it
        whole = f"WITH {name_of(stem)} AS (FROM {log.sources[stem]})"
        log.view(stem, f"{whole} FROM {as_of.known(stem, from_us)}")

    allowed = ", ".join(map(quoted, paths))
    log.connection.execute(f"SET allowed_paths = [{allowed}]; SET enable_external_access = false")
    return log
