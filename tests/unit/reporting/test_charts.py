"""Charts: what they say is of the analysis, nothing is cut off, files are the same on repeat."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from sim.comparison.analysis import SECTIONS, Analysis, analyse
from sim.comparison.inference.quantiles import Ranged
from sim.comparison.plain_words import claim_names, parameter_words
from sim.comparison.sections.predictions import REPORTED
from sim.reporting.charts import Chart, charts_of, write_charts
from sim.reporting.charts.layout import NARROW, WIDTH, wrapped
from sim.reporting.charts.primitives import staggered

IDS = (
    "benchmark-runs",
    "needed",
    "expected-counts",
    "predictions",
    "odds-claims",
    "priors-needed",
    "design",
    "confusion",
    "pivot",
    "sensitivity",
    "tornado",
    "calibration",
)
# What the axes of each chart must be labelled with.
UNITS = {
    "benchmark-runs": ("exchanges in one full run (number)",),
    "needed": ("as a multiple of what was assumed typical (log scale)",),
    "expected-counts": ("exchanges of one cluster (number, log scale)",),
    "predictions": ("exchanges of one cluster (number, log scale)",),
    "odds-claims": ("odds (log scale)",),
    "priors-needed": ("how probable you think it before (%)", "how probable it is after (%)"),
    "design": ("%",),
    "confusion": ("probability of the true one (%)",),
    "pivot": ("share of the traffic on the new model (%)",),
    "sensitivity": ("share of variance (%)",),
    "tornado": ("reported count (exchanges, log scale)",),
    "calibration": ("stated probability (%)", "true (% of cases)", "held the truth (% of"),
}
# Charts that may be denser, and need not fit a phone: shaded tables, and reliability.
WIDE = ("design", "calibration")
DRAWS = 300
CLAIMS = ("A3", "A4", "S1")
HYPOTHESES = (
    "benchmarking",
    "evaluation-and-product",
    "extraction",
)


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    """A full analysis of claims of two reports, with few draws."""
    return analyse(claim_ids=CLAIMS, draws=DRAWS, hypotheses=HYPOTHESES)


@pytest.fixture(scope="module")
def charts(analysis: Analysis) -> dict[str, Chart]:
    return {x.id: x for x in charts_of(analysis)}


@pytest.fixture(scope="module")
def figures(charts: dict[str, Chart]) -> dict[str, Figure]:
    return {id_: chart.figure for id_, chart in charts.items()}


def test_a_full_analysis_has_every_chart_in_the_order_of_sections(
    charts: dict[str, Chart],
) -> None:
    assert tuple(charts) == IDS
    order = list(SECTIONS)
    places = [order.index(x.section) for x in charts.values()]
    assert places == sorted(places)
    for x in charts.values():
        assert len(x.title) < 240
        assert re.search(r"\d", x.alt)
        assert len(x.alt) < 400
        assert x.alt.endswith(".")
        assert not re.search(r"\b[A-Z]\d+\b", x.title), "a code is no name"


def test_files_are_the_same_bytes_on_repeat(charts: dict[str, Chart], tmp_path: Path) -> None:
    chosen = [charts[x] for x in ("predictions", "confusion")]
    forms = ("png", "svg", "pdf")
    first, second = (write_charts(chosen, tmp_path / x, forms) for x in ("a", "b"))
    names = [f"{x.id}.{ending}" for x in chosen for ending in (*forms, "csv")]
    assert [x.name for x in first] == names
    for one, other in zip(first, second, strict=True):
        content = one.read_bytes()
        assert content == other.read_bytes()
        assert b"Date" not in content[:2000]
        assert b"Matplotlib" not in content
    assert first[1].read_text(encoding="utf-8").endswith(chosen[0].svg())
    assert first[0].read_bytes()[1:4] == b"PNG"
    assert first[2].read_bytes().startswith(b"%PDF")


def test_pdf_is_drawn_on_request_only(charts: dict[str, Chart], tmp_path: Path) -> None:
    written = write_charts([charts["predictions"]], tmp_path)
    assert [x.suffix for x in written] == [".png", ".svg", ".csv"]


def test_text_of_a_picture_is_text_in_fonts_that_others_have(charts: dict[str, Chart]) -> None:
    for id_ in ("expected-counts", "odds-claims", "calibration"):
        for svg in (charts[id_].svg(), charts[id_].body()):
            texts = [y for y in ET.fromstring(svg).iter() if y.tag.endswith("text")]
            assert len(texts) > 5
            assert all("sans-serif" in y.get("style", "") for y in texts)
    assert "Moonshot, 3.4 million" in charts["expected-counts"].svg()


def test_the_body_leaves_title_and_source_to_the_page(charts: dict[str, Chart]) -> None:
    chart = charts["odds-claims"]
    assert "allegations by one party" in chart.source
    assert "allegations by one party" not in chart.body()
    assert "<title>" not in chart.body()


def test_charts_fit_a_phone_and_have_few_marks(figures: dict[str, Figure]) -> None:
    for id_, figure in figures.items():
        assert figure.get_figwidth() == (WIDTH if id_ in WIDE else NARROW), id_
        if id_ in (*WIDE, "benchmark-runs"):
            continue
        for axes in figure.axes:
            marks = [x for x in axes.lines if x.get_marker() not in ("None", None, "", "|")]
            assert len(marks) <= 20, id_


def test_data_are_what_is_drawn(charts: dict[str, Chart], analysis: Analysis) -> None:
    for x in charts.values():
        head, *rows = x.data
        assert rows
        assert {len(row) for row in rows} == {len(head)}, x.id
    by_id = {row[0]: row for row in charts["predictions"].data}
    for predicted in analysis.results["predictions"]:
        if predicted.convention == REPORTED:
            median = float(str(by_id[predicted.hypothesis][5]))
            assert median == pytest.approx(predicted.count.median, rel=1e-5)
    ratios = {row[2]: row[3] for row in charts["odds-claims"].data if row[0] == "DeepSeek, 150,000"}
    (weighed,) = [x for x in analysis.results["odds"].odds if x.evidence.id == "A3"]
    for other, ratio in weighed.steps[-1].ratios.items():
        assert float(str(ratios[other])) == pytest.approx(10**ratio.stated, rel=1e-3)


def test_svg_is_xml_without_date_or_outside_reference(charts: dict[str, Chart]) -> None:
    for id_ in ("odds-claims", "design"):
        text = charts[id_].svg()
        root = ET.fromstring(text)
        assert root.get("role") == "img"
        texts = [x.text for x in root if x.tag.endswith(("title", "desc"))]
        assert texts == [charts[id_].title, charts[id_].alt]
        known = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
        assert set(re.findall(r"https?://[^\"\s]*", text)) <= known
        assert not re.search(r"dc:date|<image|base64|DOCTYPE|20\d\d-\d\d-\d\dT", text)
        for link in re.findall(r'href="([^"]*)"', text):
            assert link.startswith("#")


def texts_of(figure: Figure) -> list[tuple[Text, Bbox]]:
    """All texts that are drawn, with their extents in pixels."""
    canvas: Any = FigureCanvasAgg(figure)
    canvas.draw()
    hidden = {id(x) for axes in figure.axes for x in hidden_texts(axes)}
    found = [x for x in figure.findobj(Text) if x.get_visible() and x.get_text().strip()]
    return [(x, x.get_window_extent(canvas.get_renderer())) for x in found if id(x) not in hidden]


def hidden_texts(axes: Axes) -> list[Any]:
    """Texts of axes that are not drawn: of axes that are off, and of ticks outside the limits."""
    found: list[Any] = []
    for axis in (axes.xaxis, axes.yaxis):
        low, high = sorted(axis.get_view_interval())
        wide = 1e-9 * (high - low)
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
            if not axes.axison or not low - wide <= tick.get_loc() <= high + wide:
                found += [tick.label1, tick.label2]
        found += [] if axes.axison else [axis.label]
    return found


Texts = dict[str, list[tuple[Text, Bbox]]]


@pytest.fixture(scope="module")
def texts(figures: dict[str, Figure]) -> Texts:
    return {id_: texts_of(figure) for id_, figure in figures.items()}


def test_no_text_is_cut_off(figures: dict[str, Figure], texts: Texts) -> None:
    for id_, shown in texts.items():
        whole = figures[id_].bbox
        for text, box in shown:
            inside = box.x0 >= -1 and box.y0 >= -1
            inside = inside and box.x1 <= whole.x1 + 1 and box.y1 <= whole.y1 + 1
            assert inside, (id_, text.get_text(), box, whole)


def test_no_text_lies_on_another(texts: Texts) -> None:
    for id_, shown in texts.items():
        for k, (text, box) in enumerate(shown):
            for other, beside in shown[k + 1 :]:
                wide = min(box.x1, beside.x1) - max(box.x0, beside.x0)
                high = min(box.y1, beside.y1) - max(box.y0, beside.y0)
                assert wide < -1 or high < 2.5, (id_, text.get_text(), other.get_text())


def test_axes_have_units_and_frames_say_what_is_drawn(analysis: Analysis, texts: Texts) -> None:
    for id_, shown in texts.items():
        said = "\n".join(x.get_text() for x, _ in shown)
        plain = said.replace("\n", " ")
        for words in UNITS[id_]:
            assert words in plain, (id_, words)
        assert "eed 0" in plain
        assumed = re.search(r"All \d+ ranges that the explanations draw from are assumed", plain)
        assert bool(assumed) == (id_ != "benchmark-runs"), id_
        assert "Claims are allegations by one party" in plain, id_
        assert (f"{DRAWS:,} " in plain) == (id_ != "pivot")
    every = {x.status for h in analysis.library.hypotheses.values() for x in h.priors.values()}
    assert every == {"prior"}


def _changed(analysis: Analysis) -> Analysis:
    """An analysis with other numbers in every section that is drawn."""
    results = analysis.results
    *others, last = results["predictions"]
    assert last.convention == REPORTED
    far = last.count.median * 50
    predicted = replace(last, count=replace(last.count, p05=far, median=far, p95=3 * far))
    odds, design = results["odds"], results["design"]
    first, *rest = odds.odds
    more = Ranged(1.9, 1.8, 2.0)
    steps = [
        replace(x, ratios=dict.fromkeys(x.ratios, more), groups=dict.fromkeys(x.groups, more))
        for x in first.steps
    ]
    prior_needed = {k: Ranged(-0.9, -1.0, -0.8) for k in first.prior_needed}
    weighed = (replace(first, steps=tuple(steps), prior_needed=prior_needed), *rest)
    growing = tuple(
        replace(x, wrong=x.wrong / 2, median_if_accused=Ranged(1.5, 1.0, 2.0))
        for x in design.growing
    )
    confusions = tuple(replace(x, mean=x.mean / 2) for x in design.confusions)
    effort, adoption = results["needed"], results["pivot"]
    sensitivity, calibration = results["sensitivity"], results["calibration"]
    changed = {
        "benchmark-runs": results["benchmark-runs"][3:],
        "needed": replace(
            effort,
            needed=tuple(
                replace(x, needed=replace(x.needed, median=x.stated.p95 * 2)) for x in effort.needed
            ),
        ),
        "predictions": (*others, predicted),
        "odds": replace(odds, odds=weighed, growing=growing),
        "priors-needed": replace(results["priors-needed"], odds=weighed),
        "design": replace(design, growing=growing, confusions=confusions),
        "pivot": replace(
            adoption,
            moves=tuple(
                replace(x, at_end=replace(x.at_end, median=0.01, p95=0.02)) for x in adoption.moves
            ),
        ),
        "sensitivity": replace(
            sensitivity,
            indices=tuple(replace(x, total=x.total / 2) for x in sensitivity.indices),
            bars=tuple(replace(x, high=x.high + 1) for x in sensitivity.bars),
        ),
        "calibration": replace(
            calibration, coverages=tuple(replace(x, share=0.1) for x in calibration.coverages)
        ),
    }
    return replace(analysis, results={**results, **changed})


def test_titles_hold_numbers_of_the_analysis(analysis: Analysis, charts: dict[str, Chart]) -> None:
    other = {x.id: x for x in charts_of(_changed(analysis))}
    assert tuple(other) == IDS
    for id_ in IDS:
        assert other[id_].title != charts[id_].title, id_
        assert other[id_].section == charts[id_].section
    assert "about 80 times as likely" in other["odds-claims"].title


def test_the_benchmark_chart_shows_every_model_and_the_line_of_thirty_runs(
    analysis: Analysis, figures: dict[str, Figure]
) -> None:
    (axes,) = figures["benchmark-runs"].axes
    shown = [x.get_text().replace("\n", " ") for x in axes.get_yticklabels()]
    models = [m.model for m in reversed(analysis.results["benchmark-runs"])]
    assert len(shown) == len(set(shown)) == len(models)
    assert all(model.startswith(x.split(" (")[0]) for x, model in zip(shown, models, strict=True))
    assert any("30 runs make Moonshot, 3.4 million" in x.get_text() for x in axes.texts)
    low, high = axes.get_xlim()
    for m in analysis.results["benchmark-runs"]:
        assert low < m.exchanges.low_95 < m.exchanges.high_95 < high


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("benchmark-runs", ["benchmark-runs"]),
        ("pivot", ["pivot"]),
        ("priors-needed", ["priors-needed"]),
        ("claims", []),
    ],
)
def test_charts_of_one_section(section: str, expected: list[str]) -> None:
    part = analyse(claim_ids=["A3"], sections=[section], draws=DRAWS, hypotheses=_TWO)
    found = charts_of(part)
    assert [x.id for x in found] == expected
    for x in found:
        for text, box in texts_of(x.figure):
            assert box.x0 >= -1, text.get_text()


_TWO = ("benchmarking", "extraction")


def test_a_report_that_says_no_more_than_over_gets_an_arrow() -> None:
    part = analyse(
        claim_ids=["A3"], sections=["predictions"], draws=DRAWS, hypotheses=_TWO, reading="at-least"
    )
    for chart in charts_of(part):
        markers = [line.get_marker() for line in chart.figure.axes[0].lines]
        assert ">" in markers


def test_lines_break_between_words_but_not_in_numbers() -> None:
    text = "the count of 150 k is 3 : 1 and > 3.4 M of it"
    lines = wrapped(text, 8, 0.8).split("\n")
    assert " ".join(lines) == text
    assert len(lines) > 3
    for whole in ("150 k", "3 : 1", "> 3.4 M"):
        assert any(whole in line for line in lines)


def test_labels_that_would_meet_are_staggered() -> None:
    assert staggered([1, 1.1, 1.2, 4], ["a label", "a label", "a label", "a label"], 8) == [
        0,
        1,
        2,
        0,
    ]


def test_dials_have_words() -> None:
    assert parameter_words("relay.customers") == "the number of customers"
    assert parameter_words("found_share") == "share of accounts found"
    assert parameter_words("work.new_factor") == "new factor"


def test_claims_have_names_and_ids_only_where_names_are_not_enough(analysis: Analysis) -> None:
    assert claim_names(analysis.cases)["A4"] == "Moonshot, 3.4 million"
    twice = [analysis.cases[0], replace(analysis.cases[0], id="X1")]
    assert claim_names(twice)["X1"] == "DeepSeek, 150,000 (X1)"
