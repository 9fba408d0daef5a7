"""Campaigns end to end: enforcement and rotation, budgets, hosts, and what the truth says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim.engine.run import run
from sim.errors import InvalidInputError
from tests.support.campaigns import HARSH, REPLACES, a16, asked, exchanges, sessions_of
from tests.support.commands import refused, sim
from tests.support.scenarios import read


def fault(*actors: str) -> str:
    with pytest.raises(InvalidInputError) as caught:
        asked(*actors)
    return str(caught.value)


# --- enforcement and rotation ---------------------------------------------------------------------

HARSHER = HARSH.replace("noise_rate_per_day: 1", "noise_rate_per_day: 6")
RINGS = [
    a16(f", {REPLACES}", accounts=10, target=8_000),
    *(sessions_of(t, f", list_share: 0.5, {REPLACES}", per_day=150) for t in ("A17", "A19")),
]


@pytest.mark.parametrize("ring", RINGS, ids=["A16", "A17", "A19"])
def test_lists_are_conserved_and_places_are_taken_up(ring: str, tmp_path: Path) -> None:
    """Each item is sent once, or again after a task of it was barred; none is left out."""
    run(asked(ring, enforcement=HARSHER), tmp_path / "run")
    tasks = read(tmp_path / "run", "truth/tasks")
    listed = tasks[(tasks["work"] == "list") & (tasks["run"] != -1 if "A16" in ring else True)]
    assert len(listed) > 60
    late = listed.sort_values("started_at").groupby("item")["state"].apply(list)
    again = late[late.map(len) > 1]
    assert len(again) > 0
    assert all(set(states[:-1]) == {"barred"} for states in again)
    # the list was begun before the log opened
    assert listed["item"].max() - listed["item"].min() < 4 * len(listed)

    events = read(tmp_path / "run", "log/enforcement_events")
    banned = events[events["action"] == "ban"].set_index("account_id")["at"]
    links, truth = read(tmp_path / "run", "truth/links"), read(tmp_path / "run", "truth/accounts")
    replaces = links[links["link"] == "replaces"]
    campaign = read(tmp_path / "run", "truth/campaigns").iloc[0]
    assert len(replaces) == campaign["replacements"] > 10
    assert len(banned) == campaign["accounts_banned"] >= len(replaces)
    assert banned.index.is_unique
    assert (replaces["account_id"] != replaces["to_id"]).all()
    generation = truth.set_index("account_id")["generation"]
    step = generation[replaces["account_id"]].to_numpy() - generation[replaces["to_id"]].to_numpy()
    assert (step == 1).all()
    # who comes instead begins after the ban, and who was banned is answered no more
    rows = read(tmp_path / "run", "log/exchanges")
    first = rows.groupby("account_id")["ts_start"].min()
    taken = replaces[replaces["account_id"].isin(first.index)]
    assert len(taken) > 5
    starts, ends = first[taken["account_id"]].to_numpy(), banned[taken["to_id"]].to_numpy()
    assert (starts > ends).all()
    answered = rows[rows["http_status"] == 200].groupby("account_id")["ts_start"].max()
    assert (
        answered[answered.index.isin(banned.index)] <= banned.reindex(answered.index).dropna()
    ).all()


def test_enforcement_costs_exchanges_and_replacements_bring_some_back() -> None:
    """AD1."""
    ring = sessions_of("A18", accounts=60)
    never = ring + ", operator: {replacement_share: 0}"
    free, lost = exchanges(ring), exchanges(never, enforcement=HARSH)
    back = exchanges(f"{ring}, {REPLACES}", enforcement=HARSH)
    assert (lost["status"] == 200).sum() < 0.8 * len(free)
    assert (lost["status"] == 200).sum() < 0.9 * (back["status"] == 200).sum()
    assert (back["status"] == 200).sum() < len(free)


@pytest.mark.parametrize("typology", ["L01", "A17"])
def test_whoever_is_never_acted_upon_does_the_same_without_enforcement(
    typology: str, tmp_path: Path
) -> None:
    ring = sessions_of(typology, accounts=40)
    rules = HARSH.replace("noise_rate_per_day: 1", "noise_rate_per_day: 0.3")
    run(asked(ring, enforcement=rules), tmp_path / "with")
    run(asked(ring), tmp_path / "without")
    events = read(tmp_path / "with", "log/enforcement_events")
    acted = set(events["account_id"])
    seen, idle = (read(tmp_path / name, "log/exchanges") for name in ("with", "without"))
    both = [frame[~frame["account_id"].isin(acted)] for frame in (seen, idle)]
    first = set(idle["account_id"])
    both = [frame[frame["account_id"].isin(first)].reset_index(drop=True) for frame in both]
    assert len(acted) > 5
    assert 0 < len(both[1]) < len(idle)
    assert both[0]["exchange_id"].tolist() == both[1]["exchange_id"].tolist()
    different = [c for c in both[0] if not both[0][c].astype(str).equals(both[1][c].astype(str))]
    # what is left of a list depends on everybody who works on it
    assert set(different) <= (
        {"prompt_simhash64", "prompt_cluster"} if typology == "A17" else set()
    )


# --- budgets --------------------------------------------------------------------------------------


def campaign(out: Path, actor: str, enforcement: str = HARSH) -> Any:
    """The only row of the campaigns of a run."""
    run(asked(actor, enforcement=enforcement), out)
    return read(out, "truth/campaigns").iloc[0]


def spent(row: Any) -> float:
    names = ("spent_identities_usd", "spent_replacements_usd", "spent_tokens_usd")
    return float(sum(row[name] for name in names))


def test_budgets_are_kept_and_bound_what_is_taken(tmp_path: Path) -> None:
    """The less there is, and the more of it goes into identities, the less is extracted."""
    # tasks of like size, so that chance does not outweigh the budget
    even = "turns_per_session: {single_share: 1.0, more: 1}, tool_steps: 3"
    ring = sessions_of("A18", f", accounts_per_ip: 1, cohort_size: 20, {even}", accounts=40)
    stealth = f"{ring.replace('accounts_per_ip: 1', 'accounts_per_ip: 1.0')}, verified_share: 1"
    plain = ring.replace("accounts_per_ip: 1", "accounts_per_ip: 20") + ", verified_share: 0"
    rows = {
        (name, budget): campaign(
            tmp_path / f"{name}{budget}",
            f"{actor}, operator: {{budget_usd: {budget}, replacement_share: 1}}",
        )
        for name, actor, budget in (
            ("plain", plain, 950),
            ("plain", plain, 2_000),
            ("stealth", stealth, 2_000),
        )
    }
    for (_, budget), row in rows.items():
        assert row["budget_usd"] == budget
        # tokens are planned at list price of a mean exchange, and come out within a tenth
        assert spent(row) <= 1.1 * budget
        assert row["planned_usd"] <= budget
    taken = {key: int(row["extraction_exchanges"]) for key, row in rows.items()}
    assert 0 < taken["plain", 950] < 0.9 * taken["plain", 2_000]
    assert taken["stealth", 2_000] < 0.9 * taken["plain", 2_000]


def test_the_truth_says_which_adaptations_are_on(tmp_path: Path) -> None:
    operator = "operator: {feedback_share: 0.5, warm_up_days: 1}"
    ring = f"{sessions_of('A17', ', jitter_sigma: 0.5, most_per_account_day: 90')}, {operator}"
    row = campaign(tmp_path / "run", ring)
    assert row["adaptations"] == "AD1 AD2 AD3 AD4 AD6 AD7 AD8 AD9 AD11 AD12"
    row = campaign(tmp_path / "idle", ring, enforcement="none")
    assert row["adaptations"] == "AD2 AD3 AD4 AD6 AD7 AD8 AD9 AD11"
    assert row["spent_replacements_usd"] == row["replacements"] == row["accounts_banned"] == 0


# --- hosts ----------------------------------------------------------------------------------------


def test_a_laboratory_works_through_the_accounts_of_a_gateway(tmp_path: Path) -> None:
    gateway = "id: gateway, typology: L05, accounts: 4, exchanges_per_account_day: 20"
    lab = (
        "id: lab, typology: L04, accounts: 3, benchmark: aime, agent: api-script, runs: 2, "
        "workers: 4, through: gateway"
    )
    run(asked(gateway, lab, days=0.5), tmp_path / "run")
    truth = read(tmp_path / "run", "truth/exchanges")
    rows = read(tmp_path / "run", "log/exchanges").merge(truth, on="exchange_id")
    accounts = set(read(tmp_path / "run", "log/accounts")["account_id"])
    by_actor = rows.groupby("actor_id", observed=True)
    used = {name: set(part["account_id"]) for name, part in by_actor}
    assert len(accounts) == 4
    assert len(used["lab"]) == 3
    assert used["lab"] <= accounts
    of = set(read(tmp_path / "run", "truth/accounts")["actor_id"])
    assert of == {"gateway"}


HOST = "id: host, typology: L05, accounts: 3"
GUEST = "id: guest, typology: A17, accounts: 3, through: host"


@pytest.mark.parametrize(
    ("actors", "message"),
    [
        ((GUEST,), "actors.guest.through: should be the id of another actor; found 'host'"),
        (
            (HOST.replace("L05", "L01"), GUEST),
            "actors.guest.through: the tier of 'host' should be none, because limits are kept by "
            "actor",
        ),
        (
            (HOST, GUEST, "id: third, typology: A17, accounts: 1, through: guest, tier: none"),
            "actors.third.through: 'guest' has no accounts of its own; name one that has",
        ),
        (
            (f"{HOST}, copies: 2", GUEST),
            "actors.guest.through: 'host' stands for 2 actors; name a single one",
        ),
        (
            (
                "id: host, typology: L05, accounts: 3, copies: 2",
                "id: host-2, typology: L01, accounts: 1",
            ),
            "actors.host: the name 'host-2' is taken by another actor; choose another id",
        ),
    ],
)
def test_hosts_and_copies_that_cannot_be(actors: tuple[str, ...], message: str) -> None:
    assert message in [line.split(": ", 1)[1] for line in fault(*actors).splitlines()]


# --- the command line -----------------------------------------------------------------------------


def test_a_counterfactual_makes_both_runs_and_compares_them(here: Path) -> None:
    args = ("run", "tiny.yaml", "-o", "new", "-q", "--counterfactual")
    result = sim(*args, "--set", f"world.enforcement={HARSH}")
    assert (result.exit_code, result.stderr) == (0, "")
    first, second, header, *lines = result.stdout.splitlines()
    counts = [len(read(here / name, "log/exchanges")) for name in ("new", "new-counterfactual")]
    assert first == f"new: {counts[0]:,} exchanges (C1), seed 7"
    assert second == f"new-counterfactual: {counts[1]:,} exchanges (C1) without enforcement"
    assert header.split() == [
        "actor",
        "typology",
        "exchanges",
        "(C1)",
        "without",
        "change",
        "banned",
        "replaced",
    ]
    assert [line.split()[:2] for line in lines] == [
        ["coders", "L01"],
        ["laboratory", "L04"],
        ["pool", "A16"],
    ]
    for k in (2, 3):
        numbers = [int(line.split()[k].replace(",", "")) for line in lines]
        assert sum(numbers) == counts[k - 2]
    assert counts[0] < counts[1]
    assert any(int(line.split()[5]) > 0 for line in lines)


def test_a_counterfactual_needs_enforcement(here: Path) -> None:
    message = refused(sim("run", "tiny.yaml", "-o", "new", "--counterfactual"))
    assert message.endswith(
        "Error: --counterfactual needs a scenario with world.enforcement; "
        "give --set world.enforcement=default\n"
    )
    assert not (here / "new").exists()
