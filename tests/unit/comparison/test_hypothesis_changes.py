"""Single changes of explanations, by the names that tables show."""

from __future__ import annotations

import pytest

from sim.comparison.hypotheses.hypothesis_checks import problems_of_library
from sim.comparison.hypotheses.hypothesis_forms import LibraryForm
from sim.comparison.hypotheses.load_hypotheses import load_library
from sim.comparison.hypotheses.parameters import COMMON_PARAMETERS
from sim.comparison.hypotheses.priors import Prior
from sim.documents.strict_yaml import Document, parse_yaml
from tests.support.hypotheses import marked, priors, refused, shipped
from tests.support.paths import CASES

HERE = CASES
FILES = HERE / "hypotheses" / "valid"


SHOWN = priors(shipped())
_SHARES = ("_share", ".mixed", ".moved", ".synchrony", ".shared_instruments")


def value_for(name: str, prior: Prior) -> str:
    """A plain value in the range of a dial, other than what is shipped."""
    if prior.names and not prior.names[0].isdecimal():
        return f"{{choice: {{{prior.names[-1]}: 1}}}}" if len(prior.names) > 1 else "own-keys"
    return "0.5" if name.endswith(_SHARES) else "7"


@pytest.mark.parametrize("name", SHOWN)
def test_every_name_that_is_shown_can_be_set(name: str) -> None:
    text = value_for(name, SHOWN[name])
    found = priors(load_library(None, [f"{name}={text}"]))
    assert found[name] == Prior.model_validate(parse_yaml(text, "").data)
    assert (found[name].source, found[name].status) == ("user", "prior")
    assert found[name].words() != SHOWN[name].words()
    kept = set(SHOWN) & set(found) - {name}
    assert {k: found[k] for k in kept} == {k: SHOWN[k] for k in kept}
    if not SHOWN[name].names:
        assert set(found) == set(SHOWN)


def test_a_dial_of_one_explanation_alone() -> None:
    library = load_library(None, ["resale.found_share=0.5", "found_share=0.9"])
    found = priors(library)
    assert found["resale.found_share"].words() == "0.5"
    assert found["found_share"].words() == "0.9"
    assert "found_share" not in library.hypotheses["resale"].priors
    again = load_library(FILES / "every-section.yaml", ["both.found_share=0.25"])
    assert priors(again)["both.found_share"].words() == "0.25"


def test_changes_inside_a_prior_are_the_users() -> None:
    name = "coding-agent"
    library = load_library(
        None,
        [
            "evaluations.runs.lognormal.median=30",
            "evaluations.repeats.choice.1=9",
            "product.users.uniform={low: 10, high: 2k}",
            f"{name}.tools_share=0.6",
            "pool.accounts.note=looked up again",
        ],
    )
    found = priors(library)
    runs, users = found["evaluations.runs"], found["product.users"]
    assert (runs.words(), runs.source) == ("lognormal, median 30, sigma 1.3", "user")
    assert runs.note == ""
    assert found["evaluations.repeats"].weights[0] == pytest.approx(9 / 9.45)
    assert (users.words(), users.source) == ("uniform, low 10, high 2,000", "user")
    calls = library.hypotheses["product-use"].calls[name]
    assert (calls.tools_share, calls.source, calls.status) == (0.6, "user", "prior")
    pool = found["pool.accounts"]
    assert (pool.source, pool.note) == ("design-prior", "looked up again")


def test_changes_are_made_in_order_and_reach_every_section() -> None:
    library = load_library(
        None,
        [
            "evaluations.runs=3",
            "works.evaluations.tasks.runs=4",
            "suites.verified.benchmarks.0=gaia",
            "verified.title=Another",
            "families.centre=[1]",
            "resale.work.0=product",
            "resale.lever=product.users",
            "product.tasks.offices=3",
        ],
    )
    assert priors(library)["evaluations.runs"].words() == "4"
    suite = library.hypotheses["benchmarking"].suites["verified"]
    assert (suite.title, suite.benchmarks) == ("Another", ("gaia",))
    assert {each.centre for each in library.prior_sets} == {1}
    assert list(library.hypotheses["resale"].work) == ["product"]
    assert priors(library)["product.offices"].words() == "3"


def test_an_accusation_can_be_set() -> None:
    assert marked(load_library(None, ["resale.accused=true"])) == ["resale"]
    assert marked(load_library(None, ["extraction.accused=false"])) == []


