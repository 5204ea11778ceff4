# hansol-assets: `make help` lists what can be made.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PORT ?= 3000
WORKERS ?= 2
# Files as the tests order them, the slow ones first; xdist would put those of many tests first.
SPREAD := --dist loadfile --no-loadscope-reorder

export HANSOL_LAKE_DIR ?= $(CURDIR)/data_lake
export DAGSTER_HOME ?= $(HANSOL_LAKE_DIR)/dagster
export HF_HUB_DISABLE_TELEMETRY := 1
export TOKENIZERS_PARALLELISM := false
# What it would forbid is done once; hundreds of processes of the tests would each do it again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup submission test check bench bench-small hooks lint format docs ui shell snapshot figures screenshots lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: $(VENV)/.installed ## make .venv from requirements.lock

$(VENV)/.installed: requirements.lock setup.cfg
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=python3.12 ..."; exit 1; }
	@echo 'making $(VENV): about two minutes and 3 GiB, once'
	@$(PYTHON) -m venv $(VENV)
	@echo '1 of 3  fetching and unpacking the packages of requirements.lock (a minute or more, as the network is)'
	@# The lock names all that is needed, and all cores compile at once: half of pip's time.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile -r requirements.lock
	@echo '2 of 3  compiling them (half a minute)'
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib > /dev/null || true  # templates are no Python
	@echo '3 of 3  installing hansol-assets itself (seconds)'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

submission: setup ## bring every asset up to date and print the submission and its scores
	@$(BIN)/hansol refresh

test: setup ## run the whole test suite, on two cores unless WORKERS says otherwise
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) $(SPREAD)

check: lint ## lint, types, and the tests that take seconds: before every commit
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) $(SPREAD) -m fast

lint: setup ## ruff, mypy and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

bench: setup ## measure every stage beside its peer; RAW=DIR for the real rows, STAGES='...' for some
	$(BIN)/python benchmarks/bench.py $(if $(RAW),--raw $(RAW)) $(if $(STAGES),--stages $(STAGES))

bench-small: setup ## see that every benchmark works; figures are thrown away
	$(BIN)/python benchmarks/bench.py --small

hooks: setup ## let git run `make lint` before every commit
	$(BIN)/pre-commit install

format: setup ## let ruff format the code
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: setup ## the documents as pages, in build/docs; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
	@echo 'build/docs/index.html; with its search: $(BIN)/python -m http.server -b 127.0.0.1 -d build/docs'

ui: setup ## Dagster's web UI and daemon on http://127.0.0.1:3000
	@exec $(BIN)/hansol ui --port $(PORT)

shell: setup ## a shell in which hansol, dagster and dg are commands
	@PATH="$(abspath $(BIN)):$$PATH" $${SHELL:-/bin/bash} -i

snapshot: setup ## agree to a changed graph, to what settings renew, and that no code_version is due
	$(BIN)/python -c 'import json; from hansol_assets_tests.test_definitions import *; \
	  SNAPSHOT.write_text(json.dumps(public_graph(build_defs()), ensure_ascii=False, indent=1) + "\n", "utf-8")'
	$(BIN)/python -m hansol_assets_tests.assets.renewal
	$(BIN)/python -m hansol_assets_tests.assets.sources

figures: setup ## measure the figures of the README anew, and write them; RAW=DIR for the real rows, too
	$(BIN)/python benchmarks/readme.py $(RAW)

screenshots: setup ## draw the pictures of the README, from the lake
	$(BIN)/python -m hansol_assets_tests.browser.screenshots $(HANSOL_LAKE_DIR)

lock: ## write requirements.lock anew from setup.cfg
	rm -rf build/lock && $(PYTHON) -m venv build/lock
	build/lock/bin/python -m pip install --quiet -e '.[dev]' setuptools
	{ sed -n '/^#/p;/^$$/q' requirements.lock; echo; \
	  build/lock/bin/python -m pip freeze --all --exclude-editable --exclude pip \
	  | sed -E 's/\+cpu//'; } > build/requirements.lock
	mv build/requirements.lock requirements.lock
	rm -rf build/lock

clean: ## remove the environment and caches (never the lake)
	rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache *.egg-info
