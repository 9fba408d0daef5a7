"""The page of runs: whole by itself, safe, and the same numbers as everywhere."""

from __future__ import annotations

import re
from base64 import b64decode
from collections import Counter
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader

from sim.reporting.run_charts import SECTIONS, Shown, ShownRun
from sim.reporting.run_charts.settings import (
    ACCESS,
    EXTRACTION,
    ORDINARY,
    Setting,
    settings_of,
)
from sim.reporting.run_page import run_page
from sim.reporting.run_report import Report
from sim.scenario import load_scenario
from sim.summaries.run_figures import RunFigures
from tests.support import browser as chromium
from tests.support.pages import EVIL
from tests.support.run_reports import made_up, report_of_made_up


def page_of(*summaries: RunFigures) -> str:
    """The page of runs that were made by hand."""
    x = report_of_made_up(*summaries)
    return run_page(x.shown, x.charts, x.facts, x.findings, x.command)


@pytest.fixture(scope="module")
def page() -> str:
    return page_of(made_up())


@pytest.fixture(scope="module")
def browser() -> object:
    with chromium.launched() as found:
        yield found


def test_the_same_report_makes_the_same_page_without_script_or_anything_from_outside(
    page: str,
) -> None:
    assert page_of(made_up()) == page
    assert "<script" not in page
    assert not re.search(r"\son\w+=", page)
    loads = re.findall(r'(?:src|href)="([^"#][^"]*)"', page)
    assert {x.split(",")[0] for x in loads} == {"data:", "data:text/csv;base64"}
    assert len(page) < 1_000_000


def test_findings_stand_before_charts_and_lead_to_them(page: str) -> None:
    report = report_of_made_up(made_up())
    assert 4 <= len(report.findings) <= 6
    for chart in report.findings:
        assert f'<a href="#{chart.id}">{chart.title}.</a>' in unescape(page)
    parts = [f"part-{x}" for x in SECTIONS if x != "rows"]
    places = [page.index(f'<h2 id="{x}"') for x in ("findings", *parts, "tables", "made")]
    assert places == sorted(places)
    ids = Counter(re.findall(r'\sid="([^"]+)"', page))
    assert max(ids.values()) == 1
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(ids)
    assert "Something is not there." in page
    assert "sim report made-up --html report.html" in page
    assert "made-up, seed 5: 11,040 attempts, 11,040 of them answered, of 200 accounts" in page


@pytest.fixture(scope="module")
def of_three_kinds() -> Shown:
    """A run with a pool that is driven, a relay against the terms, and two ordinary groups."""
    settings = tuple(
        Setting(actor, typology, f"Title of {typology}", kind, behind, 100, "5,000 exchanges", True)
        for actor, typology, kind, behind in (
            ("pool", "A16", EXTRACTION, "one operator drives all accounts"),
            ("relay", "G12", ACCESS, "many people, sharing"),
            ("coders", "L01", ORDINARY, ""),
            ("chat", "L02", ORDINARY, ""),
        )
    )
    summary = made_up([x.actor for x in settings])
    about = "A pool beside others."
    run = ShownRun("made-up", summary, title="A pool", about=about, settings=settings)
    return Shown((run,))


def test_what_was_set_stands_first_with_the_kind_of_each_actor(of_three_kinds: Shown) -> None:
    report = Report(of_three_kinds, "")
    text = run_page(of_three_kinds, report.charts, report.facts, report.findings, "")
    shown = " ".join(unescape(re.sub("<[^>]+>", " ", text)).split())
    for words in (
        "What was simulated: A pool A pool beside others.",
        "Extraction: pool; use against the terms: relay; ordinary use: coders and chat.",
        "One operator drives all accounts of pool.",
        "pool A16: Title of A16 extraction; one operator drives all accounts 100 5,000 exchanges",
        "Pools that were set to such a figure lie on it by design.",
        "coders L01: Title of L01 ordinary use 100 5,000 exchanges",
    ):
        assert words in shown, words
    assert text.index('id="set"') < text.index('id="findings"')


def test_without_truth_nothing_is_said_of_actors(page: str) -> None:
    assert 'id="set"' not in page
    assert "extraction" not in page


def test_colours_and_marks_are_those_of_the_kind(of_three_kinds: Shown) -> None:
    colours = [of_three_kinds.colour(x) for x in ("pool", "relay", "coders", "chat")]
    assert colours[:3] == ["#bd1f01", "#832db6", "#3f90da"]
    assert len(set(colours)) == 4
    assert [of_three_kinds.glyph(x) for x in ("pool", "relay", "coders")] == ["■", "▲", "●"]
    assert of_three_kinds.key() == (
        " Red squares: extraction; purple triangles: use against the terms; round marks in blue, "
        "green and amber: ordinary use."
    )


def test_what_was_asked_is_said_of_every_way_to_ask() -> None:
    asked = {x.actor: x.asked for x in settings_of(load_scenario("reported_2026_02", scale=0.1))}
    assert asked["pool-large"] == "1,300,000 exchanges"
    assert asked["laboratory"] == "30 runs of 229 tasks of swe-bench-full"
    assert asked["coders"] == "35 exchanges a day by the median account"


def test_the_data_of_each_chart_can_be_taken_along(page: str) -> None:
    links = re.findall(r'href="data:text/csv;base64,([^"]+)" download="([\w-]+)\.csv"', page)
    charts = {x.id: x for x in report_of_made_up(made_up()).charts}
    assert {name for _, name in links} == set(charts)
    for content, name in links:
        assert b64decode(content).decode() == charts[name].csv()


def test_hostile_names_are_escaped() -> None:
    evil = made_up((EVIL, "coders"), name=EVIL, left_out=(EVIL,))
    evil = replace(evil, titles={EVIL: EVIL, "coders": EVIL}, by="typology")
    text = page_of(evil)
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text


def test_a_run_without_exchanges_has_a_page_that_says_so() -> None:
    nothing = made_up((), name="empty", events=replace(made_up().events, releases={}))
    nothing = replace(nothing, adoptions=(), distributions={}, tokens={}, cost_usd={})
    text = page_of(nothing)
    assert "There are no answered exchanges, and so there is nothing to draw." in text
    assert "empty, seed 5: no exchanges in 4 days." in text
    assert "<svg" not in text


def test_the_page_fits_screens_and_paper_and_turns_dark(
    browser: Browser, page: str, tmp_path: Path
) -> None:
    place = tmp_path / "page.html"
    place.write_text(page, encoding="utf-8")
    for width in (360, 1440):
        shown = browser.new_page(
            viewport={"width": width, "height": 900}, color_scheme="dark", java_script_enabled=True
        )
        shown.goto(place.as_uri())
        assert shown.evaluate("document.scrollingElement.scrollWidth") <= width
        cut = "x => [...x].filter(y => y.scrollWidth > y.clientWidth + 1).length"
        assert shown.eval_on_selector_all("figure .scroll", cut) == 0
        ground = shown.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(23, 23, 23)"
        inks = "x => [...new Set([...x].map(y => getComputedStyle(y).fill))]"
        for ink in shown.eval_on_selector_all("figure svg text", inks):
            assert max(int(x) for x in re.findall(r"\d+", ink)) > 120, ink
        shown.close()

    printed = browser.new_page()
    printed.goto(place.as_uri())
    printed.pdf(path=tmp_path / "page.pdf", format="A4")
    printed.close()
    assert len(PdfReader(tmp_path / "page.pdf").pages) <= 15
