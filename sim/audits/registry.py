"""Which module asks what: each has one `TEST`."""

from __future__ import annotations

from importlib import import_module

from sim.audits.context import AuditTest
from sim.catalog.data_files import nearest
from sim.errors import InvalidInputError

# In the order in which they are reported.
MODULES = {
    "T1": "single_columns",
    "T2": "shallow_trees",
    "T3": "identifiers",
    "T4": "missing_values",
    "T5": "support",
    "T6": "digits",
    "T7": "consistency",
    "T8": "fingerprint",
    "T9": "as_of_features",
    "T10": "permuted_labels",
    "T11": "removal",
    "T12": "twins",
    "T13": "hard_negatives",
    "T14": "sealed_names",
    "T15": "overlap",
    "T16": "split_gap",
    "T17": "organisation",
    "T18": "purity",
    "T19": "creation",
    "T20": "words",
    "T21": "vectors",
    "T22": "noise",
}


def tests_of(only: tuple[str, ...]) -> tuple[AuditTest, ...]:
    """Return the tests of some ids in order; of none, all.

    Raises
    ------
    InvalidInputError
        Names ids that there are not.
    """
    for wanted in only:
        if wanted not in MODULES:
            raise InvalidInputError(f"there is no test {wanted!r}: {nearest(wanted, MODULES)}")
    chosen = [module for id_, module in MODULES.items() if not only or id_ in only]
    return tuple(import_module(f"sim.audits.{module}").TEST for module in chosen)
