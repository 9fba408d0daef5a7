"""Print the lowest version of every dependency that pyproject.toml allows, as pins for pip.

`make test-lowest` installs these and runs the tests. The tools of the tests stay free: they are
no part of what is promised to users.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
EXTRAS = ("dask", "s3", "sql", "realism")
# `name[extra]>=1.2`, and nothing else: no caps, no exclusions, no markers
BOUND = re.compile(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?>=([0-9][0-9.]*)")


def pins(pyproject: str) -> list[str]:
    """Return `name==version` for each dependency and those of the extras that users install.

    Parameters
    ----------
    pyproject
        The text of a pyproject.toml.

    Raises
    ------
    ValueError
        A dependency is something else than a name and a lower bound.
    """
    project = tomllib.loads(pyproject)["project"]
    wanted = [*project["dependencies"]]
    for extra in EXTRAS:
        wanted += project["optional-dependencies"][extra]

    found = {line: BOUND.fullmatch(line) for line in wanted}
    odd = [line for line, match in found.items() if not match]
    if odd:
        raise ValueError(f"{', '.join(odd)}: should be a name and its lowest version: name>=1.2")
    return [f"{match[1]}=={match[2]}" for match in found.values() if match]


if __name__ == "__main__":
    sys.stdout.write("\n".join(pins(PYPROJECT.read_text(encoding="utf-8"))) + "\n")
