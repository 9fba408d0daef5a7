"""What `pip install` gives: the package with its data, and nothing of the repository."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml

import sim
from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel, and its content unpacked beside it."""
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--wheel-dir", str(folder)]
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--disable-pip-version-check"]
    built = subprocess.run([*command, *options], capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    (made,) = folder.glob("*.whl")
    with ZipFile(made) as archive:
        archive.extractall(folder / "content")
    return made


def test_the_wheel_holds_the_package_with_all_its_data(wheel: Path) -> None:
    content = wheel.parent / "content"
    names = {p.relative_to(content).as_posix() for p in content.rglob("*") if p.is_file()}
    package = ROOT / "sim"
    files = [p for p in package.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    expected = {f"sim/{p.relative_to(package).as_posix()}" for p in files}
    scenarios = ROOT / "scenarios"
    shipped = [p.relative_to(scenarios) for p in scenarios.rglob("*") if p.is_file()]
    expected |= {f"sim/_scenarios/{path.as_posix()}" for path in shipped}
    assert {name for name in names if name.startswith("sim/")} == expected
    assert {"sim/py.typed", "sim/catalog/data/steps.csv"} <= names
    assert {name.split("/")[0] for name in names} == {
        "sim",
        f"llm_traffic_sim-{sim.__version__}.dist-info",
    }


def test_the_wheel_names_its_licence_and_its_command(wheel: Path) -> None:
    meta = wheel.parent / "content" / f"llm_traffic_sim-{sim.__version__}.dist-info"
    assert "License-Expression: Apache-2.0" in (meta / "METADATA").read_text(encoding="utf-8")
    licence = (meta / "licenses" / "LICENSE").read_text(encoding="utf-8")
    assert licence.lstrip().startswith("Apache License")
    assert "sim = sim.cli.main:main" in (meta / "entry_points.txt").read_text(encoding="utf-8")


def test_the_wheel_finds_its_scenarios(wheel: Path, tmp_path: Path) -> None:
    """The content of the wheel alone, without the repository around it."""
    code = (
        "import sys; sys.path.insert(0, sys.argv.pop(1)); import sim.cli.main; sim.cli.main.main()"
    )
    content = str(wheel.parent / "content")
    command = [sys.executable, "-c", code, content, "run", "worked_example", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "runs" / "worked_example" / "manifest.json").exists()


# What outsiders find


def test_the_version_stands_in_one_place_and_in_the_citation() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["dynamic"] == ["version"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert citation["version"] == sim.__version__
    assert citation["license"] == project["license"]


def test_the_workflow_is_valid_and_calls_the_same_tests_on_every_python() -> None:
    path = ROOT / ".github" / "workflows" / "test.yml"
    schema = "vendor.github-workflows"
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(path)]
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr

    job = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"]["test"]
    assert job["strategy"]["matrix"]["python"] == ["3.11", "3.12", "3.13", "3.14"]
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make test PYTHON=python"]


def test_hooks_before_a_commit_are_those_of_make_lint() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"] for repo in hooks["repos"] for hook in repo["hooks"]]
    assert [entry.split()[0] for entry in entries] == ["ruff", "ruff", "mypy"]
