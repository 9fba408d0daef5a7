"""One small run of all twenty typologies, at separability 0, in which leaks are planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.documents.strict_yaml import parse_yaml
from sim.engine.run import run
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario
from sim.tables.database import RunTables

# Some 300 accounts, of many owners; those that send much send little here.
TWENTY = """\
version: 1
name: twenty
seed: 41
separability: 0
clock: {start: 2026-01-05T08:00:00Z, duration: 12 h}
tables: {vectors: true}
actors:
  - {id: wombats, typology: L01, accounts: 80}
  - {id: dingoes, typology: L02, accounts: 1, copies: 8, exchanges_per_account_day: 60}
  - {id: numbats, typology: L03, accounts: 1, copies: 8, exchanges_per_account_day: 60}
  - id: bilbies
    typology: L04
    accounts: 1
    copies: 8
    benchmark: aime
    agent: api-script
    runs: 1
    workers: 2
  - {id: gliders, typology: L05, accounts: 1, copies: 8, exchanges_per_account_day: 60}
  - {id: quolls, typology: L06, accounts: 1, copies: 8, exchanges_per_account_day: 60}
  - {id: potoroos, typology: L07, accounts: 1, copies: 20, exchanges_per_account_day: 60}
  - {id: bandicoots, typology: L08, accounts: 1, copies: 8, exchanges_per_account_day: 60}
  - {id: koalas, typology: L09, accounts: 12, copies: 4, exchanges_per_account_day: 20}
  - {id: possums, typology: L10, accounts: 1, copies: 20, exchanges_per_account_day: 60}
  - {id: wallabies, typology: L11, accounts: 2, copies: 8, exchanges_per_account_day: 60}
  - {id: emus, typology: G12, accounts: 2, copies: 8, exchanges_per_account_day: 40}
  - {id: magpies, typology: G13, accounts: 8, copies: 4, exchanges_per_account_day: 40}
  - {id: galahs, typology: G14, accounts: 3, copies: 5, exchanges_per_account_day: 60}
  - {id: dunnarts, typology: A15, accounts: 1, copies: 20, exchanges_per_account_day: 60}
  - {id: quokkas, typology: A16, accounts: 6, copies: 4, target_exchanges: 600}
  - {id: taipans, typology: A17, accounts: 6, copies: 3, exchanges_per_account_day: 40}
  - {id: goannas, typology: A18, accounts: 6, copies: 3, exchanges_per_account_day: 40}
  - {id: skinks, typology: A19, accounts: 6, copies: 3, exchanges_per_account_day: 40}
  - {id: cassowaries, typology: A20, accounts: 6, copies: 3, exchanges_per_account_day: 40}
"""


def scenario() -> Scenario:
    """The scenario without limits of rate, under which some would queue."""
    made = scenario_of(parse_yaml(TWENTY, "twenty.yaml"))
    actors = tuple(actor.model_copy(update={"tier": "none"}) for actor in made.actors)
    return made.model_copy(update={"actors": actors})


@pytest.fixture(scope="session")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run; nobody changes what is in it."""
    out = tmp_path_factory.mktemp("audits") / "run"
    run(scenario(), out)
    return out


@pytest.fixture
def tables(twenty: Path) -> RunTables:
    """The run, opened anew for each test, so that leaks can be planted with `plant`."""
    return RunTables(twenty)
