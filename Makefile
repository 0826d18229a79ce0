# Rapport. `make` prints what can be done. Nothing but Python 3.11+, git and make is needed; the rest is installed here.
PYTHON ?= python3
UV := $(shell command -v uv 2>/dev/null || echo .uv/bin/uv)
RUN := $(UV) run --frozen --no-sync
WORKERS ?= 2

.DEFAULT_GOAL := help
.PHONY: help install hooks check format generate test test-fast up down demo bench prove mutate clean

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.uv/bin/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Rapport needs Python 3.11 or newer, this is " + sys.version)'
	@$(PYTHON) -m venv .uv
	@.uv/bin/python -m pip install --quiet "uv>=0.6"

.venv/.installed: uv.lock pyproject.toml $(wildcard */*/pyproject.toml) | $(if $(findstring .uv,$(UV)),.uv/bin/uv)
	@$(UV) sync --frozen --quiet --python $(PYTHON)
	@touch $@

install: .venv/.installed ## Install everything into .venv, exactly as locked

hooks: install ## Have git run the checks on what is about to be committed
	$(RUN) pre-commit install

check: install ## Check format, lint, types, import contracts and that generated files are up to date
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) python -m crm.local.generating --check

format: install ## Format the code and mend what the linter can
	$(RUN) ruff format .
	$(RUN) ruff check --fix .

generate: install ## Write schemas, AsyncAPI and OpenAPI documents, docs/events.md and the README canvases
	$(RUN) python -m crm.local.generating

test: install ## Run all tests with real PostgreSQL and Kafka, started and stopped by the tests
	$(RUN) pytest -n $(WORKERS) --dist loadgroup

test-fast: install ## Run the tests of rules, views and APIs only
	$(RUN) pytest -n $(WORKERS) shared services

up: install ## Start the whole suite on this machine; Ctrl-C stops it
	$(RUN) rapport up

down: install ## Stop the suite
	$(RUN) rapport down

demo: install ## Start the suite in a temporary place, import people, play a story, print one history (JSON=1: as JSON)
	@$(RUN) rapport demo $(if $(JSON),--json)

MEASURED = path suite roles history importing duplicates scale
bench: install ## Measure the event path beside its peers (QUICK=1: a tenth of it; WHAT=suite: something else; WHAT=all)
	@$(UV) pip install --quiet --no-deps --target .bench -r bench/requirements.txt
	@for each in $(if $(filter all,$(WHAT)),$(MEASURED),$(or $(WHAT),path)); do \
		echo "== $$each"; PYTHONPATH=.bench $(RUN) python -m bench.$$each $(if $(QUICK),--quick) || exit 1; done

prove: install ## Hunt for lost, doubled or reordered facts (ONLY=kills|machine|merging KILLS= FACTS= HOURS= EXAMPLES= SEED=)
	@$(RUN) python -m tests.proving $(if $(ONLY),--only $(ONLY)) $(if $(KILLS),--kills $(KILLS)) $(if $(FACTS),--facts $(FACTS)) \
		$(if $(HOURS),--hours $(HOURS)) $(if $(EXAMPLES),--examples $(EXAMPLES)) $(if $(SEED),--seed $(SEED))

mutate: install ## Take each guard of the event path away in turn, and see that a test notices
	$(RUN) python -m tests.mutation

clean: ## Remove what was installed and built, but not the suite's state
	rm -rf .venv .uv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .bench
