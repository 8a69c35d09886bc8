PYTHON ?= python3
BIN := .venv/bin
STRATEGY ?= strategies/llm_btc.yaml
RUNS ?= 100000

.PHONY: run test check fix docs bench nightly clean

run: .venv/ready  ## set up once, then let the embedded model trade the embedded sample
	$(BIN)/rtrade run $(STRATEGY)

test: .venv/ready-dev .venv/ready-editor .venv/ready-axe .venv/ccxt-lowest check  ## every check and every test
	$(BIN)/pytest -n 2

check: .venv/ready-dev  ## what pre-commit and CI check besides the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

fix: .venv/ready-dev  ## format, and mend what can be mended by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: .venv/ready-dev  ## write what is generated: schemas and reference pages
	$(BIN)/python -m rtrade.cli.generating

bench: .venv/ready-dev  ## measurements, the first against peers (writes benchmarks/RESULTS.md); not tests
	for script in peers sweeps scaling cold; do $(BIN)/python benchmarks/$$script.py --write || exit 1; done
	$(BIN)/python benchmarks/process.py
	$(BIN)/python benchmarks/signals.py
	$(BIN)/python benchmarks/validating.py
	$(BIN)/python benchmarks/report_page.py
	$(BIN)/python benchmarks/llm.py
	$(BIN)/python benchmarks/sync.py
	$(BIN)/python benchmarks/store.py
	$(BIN)/python benchmarks/serving.py

nightly: .venv/ready-dev  ## the long campaigns: differential tests, fuzzing, faults, crashes
	RTRADE_PROGRAMS=200000 $(BIN)/pytest -n 2 tests/conformance
	RTRADE_FUZZ=20000 $(BIN)/pytest -n 2 tests/fuzz
	RTRADE_KILLS=500 RTRADE_RESTARTS=50 $(BIN)/pytest -n 2 tests/store/test_crashes.py
	RTRADE_API_EXAMPLES=500 RTRADE_HOSTILE=all RTRADE_CLIENTS=100000 \
	  $(BIN)/pytest -n 2 tests/web/test_api.py tests/web/test_hostile.py tests/web/test_abrupt_clients.py
	RTRADE_FAULT_SCRIPTS=300 RTRADE_SYNC_KILLS=500 $(BIN)/pytest -n 2 tests/markets
	$(BIN)/python -m pip install --quiet --disable-pip-version-check atheris \
	  || { echo "atheris does not install here: no coverage-guided fuzzing"; exit 0; }; \
	for target in reader strategy source expression answer message; do \
	  $(BIN)/python tests/fuzz/campaign.py $$target --runs $(RUNS) || exit 1; \
	done

clean:  ## remove the environment and what builds leave behind
	rm -rf .venv build dist framework/*.egg-info

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "rtrade needs Python 3.11 or newer; say which with: make PYTHON=python3.12" >&2; exit 2; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "Python's venv module is missing (Debian: apt install python3-venv)" >&2; exit 2; }

.venv/ready: setup.cfg pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[local-llm]'
	$(BIN)/rtrade llm install --quiet
	@touch $@

# The language server of editors, for the tests of what editors show.
.venv/ready-editor: tests/editors/package-lock.json | .venv/ready-dev
	$(BIN)/npm ci --prefix tests/editors --no-audit --no-fund --ignore-scripts --loglevel=error \
	  || { [ -z "$$CI" ] && echo "no yaml-language-server: the tests of editors are left out"; }
	@touch $@

# axe-core, for the tests of what keeps people from using the viewer.
.venv/ready-axe: tests/web/package-lock.json | .venv/ready-dev
	$(BIN)/npm ci --prefix tests/web --no-audit --no-fund --ignore-scripts --loglevel=error \
	  || { [ -z "$$CI" ] && echo "no axe-core: the tests of the viewer with it are left out"; }
	@touch $@

# The lowest ccxt and aiohttp that setup.cfg allows: the tests of the stand-in run with them too.
.venv/ccxt-lowest: setup.cfg | .venv/ready-dev
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $@ \
	  $$(sed -nE 's/^ +(ccxt|aiohttp) >= ([0-9.]+).*/\1==\2/p' setup.cfg) \
	  || { rm -rf $@; exit 1; }
	@touch $@

.venv/ready-dev: setup.cfg pyproject.toml | .venv/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,local-llm]'
	$(BIN)/rtrade llm install --quiet
	@touch .venv/ready $@
