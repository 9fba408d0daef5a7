"""The limits of the audits, by test and difficulty."""

from __future__ import annotations

from sim.catalog.data_files import read_yaml

DIFFICULTIES = ("easy", "medium", "hard")


def audit_limit(test: str, key: str, difficulty: str) -> float:
    """Return a limit of `data/audits.yaml`.

    Parameters
    ----------
    test, key
        Such as `T1` and `account_auc`.
    difficulty
        `easy`, `medium` or `hard`; a value that is one number is the same for all.
    """
    value = read_yaml("audits")[test][key]["value"]
    return float(value[difficulty] if isinstance(value, dict) else value)
