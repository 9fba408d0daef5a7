"""Time and exchanges to detection, and what got away, of twenty accounts by hand."""

from __future__ import annotations

import dataclasses

import pytest

from sim.scoring import delay
from sim.scoring.figures import Figure
from tests.support.twenty import TWENTY, answer, figures

# Each of 16 accounts extracts at the days 1, 2, 3 and 4 of ten. Of the five that are flagged one is
# harmless; 10 is flagged before it begins.
MOMENTS = {0: 2.0, 10: 0.5, 11: 9.0, 15: 3.5, 16: 1.0}
REQUESTED = {1: (80, 40), 2: (16, 16), 3: (30, 0)}


def measured(**settings: object) -> dict[str, Figure]:
    return figures(delay.section(answer(**settings))[0])  # type: ignore[arg-type]


def test_time_and_exchanges_of_accounts() -> None:
    # after 0, 1, 2.5 and 8 days, with 0, 2, 3 and 4 exchanges; twelve are censored at day 10, nine
    # days after they began, with four exchanges sent
    made = measured(moments=MOMENTS)
    assert made["detected_within_1_days"].value == pytest.approx(2 / 16)
    assert made["detected_within_7_days"].value == pytest.approx(3 / 16)
    assert made["detected_within_1_days"].rests_on == "4 of 16 accounts detected by the close"
    assert made["median_days"].value is None
    assert made["median_days"].why_not == "fewer than half are detected"
    assert made["detected_within_100_exchanges"].value is None
    assert (
        made["detected_within_100_exchanges"].why_not
        == "fewer than a fifth are observed for so many exchanges"
    )


def test_time_of_campaigns() -> None:
    # a tenth of 10, 4 and 1 accounts is one each: after 1 day, after 0, never
    made = measured(moments=MOMENTS)
    assert made["campaign_detected_within_1_days"].value == pytest.approx(2 / 3)
    assert made["campaign_detected_within_7_days"].value == pytest.approx(2 / 3)
    assert made["campaign_median_days"].value == 1
    assert made["campaign_median_days"].rests_on == "2 of 3 campaigns detected by the close"


def test_a_campaign_waits_for_the_tenth_part_of_its_accounts() -> None:
    rows = [("A16", 11, 1, True, 0.9 if place < 2 else 0.1) for place in range(11)]
    early = figures(delay.section(answer([*rows, *TWENTY[15:]], moments={0: 2, 1: 6}))[0])
    assert early["campaign_median_days"].value == 5


def test_what_got_away() -> None:
    made = measured(moments=MOMENTS, requested=REQUESTED)
    assert made["got_away"].value == pytest.approx((2 + 0 + 4 + 3 + 48) / 64)
    assert made["got_away"].rests_on == "57 of 64 exchanges"
    assert made["got_away A16"].value == pytest.approx(38 / 40)
    assert made["got_away A19"].value == pytest.approx((0 + 4 + 4 + 4 + 4) / 20)
    assert made["got_away A18"].value == pytest.approx(3 / 4)
    assert made["got_away_campaigns"].value == pytest.approx((38 / 40 + 12 / 16 + 4 / 4) / 3)
    # twice of 40 were requested of the first campaign; the third has nothing to compare with
    assert made["got_away_planned"].value == pytest.approx((38 + 12) / (80 + 16))
    assert made["got_away_planned"].rests_on == "96 exchanges planned by 3 campaigns"


def test_an_account_is_observed_to_a_ban_that_stands() -> None:
    # 1 is censored at day 2, one day after it began; 2 was let in again; 11 is detected too late
    events = [(1, 2.0, "ban"), (2, 2.0, "ban"), (2, 3.0, "reinstate"), (11, 5.0, "ban")]
    made = measured(moments=MOMENTS, events=events)
    assert made["detected_within_1_days"].value == pytest.approx(2 / 16)
    assert made["detected_within_7_days"].value == pytest.approx(1 - 14 / 16 * 12 / 13)
    assert made["detected_within_7_days"].rests_on == "3 of 16 accounts detected by the close"


