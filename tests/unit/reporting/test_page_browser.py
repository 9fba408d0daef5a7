"""The page in a real browser: at a phone's width and a desk's, printed, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from pypdf import PdfReader

from sim.comparison.analysis import SECTIONS
from sim.reporting.page_parts import APPENDIX
from tests.support import browser as chromium
from tests.support.pages import FINDINGS, stand_in_charts, stand_in_tables, written

WIDTHS = (360, 768, 1440)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("page"))


@pytest.fixture(scope="module", params=WIDTHS, ids=lambda x: f"{x}px")
def shown(request: pytest.FixtureRequest, browser: Browser, place: Path) -> Iterator[Page]:
    """The page at each width, all of it unfolded; tests leave it as it is, but for scrolling."""
    made = browser.new_page(viewport={"width": request.param, "height": 900})
    made.goto(place.as_uri())
    made.evaluate("document.querySelectorAll('details').forEach(x => { x.open = true })")
    yield made
    made.close()


def ask(page: Page, function: str) -> Any:
    """Evaluate a function with helpers for boxes at hand."""
    helpers = """
      const all = x => [...document.querySelectorAll(x)];
      const box = x => x.getBoundingClientRect();
      const said = x => x.tagName + ' ' + x.textContent.trim().slice(0, 60);
      const own = x => [...x.childNodes].some(y => y.nodeType === 3 && y.data.trim());
    """
    return page.evaluate(f"() => {{ {helpers} return ({function})() }}")


def test_nothing_is_fetched_and_nothing_complains(browser: Browser, place: Path) -> None:
    requests: list[str] = []
    complaints: list[str] = []
    page = browser.new_page()
    page.on("request", lambda x: requests.append(x.url))
    page.on("console", lambda x: complaints.append(x.text))
    page.on("pageerror", lambda x: complaints.append(str(x)))
    page.on("dialog", lambda x: complaints.append(x.message))
    page.goto(place.as_uri())
    page.evaluate("document.querySelectorAll('details').forEach(x => { x.open = true })")
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_load_state("networkidle")
    page.close()
    assert set(requests) == {place.as_uri()}
    assert complaints == []


def test_the_page_never_scrolls_sideways(shown: Page) -> None:
    width, inner = ask(shown, "() => [document.scrollingElement.scrollWidth, innerWidth]")
    assert width <= inner


def test_no_text_is_small(shown: Page) -> None:
    small = """() => all('body *').filter(x => own(x) && !x.closest('svg'))
      .filter(x => parseFloat(getComputedStyle(x).fontSize) < 12).map(said)"""
    assert ask(shown, small) == []


def test_lines_of_prose_are_short(shown: Page) -> None:
    long = """() => all('p, li, h1').filter(x => !x.closest('nav'))
      .filter(x => box(x).width > 45 * 16).map(said)"""
    assert ask(shown, long) == []


def test_whatever_is_wide_scrolls_inside_its_region(shown: Page) -> None:
    outside = """() => all('body *').filter(x => !x.closest('.scroll, .skip, .unseen'))
      .filter(x => box(x).right > innerWidth + 1 || box(x).left < -1).map(said)"""
    assert ask(shown, outside) == []
    charts = ask(
        shown,
        """() => all('figure svg').map(x => {
          const around = x.closest('.scroll');
          return [box(x).width, box(x).height, around.clientWidth, around.scrollWidth,
                  getComputedStyle(around).overflowX]})""",
    )
    assert len(charts) == len(stand_in_charts())
    for width, height, room, reach, overflow in charts:
        assert height > 50
        assert width <= room + 1 or (overflow == "auto" and width <= reach + 1)


def test_tables_can_be_reached_and_scrolled_by_keyboard(shown: Page) -> None:
    tables = ask(
        shown,
        """() => all('table:not(#table-worked)').map(x => {
          const around = x.closest('.scroll');
          around.focus();
          around.scrollLeft = 1e6;
          const last = [...x.rows].at(-1).cells;
          return [document.activeElement === around, around.getAttribute('role'),
                  around.getAttribute('aria-label'), box(x).width * box(x).height,
                  box(last[last.length - 1]).right <= innerWidth + 1]})""",
    )
    assert len(tables) == len(stand_in_tables())
    for focused, role, label, area, reached in tables:
        assert (focused, role, reached) == (True, "region", True)
        assert label
        assert area > 0


def test_headings_charts_and_tables_do_not_overlap(shown: Page) -> None:
    overlapping = """() => {
      const boxes = all('h1, h2, h3, p, dl, pre, summary, figcaption, .scroll');
      const pairs = [];
      boxes.forEach((x, k) => boxes.slice(k + 1).forEach(y => {
        if (x.contains(y) || y.contains(x)) return;
        const [a, b] = [box(x), box(y)];
        const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (a.width && b.width && across > 1 && down > 1) pairs.push([said(x), said(y)]);
      }));
      return pairs }"""
    assert ask(shown, overlapping) == []


def test_pictures_do_not_take_shapes_from_each_other(shown: Page) -> None:
    foreign = """() => all('figure svg use').filter(x => {
        const aim = document.getElementById(x.getAttribute('href').slice(1));
        return !aim || aim.closest('svg') !== x.closest('svg') }).length"""
    assert ask(shown, foreign) == 0


def test_numbers_stand_one_below_the_other(shown: Page) -> None:
    styles = """() => all('td:not(.text)').map(x => getComputedStyle(x))
      .map(x => x.textAlign + ' ' + x.fontVariantNumeric.includes('tabular-nums'))"""
    assert set(ask(shown, styles)) == {"right true"}


WEAK = """() => {
      const parts = x => x.match(/[\\d.]+/g).map(Number);
      const light = x => { const [r, g, b] = parts(x).slice(0, 3).map(v => v / 255)
        .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
        return .2126 * r + .7152 * g + .0722 * b };
      const ground = x => { for (let y = x; y; y = y.parentElement) {
        const c = getComputedStyle(y).backgroundColor; const [, , , alpha = 1] = parts(c);
        if (alpha > 0) return c } return 'rgb(255, 255, 255)' };
      return all('body *').filter(x => own(x) && !x.closest('svg')).filter(x => {
        const [a, b] = [light(getComputedStyle(x).color), light(ground(x))];
        return (Math.max(a, b) + .05) / (Math.min(a, b) + .05) < 4.5 }).map(said) }"""


def test_contrast_is_enough(shown: Page) -> None:
    assert ask(shown, WEAK) == []


def test_contrast_is_enough_in_the_dark(browser: Browser, place: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(place.as_uri())
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(23, 23, 23)"
    assert ask(page, WEAK) == []
    fills = ask(page, "() => all('figure svg rect[style]').map(x => getComputedStyle(x).fill)")
    page.close()
    # The blue of the stand-in picture, as light as it is dark by day
    assert set(fills) == {"rgb(129, 183, 227)"}


def test_contents_are_beside_the_text_of_a_wide_screen_and_folded_on_a_narrow_one(
    shown: Page,
) -> None:
    first = shown.locator("nav ol a").first
    width = shown.evaluate("innerWidth")
    shown.evaluate("document.querySelector('nav details').open = false")
    assert first.is_visible() == (width > 1200)
    shown.evaluate("document.querySelector('nav details').open = true")
    shown.evaluate("window.scrollTo(0, 3000)")
    if width > 1200:
        assert first.bounding_box()["y"] >= 0  # type: ignore[index]


def test_the_calculator_counts_live_and_its_link_keeps_the_numbers(
    browser: Browser, place: Path
) -> None:
    page = browser.new_page()
    page.goto(place.as_uri())
    count = page.locator("#try-count")
    assert count.text_content() == "3.45 million exchanges"
    page.locator("[name=try-runs]").fill("1")
    assert count.text_content() == "115,000 exchanges"
    assert page.locator("#try-claims dd").first.text_content() == "77 % of it"
    page.locator("[name=try-convention]").select_option("C6")
    assert count.text_content() == "2,300 exchanges"

    link = page.locator("#try-link").get_attribute("href")
    assert link == "#try=2300,50,1,1,1,C6"
    page.close()
    again = browser.new_page()
    again.goto(place.as_uri() + link)
    assert again.locator("#try-count").text_content() == "2,300 exchanges"
    assert again.locator("[name=try-runs]").input_value() == "1"
    again.close()


@pytest.mark.parametrize("numbers", ["-1,0,x,1", "9,9,9,9,9,C9", "1e9,<b>,1", "....,,,,,"])
def test_a_strange_link_does_no_harm(browser: Browser, place: Path, numbers: str) -> None:
    page = browser.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda x: complaints.append(str(x)))
    page.goto(f"{place.as_uri()}#try={numbers}")
    assert page.locator("#try-count").text_content().endswith(" exchanges")  # type: ignore[union-attr]
    page.close()
    assert complaints == []


def test_the_structure_is_there_for_those_who_do_not_see_it(shown: Page) -> None:
    assert ask(shown, "() => document.documentElement.lang") == "en"
    assert ask(shown, "() => document.title") != ""
    assert ask(shown, "() => ['h1', 'main', 'nav', 'header'].map(x => all(x).length)") == [1] * 4
    nameless = "() => all('section, nav').filter(x => !document.getElementById("
    assert ask(shown, nameless + "x.getAttribute('aria-labelledby'))).length") == 0
    assert ask(shown, "() => all('table').filter(x => !x.caption?.textContent.trim()).length") == 0
    assert ask(shown, "() => all('thead th').filter(x => x.scope !== 'col').length") == 0
    rows = "() => all('tbody tr').filter(x => x.cells[0].scope !== 'row').length"
    assert ask(shown, rows) == 0
    pictures = "() => all('svg').map(x => [x.getAttribute('role'), x.getAttribute('aria-label')])"
    assert ask(shown, pictures) == [["img", x.alt] for x in stand_in_charts()]
    assert ask(shown, "() => all('[tabindex]').filter(x => x.tabIndex > 0).length") == 0


def test_the_first_tab_leads_past_everything_to_the_content(browser: Browser, place: Path) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 900})
    page.goto(place.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    left = page.evaluate("document.activeElement.getBoundingClientRect().left")
    assert left >= 0
    page.keyboard.press("Enter")
    page.wait_for_url("**/*#content", wait_until="commit")
    page.close()


def test_without_scripts_everything_can_be_unfolded(browser: Browser, place: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(place.as_uri())
    folded = page.locator("main summary")
    assert folded.count() == 2
    assert not page.locator("#try-form").is_visible()
    assert page.locator("#table-worked").get_by_text("3.45 million").is_visible()
    assert not page.locator("#table-long").is_visible()
    for summary in folded.all():
        summary.click()
    for table in stand_in_tables():
        assert page.locator(f"#table-{table.id}").is_visible()
    assert page.get_by_text("count and 199", exact=True).is_visible()
    for link in page.locator("nav a").all():
        link.click()
        page.wait_for_url(f"**/*{link.get_attribute('href')}", wait_until="commit")
    context.close()


@pytest.fixture(scope="module")
def printed(browser: Browser, place: Path) -> Path:
    page = browser.new_page()
    page.goto(place.as_uri())
    path = place.with_suffix(".pdf")
    page.pdf(path=path, prefer_css_page_size=True)
    page.close()
    return path


def text_of(pdf: Path) -> str:
    """The text of a PDF without its spaces, where lines are broken as the paper needs it."""
    return "".join("".join(x.extract_text().split()) for x in PdfReader(pdf).pages)


def test_print_has_findings_and_short_tables_but_no_appendix(printed: Path) -> None:
    text = text_of(printed)
    questions = (x.question for x in SECTIONS.values())
    short = (x for x in stand_in_tables() if x.section not in APPENDIX)
    for said in (*questions, *FINDINGS, *(x.finding for x in short)):
        assert "".join(said[1:].split()) in text
    assert "countand1" not in text
    assert "(200rows)isonthescreenonly" in text
    assert "22of31columnsareonthescreenonly" in text
    assert "share29" not in text


def test_print_is_on_a4_and_nothing_is_cut_at_its_sides(browser: Browser, place: Path) -> None:
    millimetre = 96 / 25.4
    width = int((210 - 2 * 13) * millimetre)
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(place.as_uri())
    page.emulate_media(media="print")
    page.evaluate("document.querySelectorAll('details').forEach(x => { x.open = true })")
    outside = """() => all('body *').filter(x => !x.closest('.unseen'))
      .filter(x => box(x).right > innerWidth + 1).map(said)"""
    assert ask(page, outside) == []
    high = 297 - 12 - 13
    tall = f"() => all('figure').filter(x => box(x).height > {high * millimetre}).length"
    assert ask(page, tall) == 0
    page.close()


def test_print_of_each_page_is_of_a4_size(printed: Path) -> None:
    sizes = {tuple(round(float(y)) for y in x.mediabox[2:]) for x in PdfReader(printed).pages}
    assert sizes == {(595, 842)}
