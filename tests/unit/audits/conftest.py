"""One small run of all twenty typologies, at separability 0, in which leaks are planted."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.documents.strict_yaml import parse_yaml
from sim.engine.run import run
from sim.scenario.load import scenario_of
from sim.scenario.resolved import Scenario
from sim.tables.database import RunTables
from tests.support.shared import made_once

# Some 450 accounts, of which 200 send something; nobody sends much.
TWENTY = """\
version: 1
name: twenty
seed: 41
separability: 0
most_exchanges_per_account_day: 100
clock: {start: 2026-01-05T08:00:00Z, duration: 12 h}
tables: {vectors: true}
actors:
  - {id: wombats, typology: L01, accounts: 90}
  - {id: dingoes, typology: L02, accounts: 12}
  - {id: numbats, typology: L03, accounts: 12}
  - id: bilbies
    typology: L04
    accounts: 1
    copies: 4
    benchmark: aime
    agent: api-script
    runs: 1
    workers: 2
  - {id: gliders, typology: L05, accounts: 12}
  - {id: quolls, typology: L06, accounts: 12}
  - {id: potoroos, typology: L07, accounts: 1, copies: 20}
  - {id: bandicoots, typology: L08, accounts: 12}
  - {id: koalas, typology: L09, accounts: 20, copies: 2}
  - {id: possums, typology: L10, accounts: 1, copies: 20}
  - {id: wallabies, typology: L11, accounts: 16}
  - {id: emus, typology: G12, accounts: 2, copies: 4}
  - {id: magpies, typology: G13, accounts: 15, copies: 2}
  - {id: galahs, typology: G14, accounts: 8, copies: 2}
  - {id: dunnarts, typology: A15, accounts: 1, copies: 24}
  - {id: quokkas, typology: A16, accounts: 10, copies: 2, target_exchanges: 600}
  - {id: taipans, typology: A17, accounts: 10, copies: 2}
  - {id: goannas, typology: A18, accounts: 10, copies: 2}
  - {id: skinks, typology: A19, accounts: 10, copies: 2}
  - {id: cassowaries, typology: A20, accounts: 10, copies: 2}
"""


def scenario() -> Scenario:
    """The scenario without limits of rate, under which some would queue."""
    made = scenario_of(parse_yaml(TWENTY, "twenty.yaml"))
    actors = tuple(actor.model_copy(update={"tier": "none"}) for actor in made.actors)
    return made.model_copy(update={"actors": actors})


@pytest.fixture(scope="session")
def twenty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run; nobody changes what is in it."""
    name = "twenty-typologies"
    return made_once(tmp_path_factory, name, lambda folder: run(scenario(), folder / "run")) / "run"


@pytest.fixture
def tables(twenty: Path) -> RunTables:
    """The run, opened anew for each test, so that leaks can be planted with `plant`."""
    return RunTables(twenty)
