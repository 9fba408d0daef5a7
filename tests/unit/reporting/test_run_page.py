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

from sim.reporting.run_charts import SECTIONS
from sim.reporting.run_page import run_page
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
