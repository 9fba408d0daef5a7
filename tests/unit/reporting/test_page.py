"""The page without a browser: what is in it, and that nothing from outside is."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import shlex
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote

import pytest

from sim.comparison.analysis import SECTIONS
from sim.comparison.clusters.from_runs import Cluster
from sim.comparison.tables import Column, Table
from sim.reporting.inline_svg import inline_svg
from sim.reporting.page import command_of, page, with_names
from tests.support.pages import EVIL, FINDINGS, SVG, quick_analysis, stand_in_charts, stand_in_page
from tests.support.pages import stand_in_tables as tables

LOADS = {"src", "srcset", "data", "poster", "background", "action", "formaction", "ping", "href"}


class Parsed(HTMLParser):
    """Elements and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


@pytest.fixture(scope="module")
def parsed() -> Parsed:
    return Parsed(stand_in_page())


def test_the_same_analysis_makes_the_same_bytes() -> None:
    again = page(quick_analysis(), tables(), FINDINGS, stand_in_charts())
    assert again == stand_in_page()


def test_nothing_is_loaded_and_one_script_runs(parsed: Parsed) -> None:
    for tag, attributes in parsed.elements:
        assert tag not in {"iframe", "object", "embed", "base", "audio", "video", "img"}
        assert not [x for x in attributes if x.startswith("on")]
        for name in LOADS & set(attributes):
            value = attributes[name] or ""
            is_inside = value[:1] == "#" or value.startswith("data:,")
            assert is_inside or tag == "a", (tag, name, value)
    for rule in ("@import", "url(h", "url(/", "url('h", "expression("):
        assert rule not in stand_in_page()


def test_the_browser_is_told_to_run_the_calculator_and_nothing_else() -> None:
    made = stand_in_page()
    (script,) = re.findall("<script>(.*?)</script>", made, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = re.findall('Content-Security-Policy" content="([^"]*)"', made)
    assert "default-src 'none'" in html.unescape(policy)
    assert f"script-src 'sha256-{digest}';" in html.unescape(policy)
    for reaching_out in ("fetch(", "XMLHttpRequest", "WebSocket", "import(", "eval(", "innerHTML"):
        assert reaching_out not in script


def test_links_lead_to_sources_and_show_where(parsed: Parsed) -> None:
    links = [x["href"] for tag, x in parsed.elements if tag == "a" and "href" in x]
    data = [x for x in links if x and x.startswith("data:text/csv")]
    assert [unquote(x).splitlines()[-1] for x in data] == ["runs,1", "odds,1", "growing,1"]
    outside = [x for x in links if x and x[:1] != "#" and x not in data]
    assert outside
    for href in outside:
        assert href
        assert href.startswith(("https://", "http://"))
        assert href in parsed.text
    ids = {x["id"] for _, x in parsed.elements if "id" in x}
    inside = {x[1:] for x in links if x and x[:1] == "#" and not x.startswith("#try=")}
    assert inside <= ids


def test_everything_given_is_there_as_text(parsed: Parsed) -> None:
    for finding in FINDINGS:
        assert finding[1:] in parsed.text
    for table in tables():
        assert table.finding[1:] in parsed.text
        for column in table.columns:
            assert column.title in parsed.text
    for section in SECTIONS.values():
        assert section.question[1:] in parsed.text
    for said in (
        "does not identify an intent",
        "allegations by an interested party",
        "Much here is assumed",
        "Limits of the method",
        "200 rows",
    ):
        assert said in parsed.text
    labels = {x.get("aria-label") for tag, x in parsed.elements if tag == "svg"}
    assert labels == {x.alt for x in stand_in_charts()}


def test_what_users_write_is_escaped() -> None:
    evil = quick_analysis().claims[0].model_copy(update={"source": EVIL, "report": EVIL})
    columns = (Column("report", EVIL, EVIL), Column("source", "source"), Column("status", "status"))
    rows = ((evil.report, evil.source, EVIL),)
    table = Table("claims", "claims", EVIL, columns, rows, (EVIL,))
    analysis = replace(quick_analysis(), claims=(evil,))
    made = page(analysis, (table,), (EVIL,), stand_in_charts(), command=f"sim compare {EVIL}")
    assert made.count("<script") == 1
    assert "<script>alert" not in made
    assert "<img" not in made
    assert "&lt;script&gt;" in made
    assert "&amp;lt;" not in made


def test_sections_stand_in_their_order_and_findings_before_charts() -> None:
    made = stand_in_page()
    places = [made.index(f'<h2 id="{x}">') for x in SECTIONS]
    assert places == sorted(places)
    first = [made.index(f'<h2 id="{x}"') for x in ("answer", "read-first", "try", "findings")]
    assert first == sorted(first)
    assert made.index("<h1") < made.index("<nav") < first[0]
    assert first[-1] < places[0] < made.index("<svg")


def test_headings_go_down_one_level_at_a_time(parsed: Parsed) -> None:
    levels = [int(tag[1]) for tag, _ in parsed.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_sections_that_nobody_asked_for_are_left_out() -> None:
    analysis = quick_analysis()
    asked = replace(analysis, settings=replace(analysis.settings, sections=("claims",)))
    made = page(asked, (), (), ())
    assert '<h2 id="claims">' in made
    assert '<h2 id="odds">' not in made
    assert "These settings give no answer to this." in made
    assert "Nothing was asked that gives a finding." in made


def test_an_unknown_section_is_an_error() -> None:
    strange = Table("t", "elsewhere", "a finding", (), ())
    with pytest.raises(ValueError, match="no such section: elsewhere"):
        page(quick_analysis(), (strange,), (), ())


def test_status_is_a_word_beside_its_mark(parsed: Parsed) -> None:
    for said in ("● measured", "◆ reported", "○ prior"):
        assert said in parsed.text


def test_the_command_names_every_setting() -> None:
    analysis = quick_analysis()
    words = shlex.split(command_of(analysis))
    assert words[:2] == ["sim", "compare"]
    assert words[-6:] == ["--draws", "200", "--seed", "0", "--html", "page.html"]
    assert words[2] == "--hypothesis", "the default claims are not named"
    settings = replace(analysis.settings, prior_odds={"extraction": 2.5})
    assert "--prior-odds extraction=2.5" in command_of(replace(analysis, settings=settings))


def _run(place: str, actor: str | None = None) -> Cluster:
    name = place if actor is None else f"{place}:{actor}"
    return Cluster(
        name, place, actor, 1.0, {"C2": 7}, 1, 7.0, None, None, None, None, None, None, {}
    )


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        (("/home/a/runs/one",), ("one",)),
        (("/home/a/one", "/home/b/one"), ("a/one", "b/one")),
        (("runs/one", "s3://bucket/two"), ("runs/one", "s3://bucket/two")),
    ],
)
def test_no_folder_of_this_machine_is_named(
    places: tuple[str, ...], shown: tuple[str, ...]
) -> None:
    analysis = replace(quick_analysis(), runs=tuple(_run(x, "pool") for x in places))
    findings = [f"{x} says little" for x in places]
    made = page(analysis, (), findings, ())
    text = Parsed(made).text
    assert "/home" not in made
    for name in shown:
        assert f"{name}:pool" in text
        assert f"{name} says little"[1:] in text
    assert f"sim compare {' '.join(shown)} --by-actor" in text


