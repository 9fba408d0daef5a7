"""The names of the front: a function for each verb, light to import, short to look at."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import sim
from sim.cli.main import cli
from tests.support.paths import ROOT

VERBS = [verb.replace("-", "_") for verb in cli.commands]


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_is_a_function_of_the_same_name(verb: str) -> None:
    function = getattr(sim, verb)
    assert inspect.isfunction(function)
    assert function.__doc__


@pytest.mark.parametrize("verb", VERBS)
def test_no_package_or_module_bears_the_name_of_a_verb(verb: str) -> None:
    assert not (ROOT / "sim" / verb).exists()
    assert not (ROOT / "sim" / f"{verb}.py").exists()


def test_every_name_of_the_front_leads_somewhere() -> None:
    assert sorted(sim.__all__) == list(sim.__all__)
    assert set(dir(sim)) == {*sim.__all__, "list"}
    for name in dir(sim):
        assert getattr(sim, name) is not None


def test_list_is_no_part_of_a_star_import() -> None:
    names: dict[str, object] = {}
    exec("from sim import *", names)
    assert "run" in names
    assert "list" not in names


def test_unknown_names_are_named() -> None:
    with pytest.raises(AttributeError, match="module 'sim' has no attribute 'analyse'"):
        _ = sim.analyse


def test_import_is_light() -> None:
    code = (
        "import sys, sim\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'pydantic', 'yaml', 'click', 'simpy', 'scipy'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert imported.stdout == "[]\n"


def test_what_the_front_returns_has_a_short_repr(here: Path) -> None:
    run = sim.open_run(here / "out")
    answer = sim.compare("A4", sections=["needed"], hypotheses=["benchmarking"], draws=200)
    results = [
        run,
        sim.check(run),
        run.counts(),
        sim.verify(run),
        sim.check_run(run),
        sim.replicate(run, 2),
        sim.plan(run),
        answer,
        answer["needed"],
    ]
    for result in results:
        assert len(repr(result)) < 500, type(result)
