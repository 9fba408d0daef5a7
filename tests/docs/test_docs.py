"""The documentation: its commands run, its generated parts are current, its links lead somewhere.

`tools/examples.py` says which blocks of a page are run.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

import sim
from sim.catalog import typologies
from sim.cli.main import cli
from sim.comparison.claims.user_claims import load_claims
from sim.comparison.hypotheses.load_hypotheses import load_library
from sim.documents.strict_yaml import parse_yaml
from sim.packs.recipe_parse import form_of
from sim.scenario import load_scenario
from sim.tables import schema
from tests.support.commands import runner
from tests.support.paths import ROOT
from tests.support.run_by_verify import to_run
from tools import generate_docs
from tools.examples import FENCE, matches, run_examples

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
LANGUAGES = {"sh", "console", "sh-session", "text", "yaml", "python", "output", "json", "diff"}
# For scenarios in the text that name one.
CALIBRATION = ROOT / "tests" / "cases" / "calibrations" / "small.yaml"

_LINK = re.compile(r"\[[^\]]*\]\(([^)]+)\)")


def name_of(page: Path) -> str:
    return page.name


def blocks(page: Path) -> list[tuple[str, str]]:
    """Language and content of every fenced block."""
    return FENCE.findall(page.read_text(encoding="utf-8"))


# Commands


# A page with a notebook is run by test_notebook.py.
@pytest.mark.parametrize(
    "page", to_run([p for p in PAGES if not p.with_suffix(".ipynb").exists()]), ids=name_of
)
def test_commands_run_and_print_what_is_shown(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for example in run_examples(page):
        printed = "\n".join(example.printed)
        said = f"{example.source}\n{printed}\n(python tools/examples.py rewrites it)"
        assert matches(example.printed, example.shown), said


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_files_in_the_text_are_valid(page: Path, tmp_path: Path) -> None:
    shutil.copy(CALIBRATION, tmp_path / "params.yaml")
    for number, (language, content) in enumerate(blocks(page)):
        if language == "yaml" and "version: 1" in content:
            path = tmp_path / f"{number}.yaml"
            path.write_text(content, encoding="utf-8")
            assert loaded(path, content)


def loaded(path: Path, content: str) -> Any:
    """What a file holds: claims, explanations, a recipe, or a scenario with actors."""
    if "\nclaims:" in content:
        return load_claims(path)
    if "\nactors:" not in content and ("\nseeds:" in content or "\nmembers:" in content):
        return form_of(parse_yaml(content, path.name).data)  # its scenario is another block
    return load_library(path) if "\nhypotheses:" in content else load_scenario(path).actors


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_blocks_say_their_language(page: Path) -> None:
    assert {language for language, _ in blocks(page)} <= LANGUAGES


def test_elision_stands_for_any_lines() -> None:
    assert matches(["a", "b", "c"], ["a", "..."])
    assert matches(["a", "b", "c"], ["...", "c"])
    assert matches(["a"], ["a", "..."])
    assert not matches(["a", "b"], ["a"])
    assert not matches(["a", "b"], ["...", "a"])


# Generated and checked parts


# Measures of the code change with every commit; `make docs` writes them now and then.
@pytest.mark.parametrize("page", [p for p in PAGES if p.name != "code.md"], ids=name_of)
def test_generated_parts_are_current(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert generate_docs.filled(text) == text, "run `make docs`"


def test_every_generated_part_is_shown() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    shown = re.findall(r"<!-- generated: ([a-z0-9 /_-]+) -->", text)
    assert set(shown) == set(generate_docs.BLOCKS)


def test_every_verb_is_in_the_reference() -> None:
    text = (ROOT / "docs" / "reference" / "cli.md").read_text(encoding="utf-8")
    assert re.findall(r"^## sim ([\w-]+)$", text, re.MULTILINE) == list(cli.commands)


def test_every_function_of_the_front_is_in_the_signatures() -> None:
    text = (ROOT / "docs" / "reference" / "api.md").read_text(encoding="utf-8")
    for name in sim.__all__:
        module = getattr(getattr(sim, name), "__module__", "")
        if module.startswith("sim._front."):
            assert f"::: {module}\n" in text, name


def test_every_column_is_described() -> None:
    """Name, type and order of every column of every table; which columns each profile has."""
    text = (ROOT / "docs" / "reference" / "log-schema.md").read_text(encoding="utf-8")
    _, *parts = re.split(r"^## ", text, flags=re.MULTILINE)
    described: dict[str, dict[str, str]] = {}
    for part in (part for part in parts if not part.startswith("manifest.json")):
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \|", part, re.MULTILINE)
        described[part.split("\n")[0]] = {name: kind.strip() for name, kind in rows}
    assert described["log/exchanges"].pop("prompt_emb") == "vector"
    assert {k: list(v.items()) for k, v in described.items()} == {
        k: list(v.items()) for k, v in schema.TABLES.items()
    }
    for profile, words in {"lean": "lean", "core": "lean|core"}.items():
        found = re.findall(rf"^\| `(\w+)` \| [^|]+ \| (?:{words}) \|", parts[0], re.MULTILINE)
        assert found == list(schema.exchange_columns(profile))
    [truth] = [part for part in parts if part.startswith("truth/exchanges\n")]
    found = re.findall(r"^\| `(\w+)` \| [^|]+ \| lean \|", truth, re.MULTILINE)
    assert found == list(schema.truth_columns("lean"))


def test_every_label_is_explained() -> None:
    text = (ROOT / "docs" / "reference" / "labels.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"`(\w+)`", text))
    own = {"account_id", "exchange_id"}
    times = {"started_at", "ended_at", "starts_at"}
    totals = {"exchanges_in_log", "tasks_in_log", "tasks_finished"}
    totals |= {"tasks_given_up", "tasks_cut_off"}
    columns = {
        name for stem, table in schema.TABLES.items() if stem.startswith("truth/") for name in table
    }
    assert columns - own - times - totals - {"accounts"} <= explained
    assert all(f"**{typology}**" in text for typology in typologies())


# Links


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link in _LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if link.startswith("http"):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_is_in_the_menu_of_the_site() -> None:
    """`make site` fails otherwise, and the fast tests do not build it."""
    docs = ROOT / "docs"
    menu = (docs / "site" / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2]
    pages = {page.relative_to(docs).as_posix() for page in docs.rglob("*.md")}
    assert set(re.findall(r": (\S+\.md)$", menu, re.MULTILINE)) | {"index.md"} == pages


def test_reports_are_current() -> None:
    """A section of the tables and what else is there; `make verify` compares every byte."""
    kept = (ROOT / "reports" / "comparison.csv").read_text(encoding="utf-8")
    made = runner().invoke(cli, ["compare", "--only", "predictions", "--csv"]).stdout
    same = [x for x in kept.splitlines() if x.split(",")[0] in ("table", "predictions")]
    assert made.splitlines() == same, "run `make reports`"
    page = (ROOT / "reports" / "index.html").read_text(encoding="utf-8")
    assert "10,000 draws" in page
    assert "Simulated, not observed" in (ROOT / "reports" / "run.html").read_text(encoding="utf-8")
    for name in ("exchange-distributions", "conventions", "expected-counts", "odds-claims"):
        assert (ROOT / "reports" / "charts" / f"{name}.svg").stat().st_size > 10_000
