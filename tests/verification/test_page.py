"""The page of the default analysis: small enough to send, short enough to print."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pypdf import PdfReader

from sim.comparison.analysis import analyse
from tests.support import browser as chromium
from tests.verification.report import Report

pytestmark = pytest.mark.verify

_A4 = (595, 842)


def test_the_page_is_under_a_megabyte_and_fifteen_sheets(report: Report, tmp_path: Path) -> None:
    place = tmp_path / "page.html"
    analyse().to_html(place)
    with chromium.launched() as browser:
        page = browser.new_page()
        page.goto(place.as_uri())
        page.pdf(path=tmp_path / "page.pdf", prefer_css_page_size=True)
        outlined = page.locator("figure svg use[href*=DejaVu]").count()
        texts = page.locator("figure svg text").count()
        page.close()

    sheets = PdfReader(tmp_path / "page.pdf").pages
    report.exact("letters drawn as outlines", outlined, 0)
    assert texts > 300
    assert place.stat().st_size < 1_000_000
    assert len(sheets) <= 15
    assert {tuple(round(float(x)) for x in y.mediabox[2:]) for y in sheets} == {_A4}
    assert not re.search(r"\d{1,3}(\.\d+)? [kM] times", place.read_text(encoding="utf-8"))
    report.close()