def test_an_id_of_a_work_and_of_an_explanation() -> None:
    """`extraction` is both: what follows says which is meant."""
    found = load_library(None, ["extraction.access=pool", "extraction.prompts=7"])
    x = found.hypotheses["extraction"]
    assert (x.access.words(), x.priors["extraction.prompts"].words()) == ("pool 1", "7")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("evaluations.runs", "should be KEY=VALUE, such as evaluations.runs=30"),
        ("=3", "should be KEY=VALUE, such as evaluations.runs=30"),
        ("evaluations..runs=3", "should be KEY=VALUE, such as evaluations.runs=30"),
        (
            "access.accounts=3",
            "there are several; name one of own-keys.accounts, pool.accounts, kept-apart.accounts, "
            "class.accounts, shared-subscriptions.accounts, stolen.accounts, customers.accounts",
        ),
        (
            "uptake.moved=0",
            "there are several; name one of pinned.moved, by-hand.moved, default-switch.moved, "
            "redirected.moved",
        ),
        (
            "access=pool",
            "there are several; name one of "
            + ", ".join(f"{id_}.access" for id_ in shipped().hypotheses),
        ),
        ("evaluations.model=1", "'evaluations' has no 'model'; did you mean 'models'?"),
        ("evalations.runs=3", "unknown name 'evalations'; did you mean 'evaluations'?"),
        ("evaluations.runz=3", "'evaluations' has no 'runz'; did you mean 'runs'?"),
        ("pool.acounts=3", "'pool' has no 'acounts'; did you mean 'accounts'?"),
        ("evaluations.runs=", "no value; give one"),
        (
            "evaluations.runs=[",
            "not valid YAML: did not find expected node content while parsing a flow node",
        ),
        ("evaluations.runs=&a 3", "an anchor '&a'; write values out"),
        (
            "evaluations.runs=few of them",
            "works.evaluations.tasks.runs: should be a number, such as 0.5, 13_000_000 or '3.4 M'; "
            "found text 'few of them'",
        ),
        (
            "evaluations.runs=few",
            "works.evaluations.tasks.runs: should draw numbers, found a choice among few",
        ),
        ("evaluations.runs=-1", "works.evaluations.tasks.runs: should be at least 0, found -1"),
        (
            "evaluations.runs=0",
            "works.evaluations.tasks.runs: is always 0; nothing would be counted",
        ),
        ("evaluations.models=0", "works.evaluations.tasks.models: should be at least 1, found 0"),
        ("found_share=2", "common.found_share: should stay within 0 and 1, found 2"),
        (
            "foreign_share=1",
            "common.foreign_share: should be below 1; else no accused account is of the cluster",
        ),
        (
            "resale.foreign_share=1",
            "hypotheses.resale.foreign_share: should be below 1; else no "
            "accused account is of the cluster",
        ),
        (
            "convention=C9",
            "common.convention: unknown convention 'C9'; allowed: C1, C2, C3, C4, C5, C6",
        ),
        (
            "evaluations.runs.lognormal.sigma=11",
            "works.evaluations.tasks.runs.lognormal.sigma: should be at most 10, found 11",
        ),
        (
            "evaluations.runs.lognormal.median.x=1",
            "works.evaluations.tasks.runs.lognormal.median holds 8, not a mapping",
        ),
        ("verified.benchmarks.7=gaia", "suites.verified.benchmarks has no item '7'"),
        ("resale=3", "hypotheses.resale: should be a mapping; found 3"),
        (
            "evaluations.mixed=0.5",
            "works.evaluations.mixed: mixes kinds of calls; the work has suites",
        ),
        ("version=2", "version: should be 1, the only version of the format; found 2"),
        ("hypotheses={}", "hypotheses: should hold at least two explanations"),
    ],
)
def test_changes_that_are_refused(change: str, message: str) -> None:
    assert refused(change) == f"--set {change}: {message}"


def test_several_changes_give_all_their_faults() -> None:
    assert refused("found_share=2", "pool.synchrony=-1").splitlines() == [
        "--set found_share=2: common.found_share: should stay within 0 and 1, found 2",
        "--set pool.synchrony=-1: access.pool.synchrony: should stay within 0 and 1, found -1",
    ]


def test_a_common_dial_that_is_missing() -> None:
    assert refused("common={}").splitlines() == [
        f"--set common={{}}: common: missing key '{name}'" for name in sorted(COMMON_PARAMETERS)
    ]
    form = LibraryForm.model_validate({"version": 1})
    found = problems_of_library(form, Document("none.yaml"))
    assert [str(x) for x in found][-1] == "none.yaml: should hold at least two explanations"
