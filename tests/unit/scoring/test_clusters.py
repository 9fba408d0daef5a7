"""Clusters of twenty accounts by hand, of Bagga and Baldwin, and beside scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics.cluster import pair_confusion_matrix

from sim.scoring import clusters
from sim.scoring.clusters import together
from tests.support.twenty import TWENTY, answer, figures, values

# Of the twenty; 10 is of another operator than the three beside it, 16 and 17 are harmless, and 17
# is not flagged, so that it does not count.
CLUSTERS = {0: 7, 1: 7, 2: 7, 10: 7, 11: 8, 12: 8, 16: 8, 17: 8}


def test_twenty_accounts() -> None:
    # 17 accounts count: 16 that are to be found and 16, flagged wrongly. Clusters have 4 and 3 of
    # them, 10 are alone; operators have 10 and 4, three have 1.
    made = values(clusters.section(answer(clusters=CLUSTERS)))
    precision = (3 * 3 / 4 + 1 / 4 + 2 * 2 / 3 + 1 / 3 + 10) / 17
    recall = (3 * 3 / 10 + 7 / 10 + 2 * 2 / 4 + 2 * 1 / 4 + 3) / 17
    lonely = (10 / 10 + 4 / 4 + 3) / 17
    assert made == pytest.approx(
        {
            "purity": 5 / 7,
            "completeness": 5 / 14,
            "link_precision": 4 / 9,
            "link_recall": 4 / 51,
            "bcubed_precision": precision,
            "bcubed_recall": recall,
            "bcubed_f": 2 * precision * recall / (precision + recall),
            "bcubed_f_alone": 2 * lonely / (1 + lonely),
        }
    )


def test_what_the_figures_rest_on() -> None:
    made = figures(clusters.section(answer(clusters=CLUSTERS)))
    assert {name: made[name].rests_on for name in list(made)[:5]} == {
        "purity": "7 accounts in such clusters",
        "completeness": "14 accounts of such operators",
        "link_precision": "4 of 9 links",
        "link_recall": "4 of 51 links",
        "bcubed_precision": "17 accounts",
    }


@pytest.mark.parametrize(
    ("response", "precision"),
    [([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2], 16 / 21), ([1] * 5 + [2] * 2 + [1] * 5, 7 / 12)],
)
def test_the_example_of_bagga_and_baldwin(response: list[int], precision: float) -> None:
    truth = np.array([1, 1, 1, 1, 1, 2, 2, 3, 3, 3, 3, 3])
    of = together(np.array(response), truth)
    assert (of.both / of.in_cluster).mean() == pytest.approx(precision)
    assert (of.both / of.of_operator).mean() == 1


@pytest.mark.parametrize("seed", range(5))
def test_links_are_those_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    operator, cluster = rng.integers(0, 6, 40), rng.integers(1, 8, 40)
    of = together(cluster, operator)
    (_, wrong), (missed, right) = pair_confusion_matrix(operator, cluster)
    assert (of.both - 1).sum() == right
    assert (of.in_cluster - 1).sum() == right + wrong
    assert (of.of_operator - 1).sum() == right + missed


def test_planted_clusters_have_all_right() -> None:
    operators = {place: row[1] for place, row in enumerate(TWENTY)}
    made = values(clusters.section(answer(clusters=operators)))
    assert made.pop("bcubed_f_alone") == pytest.approx(10 / 22)
    assert set(made.values()) == {1.0}


def test_all_in_one_cluster_are_complete_and_little_else() -> None:
    made = values(clusters.section(answer(clusters=dict.fromkeys(range(20), 1))))
    assert (made["completeness"], made["link_recall"], made["bcubed_recall"]) == (1, 1, 1)
    assert made["purity"] == pytest.approx(10 / 17)


def test_everybody_alone() -> None:
    made = figures(clusters.section(answer(clusters={})))
    assert made["purity"].value is None
    assert made["purity"].why_not == "no two accounts are together"
    assert made["link_recall"].value == 0
    assert made["bcubed_precision"].value == 1
    assert made["bcubed_f"].value == made["bcubed_f_alone"].value


def test_without_clusters_there_is_only_what_to_compare_with() -> None:
    made = figures(clusters.section(answer()))
    assert made["bcubed_f_alone"].value is not None
    assert {f.why_not for f in made.values() if f.value is None} == {
        "the predictions have no clusters"
    }
