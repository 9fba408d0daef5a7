"""Versions of what we depend on: each bound is a lowest version, and no library warns a user.

`make test-lowest` runs these and all other fast tests on the lowest versions.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest

from tests.support.commands import TINY
from tests.support.paths import ROOT
from tools.lowest_versions import PYPROJECT, pins

EVERY_VERB = [
    "list models",
    "check tiny.yaml",
    "show tiny.yaml",
    "schema",
    "run tiny.yaml -n",
    "run tiny.yaml -o out",
    "run tiny.yaml -o csv --set tables.format=csv",
    "verify out",
    "check-run out",
    "counts out",
    "replicate tiny.yaml -r 2",
    "compare out --only odds --hypothesis benchmarking --draws 200 --charts drawn --html page.html",
    "compare --only sensitivity --hypothesis benchmarking --draws 200",
]
AS_THEY_ARE_IMPORTED = [
    "run tiny.yaml -o out",
    "counts out",
    "compare A4 --only needed --hypothesis resale --draws 200 --charts drawn --html page.html",
]
ONE_AFTER_THE_OTHER = """\
import sys
from sim.cli.main import cli

for words in sys.argv[1:]:
    try:
        cli.main(words.split())
    except SystemExit as done:
        if done.code:
            sys.exit(f"{words}: {done.code}")
"""


@pytest.mark.parametrize("verbs", [AS_THEY_ARE_IMPORTED, EVERY_VERB])
@pytest.mark.verify
def test_no_library_warns_a_user(tmp_path: Path, verbs: list[str]) -> None:
    """A warning is an error here, in whatever is imported as well.

    While verbs are at work it is one in all other tests.
    """
    (tmp_path / "tiny.yaml").write_text(TINY, encoding="utf-8")
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{ONE_AFTER_THE_OTHER}"
    command = [sys.executable, "-W", "error", "-c", code, *verbs]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert "Warning" not in done.stderr
    assert done.returncode == 0, done.stderr


def test_the_lowest_versions_are_those_of_the_project() -> None:
    made = pins(PYPROJECT.read_text(encoding="utf-8"))
    tools = ("test", "docs", "bench")
    promised = [
        x
        for x in requires("llm-traffic-sim") or []
        if not any(extra in x.partition(";")[2] for extra in tools)
    ]
    assert {pin.partition("==")[0].lower() for pin in made} == {
        x.partition(">=")[0].partition("[")[0] for x in promised
    }
    assert "click==8.1" in made
    assert "dask==2024.6" in made


@pytest.mark.parametrize("line", ["numpy", "numpy<3", "numpy>=2,<3", "numpy==2.0"])
def test_a_dependency_without_a_lowest_version_or_with_a_cap_is_refused(line: str) -> None:
    text = f'[project]\ndependencies = ["{line}"]\n[project.optional-dependencies]\n'
    text += "dask = []\ns3 = []\nsql = []\nrealism = []\n"
    with pytest.raises(ValueError, match=r"should be a name and its lowest version: name>=1\.2"):
        pins(text)