def test_ids_of_pictures_are_their_own(parsed: Parsed) -> None:
    ids = Counter(x["id"] for _, x in parsed.elements if "id" in x)
    assert [x for x, n in ids.items() if n > 1] == []
    used = [
        y
        for _, x in parsed.elements
        for v in x.values()
        for y in re.findall(r"url\(#([^)]*)\)", v or "")
    ]
    used += [str(x["href"])[1:] for tag, x in parsed.elements if tag == "use"]
    assert len(used) == 3 * 4
    assert set(used) <= set(ids)


def test_a_prefix_renames_what_refers_to_an_id_and_nothing_else() -> None:
    made = inline_svg(SVG, "p-", "")
    assert 'id="p-glyph"' in made
    assert 'id="p-abc"' in made
    assert 'clip-path="url(#p-abc)"' in made
    assert "clip-path: url(#p-abc)" in made
    assert made.count('href="#p-glyph"') == 2
    assert 'fill="#abc"' in made
    assert "#p-svg {*{stroke-linejoin: round} #p-glyph{color: #abc}}" in made
    assert "metadata" not in made
    assert "xlink" not in made
    assert "DOCTYPE" not in made
    # A picture that was made ready once can be made ready again.
    assert 'clip-path="url(#q-p-abc)"' in inline_svg(made, "q-", "")


def test_an_inline_picture_is_fluid_and_has_a_text() -> None:
    made = inline_svg(SVG, "p-", 'a "text" <b>')
    assert made.startswith("<svg ")
    head = made[: made.index(">")]
    assert 'role="img"' in head
    assert 'aria-label="a &quot;text&quot; &lt;b' in head
    assert "--drawn: 1008px" in head
    assert "width=" not in head
    assert "viewBox" in head
    bare = inline_svg('<svg xmlns="http://www.w3.org/2000/svg" width="100%"/>', "p-", "x")
    assert "--drawn" not in bare


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("the odds favour it in A4", "the odds favour it in Moonshot (A4)"),
        ("3.4 M (A4, counted as C2)", "3.4 M (Moonshot, A4, counted as C2)"),
        ("Moonshot (A4) is named", "Moonshot (A4) is named"),
        ("A1 adds up A3 and A5", "the total (A1) adds up DeepSeek (A3) and MiniMax (A5)"),
        ("A40 and XA4 are no codes", "A40 and XA4 are no codes"),
    ],
)
def test_codes_of_claims_stand_beside_names(said: str, shown: str) -> None:
    assert with_names(said, quick_analysis()) == shown
