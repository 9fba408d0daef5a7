# One word a task; `make help` lists them. PYTHON names the interpreter that makes the environment
# VENV: `make test PYTHON=python3.13 VENV=.venv-3.13` tests another Python with the newest versions.
PYTHON ?= python3
VENV ?= .venv
SCALE ?= 0.1
N ?= 1000
SEED ?= 1
LOWEST ?= .venv-lowest
LOWEST_PYTHON ?= python3.11
READERS ?= .venv-exports
PARALLEL := -n auto --dist loadfile --no-loadscope-reorder --session-timeout 3600 --max-worker-restart 1
# For what takes longer than a fast test may.
UNLIMITED := --timeout 0 -o faulthandler_timeout=0
BIN := $(VENV)/bin
ENVIRONMENT := $(VENV)/.made
INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test
INSTALLED_BENCH := $(VENV)/.installed-bench

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-lowest test-exports browser lint types format verify torture bench docs site separability outcomes leaderboard reports clean

help: ## List the tasks.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' Makefile

demo: $(INSTALLED) ## Simulate the reported figures at SCALE (0.1), draw, compare; under two minutes.
	$(BIN)/sim run reported_2026_02 --scale $(SCALE) --force -o runs/demo
	@mkdir -p runs/demo-report
	$(BIN)/sim report runs/demo --charts runs/demo-report/charts --html runs/demo-report/run.html
	$(BIN)/sim compare runs/demo --by-actor --draws 2000 --charts runs/demo-report/comparison \
		--html runs/demo-report/index.html > runs/demo-report/comparison.txt
	@echo
	@echo "logs: runs/demo/log (what a provider sees), runs/demo/truth (labels)"
	@echo "what was simulated:      runs/demo-report/run.html, charts in runs/demo-report/charts"
	@echo "what the counts can tell: runs/demo-report/index.html, charts in runs/demo-report/comparison,"
	@echo "                          tables in runs/demo-report/comparison.txt"

test: lint types browser ## Lint, types and the fast tests: what must pass before a commit.
	$(BIN)/pytest $(PARALLEL)

test-lowest: browser $(LOWEST)/.installed-test ## The fast tests, with the lowest version of everything we depend on.
	$(LOWEST)/bin/pytest $(PARALLEL)

test-exports: $(INSTALLED) $(READERS)/.installed ## Exports, by the tools that read them; 3 GB of disk, under an hour.
	SIM=$(abspath $(BIN))/sim $(READERS)/bin/pytest -c tests/readers/pytest.ini tests/readers

browser: $(INSTALLED_TEST) ## Make sure that there is a Chromium for the tests of the page.
	@command -v chromium || command -v chromium-browser || command -v google-chrome \
		|| $(BIN)/python -m tests.support.browser

lint: $(INSTALLED_TEST) ## Check style and formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED_TEST) ## Check types.
	$(BIN)/mypy

format: $(INSTALLED_TEST) ## Format the code, and fix what can be fixed.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

verify: $(INSTALLED_TEST) ## Slow statistical verification, with plots; some minutes.
	$(BIN)/pytest -m verify -s $(UNLIMITED); ended=$$?; $(BIN)/python -m tools.generate_docs; exit $$ended
	@echo
	@echo "plots: runs/verification/*.png"
	@echo "table: runs/verification/results.md"

torture: $(INSTALLED_TEST) ## Hard trials, N random scenarios (1000) from SEED (1) on and as much of the rest; half an hour.
	$(BIN)/python -m tests.torture all --count $(N) --seed $(SEED); ended=$$?; \
		$(BIN)/python -m tools.generate_docs; exit $$ended

bench: $(INSTALLED_BENCH) ## Speed ratios; some 20 minutes, 30 GB of disk.
	$(BIN)/pytest -m bench -s $(UNLIMITED); ended=$$?; $(BIN)/python -m tools.generate_docs; exit $$ended

docs: $(INSTALLED_TEST) ## Rewrite the generated parts of docs/, its notebooks and the schemas in scenarios/.
	$(BIN)/sim schema > scenarios/schema.json
	$(BIN)/sim schema recipe > scenarios/packs/schema.json
	$(BIN)/python -m tools.generate_docs
	$(BIN)/python -m tools.notebook

site: $(INSTALLED_TEST) ## Build the documentation as a site into runs/site, and check its links.
	@$(BIN)/python -c 'import mkdocs' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[docs]'
	$(BIN)/mkdocs build --quiet --strict --config-file docs/site/mkdocs.yml
	@echo "site: runs/site/index.html"

separability: $(INSTALLED_TEST) ## Repeat the study of docs/background/separability.md; some forty minutes.
	$(BIN)/python -m tools.separability_study

outcomes: $(INSTALLED_TEST) ## Measure the shipped scenarios anew, into their comments; some ten minutes.
	$(BIN)/python -m tools.scenario_outcomes

leaderboard: $(INSTALLED_TEST) ## Measure all detectors on the small packs, into reports/ and docs/; under an hour.
	$(BIN)/python -m tools.leaderboard

reports: $(INSTALLED) ## Rebuild reports/, to the same bytes; a minute.
	@mkdir -p reports
	rm -rf reports/charts
	$(BIN)/sim run reported_2026_02 --scale 0.1 --quiet --force -o runs/reports
	$(BIN)/sim report runs/reports --quiet --html reports/run.html --charts reports/charts --format svg
	$(BIN)/sim compare --csv --html reports/index.html --charts reports/charts --format svg \
		> reports/comparison.csv

clean: ## Remove caches and builds; runs/ and the environment stay.
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find sim tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

$(ENVIRONMENT):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "$(PYTHON) is no Python 3.11 or later; name one: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(INSTALLED): $(ENVIRONMENT) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(INSTALLED_TEST): $(ENVIRONMENT) pyproject.toml
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test]'
	@touch $@ $(INSTALLED)

$(INSTALLED_BENCH): $(INSTALLED_TEST)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,bench]'
	@touch $@

# Of aiperf, guidellm, torch and others, whose pins are not ours; PIP_FIND_LINKS or PIP_EXTRA_INDEX_URL
# may name where torch is to be had without CUDA.
$(READERS)/.installed: tests/readers/requirements.txt
	$(LOWEST_PYTHON) -m venv --clear $(READERS)
	$(READERS)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	@touch $@

# The pins are constraints, made anew from pyproject.toml; the tools of the tests stay free.
$(LOWEST)/.installed-test: pyproject.toml tools/lowest_versions.py
	$(LOWEST_PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python tools/lowest_versions.py > $(LOWEST)/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		--constraint $(LOWEST)/lowest.txt --editable '.[test]'
	@touch $@