def test_a_ban_beyond_the_window_does_not_count() -> None:
    events = [(1, 10.0, "ban"), (2, -1.0, "ban")]
    assert measured(moments=MOMENTS, events=events) == measured(moments=MOMENTS)


def test_curves_rise_from_nothing_to_what_is_detected() -> None:
    _, curves = delay.section(answer(moments=MOMENTS))
    assert [curve.id for curve in curves] == [
        "time_to_detection",
        "exchanges_to_detection",
        "campaign_time_to_detection",
    ]
    first = curves[0]
    assert list(first.x) == [0, 0, 1, 2.5, 8, 9]
    assert first.y == pytest.approx((0, 1 / 16, 2 / 16, 3 / 16, 4 / 16, 4 / 16))
    assert first.step
    assert not first.low  # of four operators


def test_a_curve_has_a_band_if_there_are_operators_to_draw_from() -> None:
    alone = [("A18", 30 + place, 0, True, 0.9) for place in range(8)]
    days = {20 + place: place + 0.5 for place in range(8)}
    _, (curve, *_) = delay.section(answer([*TWENTY, *alone], moments=days))
    assert curve.low is not None
    assert curve.high is not None
    assert all(
        low <= value <= high
        for low, value, high in zip(curve.low, curve.y, curve.high, strict=True)
    )
    assert curve.low[-1] < curve.y[-1] < curve.high[-1]


def test_without_moments_everything_got_away() -> None:
    section, curves = delay.section(answer(requested=REQUESTED))
    made = figures(section)
    assert not curves
    assert section.note.startswith("The predictions have no column `at`: all scores are known when")
    assert made["got_away"].value == made["got_away_campaigns"].value == 1
    assert made["got_away"].low is None
    assert {made[name].why_not for name in made if "detected" in name or "median" in name} == {
        "the predictions have no column `at`"
    }


def test_a_perfect_detector_lets_one_exchange_of_an_account_go() -> None:
    rows = [(*row[:-1], float(row[3])) for row in TWENTY]
    made = figures(delay.section(answer(rows, moments=dict.fromkeys(range(20), 1.0)))[0])
    assert made["got_away"].value == 0.25
    assert made["detected_within_1_days"].value == 1
    assert made["detected_within_7_days"].value == 1
    assert made["median_days"].value == 0
    assert made["median_exchanges"].value == 1
    assert made["detected_within_1000_exchanges"].value == 1


def test_a_late_detector_lets_all_go() -> None:
    rows = [(*row[:-1], float(row[3])) for row in TWENTY]
    made = figures(delay.section(answer(rows, moments=dict.fromkeys(range(20), 9.0)))[0])
    assert made["got_away"].value == 1
    assert made["detected_within_7_days"].value == 0
    assert made["median_days"].value == 8


def test_a_score_that_is_known_at_the_close_is_in_time() -> None:
    made = measured(moments={})
    assert made["detected_within_7_days"].rests_on == "4 of 16 accounts detected by the close"
    assert made["got_away"].value == 1


def test_none_flagged() -> None:
    rows = [(*row[:-1], 0.0) for row in TWENTY]
    made = figures(delay.section(answer(rows, moments={}))[0])
    assert made["detected_within_7_days"].value == 0
    assert made["got_away"].value == 1


def test_no_campaign_in_the_fold() -> None:
    section, curves = delay.section(answer(TWENTY[15:], moments={}))
    made = figures(section)
    assert [curve.id for curve in curves] == ["time_to_detection", "exchanges_to_detection"]
    assert made["campaign_median_days"].why_not == "the fold has none"
    assert made["got_away_campaigns"].why_not == "the fold has no campaigns with positives"
    assert made["got_away_planned"].why_not == "the fold has no campaigns with positives and a plan"


def test_a_score_without_draws_has_no_intervals() -> None:
    whole = answer(moments=MOMENTS)
    section, curves = delay.section(dataclasses.replace(whole, times=whole.times[:0]))
    assert all(figure.low is None for figure in section.figures if figure.value != 0)
    assert all(curve.low is None for curve in curves)
