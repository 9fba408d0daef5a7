"""Accounts of every typology send what the dials of its entry in the catalog say.

Each typology works for a day or two in a calm world, with accounts that send as much as each other;
see `measures` for how what is found is judged.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest

from sim.actors.arrivals.rates import expected_exchanges
from sim.actors.context import ActorContext
from sim.catalog import agents, typologies
from sim.entities import pools
from sim.population.population import build_population
from sim.scenario.resolved import Actor, fields_of
from sim.streams import mixed
from sim.tables.words import REFUSAL, PromptSource
from tests.support.scenarios import DAY_US, calm, event, simulated
from tests.support.statistics import Measure, below, loaded, off, share, stage_of

SENDERS, EXCHANGES = 150, 12_000
NEW_MODEL = "claude-opus-4.6"
IDS = [t for t in typologies() if t != "L04"]  # benchmarks have their own tests
# Some of each class and way to arrive; `make verify` asks of all.
SOME = ("L01", "L05", "L07", "G14", "A16", "A17", "A20")
RECORDED = ("L01", "A18")  # all of their agents have a library of recorded sessions


def some_of(ids: list[str]) -> list[Any]:
    """Typologies as parameters, all but `SOME` for `make verify`."""
    return [t if t in SOME else pytest.param(t, marks=pytest.mark.verify) for t in ids]


# Single persons are always there and send one session at a time.
EVEN = {"spells_per_day": 0, "burst_size": 1, "peak_spread_h": 0, "night_share": 0}


@lru_cache(maxsize=2)
def log_of(typology: str, library: str | None = "none") -> tuple[ActorContext, Any, Any]:
    """Stage, exchanges and tasks of accounts that send as much, and as long prompts, as others.

    The dials decide what sessions are like, unless another `library` is given, or None: as its
    agents have.
    """
    plain: dict[str, Any] = {"prewarm_share": 0, "server_tools_share": 0, "tier": "none"}
    plain |= {
        "accounts": SENDERS,
        "organisations": SENDERS,
        "account_volume_sigma": 0,
        "waves_sigma": 0,
        "input_spread": 1,
        "output_spread": 1,
    }
    if typologies()[typology].arrival == "queue":
        plain |= {"target_exchanges": EXCHANGES}
    else:
        plain |= {"exchanges_per_account_day": EXCHANGES / SENDERS}
        plain |= {"most_per_account_day": 1e6} | EVEN
        plain |= {"library": library} if library else {}
    asked = loaded(typology, **plain)
    asked = asked.model_copy(update={"world": calm()})
    rows, tasks = simulated(asked)
    return build_population(asked).contexts[0], rows, tasks[tasks["start"] >= 0]


def traffic(context: ActorContext, rows: Any) -> Iterator[Measure]:
    per_account = np.bincount(rows["account"], minlength=SENDERS)
    expected = EXCHANGES * 1.0
    if context.actor.arrival == "sessions":
        expected = expected_exchanges(context, range(SENDERS))
    yield Measure("exchanges", len(rows), expected, per_account.std() * math.sqrt(SENDERS))


def steps(actor: Actor, tasks: Any) -> Iterator[Measure]:
    """Exchanges of a task: one, or one more than there are steps of tools."""
    more = tasks["calls"].to_numpy() - 1
    agentic = actor.agentic_share * (1 - actor.refusal_share)
    yield share("agentic", more > 0, agentic)
    more = more[more > 0]
    for p in (0.5, 0.9):
        most = max(round(actor.tool_steps.quantile(p)), 1)
        yield share(f"at most {most} steps", more <= most, actor.tool_steps.cdf(most + 0.5))


def answers(context: ActorContext, rows: Any) -> Iterator[Measure]:
    actor = context.actor
    single = rows.groupby("session")["serial"].transform("nunique") == 1
    assert not (rows["batch"] & ~context.accounts.batches[rows["account"]]).any()
    assert (rows["batch"] <= single).all()
    refused = rows["finish"] == REFUSAL
    yield share("refused", refused[rows["user"]], actor.refusal_share)
    if actor.output_tokens is not None:
        told = rows[~refused & (rows["choices"] == 1) & (rows["reasoning"] == 0)]
        yield from below("output tokens", told["output"], actor.output_tokens)


def contents(context: ActorContext, rows: Any) -> Iterator[Measure]:
    """Own prompts, some of which come again, the list and its cover."""
    actor, a = context.actor, context.accounts
    # all tasks of a session are of one kind
    sessions = rows.drop_duplicates("session")
    listed = float(a.list_share[sessions["account"]].mean()) if actor.list_share else 0.0
    yield share("on the list", sessions["kind"] == PromptSource.LIST, listed)
    own = rows[rows["kind"] == PromptSource.OWN].drop_duplicates(
        "content" if not actor.repeat_share else "id"
    )
    own = own[own["user"]]
    if len(own) and actor.repeat_share:
        user = mixed(
            mixed(context.streams.key("pool", "users"), a.account_id[own["account"]]),
            own["person"].to_numpy(np.int64),
        )
        again = np.zeros(len(own), np.bool_)
        for k in range(10):
            mine = mixed(user, np.full(len(own), k)) == own["content"].to_numpy()
            again |= mine
        if actor.templates is not None:  # the same for all, such as an assignment
            top = own["content"].value_counts().index[:10]
            again = own["content"].isin(top).to_numpy()
        yield share("again", again, actor.repeat_share)


def people(context: ActorContext, rows: Any) -> Iterator[Measure]:
    """End users, where they live, and whether they are at home."""
    actor, a = context.actor, context.accounts
    if actor.arrival != "sessions":
        return
    sessions = rows.drop_duplicates("session")
    yield share("away", sessions["away"], actor.away_share)
    assert sessions["person"].max() < actor.end_users
    others = sessions[sessions["person"] > 0].drop_duplicates(["account", "person"])
    if len(others):
        home = pools.COUNTRY_LANGUAGE[a.country[others["account"]]]
        weights = pools.COUNTRY_WEIGHTS / pools.COUNTRY_WEIGHTS.sum()
        same = np.bincount(pools.COUNTRY_LANGUAGE, weights)[home]
        expected = actor.end_users_abroad_share * float(1 - same.mean())
        yield share("abroad", others["language"].to_numpy() != home, expected)


@pytest.mark.parametrize("typology", some_of(IDS))
def test_accounts_send_what_their_typology_says(typology: str) -> None:
    context, rows, tasks = log_of(typology)
    actor = context.actor
    assert "tool_steps" in fields_of(actor.arrival, actor.source)
    found = [*traffic(context, rows), *steps(actor, tasks), *answers(context, rows)]
    found += [*contents(context, rows), *people(context, rows)]
    assert off(found) == []


@pytest.mark.parametrize("typology", RECORDED)
def test_accounts_with_recorded_sessions_send_as_much_as_their_typology_says(typology: str) -> None:
    """Which agents have a library is theirs to say; calls a session then follow from it."""
    context, rows, _ = log_of(typology, None)
    assert all(agents()[name].library for name in context.actor.agents)
    assert off(traffic(context, rows)) == []


@pytest.mark.parametrize(
    "typology", some_of([t for t in IDS if typologies()[t].arrival == "queue"])
)
def test_accounts_of_a_queue_take_the_share_of_their_volume(typology: str) -> None:
    """Tasks by account against relative volumes, by a chi-square test."""
    from scipy.stats import chi2

    given: dict[str, Any] = {"accounts": 40, "organisations": 40, "tier": "none"}
    given["target_exchanges"] = 8_000
    asked = loaded(typology, **given, ramp_days=0, waves_sigma=0)
    asked = asked.model_copy(update={"world": calm()})
    _, tasks = simulated(asked)
    volume = build_population(asked).contexts[0].accounts.volume
    assert 0.5 * asked.actors[0].account_volume_sigma < np.log(volume).std()
    expected = len(tasks) * volume / volume.sum()
    seen = np.bincount(tasks["account"], minlength=40)
    some = expected > 5
    statistic = ((seen - expected)[some] ** 2 / expected[some]).sum()
    assert chi2.sf(statistic, some.sum() - 1) > 1e-4


@lru_cache(maxsize=2)
def moved_of(typology: str) -> tuple[Actor, Any]:
    """Tasks begun more than a day after a release, and whether the new model did them."""
    given: dict[str, Any] = {"accounts": 200, "organisations": 200, "account_volume_sigma": 0}
    given |= {"tier": "none", "waves_sigma": 0}
    if typologies()[typology].arrival == "queue":
        given |= {"target_exchanges": 18_000}
    else:
        given |= {"exchanges_per_account_day": 60}
    released = calm(event("release", DAY_US // 4, model=NEW_MODEL))
    asked = loaded(typology, 2.0, **given).model_copy(update={"world": released})
    rows, _ = simulated(asked)
    late = rows[rows["user"]].drop_duplicates("session")
    late = late[late["ts"] > 1.25 * DAY_US]
    population = build_population(asked)
    new = population.models.ids.index(NEW_MODEL)
    return asked.actors[0], late.assign(moved=late["model"] == new)


@pytest.mark.parametrize("typology", some_of(IDS))
def test_a_new_model_is_taken_up_within_a_day_by_the_share_that_is_given(typology: str) -> None:
    actor, late = moved_of(typology)
    by_account = late.groupby("account")["moved"].mean()
    uptake = actor.uptake
    expected = uptake.latest_share + (1 - uptake.latest_share) * uptake.share
    error = max(float(by_account.std()), 0.1) / math.sqrt(len(by_account))
    assert len(by_account) > 30
    assert not Measure("moved", float(by_account.mean()), expected, error).is_off


def test_products_move_by_half_within_a_day_and_organisations_differ() -> None:
    """L06: beta(8, 8) by organisation, with the alias and without; A20: beta(6, 5)."""
    for typology, mean in (("L06", 0.515), ("A20", 0.545)):
        actor = loaded(typology, accounts=1).actors[0]
        share_, latest = actor.uptake.share, actor.uptake.latest_share
        assert latest + (1 - latest) * share_ == pytest.approx(mean, abs=0.02)
        pivots = stage_of(typology).accounts.pivot * share_
        moves = share_ * (1 - share_) / (1 + (actor.uptake_concentration or 0))
        assert pivots.var() == pytest.approx(moves, rel=0.12)
        _, late = moved_of(typology)
        counts = late.groupby("account")["moved"].agg(["mean", "size"])
        counts = counts[counts["size"] > 2]
        noise = (counts["mean"] * (1 - counts["mean"]) / (counts["size"] - 1)).mean()
        between = counts["mean"].var() - noise
        # those with the alias have moved all of it
        total = (1 - latest) * (moves + share_**2) + latest - mean**2
        assert between == pytest.approx(total, abs=5 * total * math.sqrt(2 / len(counts)))
