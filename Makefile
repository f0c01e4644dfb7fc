# Two commands: `make demo` runs the county's night, `make test` proves it. `make help` lists the rest.
SHELL := /bin/sh
.DEFAULT_GOAL := help
PYTHON ?=
VENV ?= .venv
BIN := $(VENV)/bin
# Half of the tests wait for a server or a child process: two workers a core would fight for memory.
TEST_WORKERS ?= 2
export GX_ANALYTICS_ENABLED = false
export DO_NOT_TRACK = 1

.PHONY: help setup demo up test test-slow check format bench-ingest bench-quality judge lock clean

help: ## List what make can do here
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 16

setup: ## Make the environment in .venv (Python 3.11 to 3.13; PYTHON=... chooses)
	@VENV="$(VENV)" scripts/setup $(PYTHON)

demo: setup ## Run the county's night end to end with Airflow, then stop
	@$(BIN)/narvaro demo

up: setup ## The same, and leave Airflow, the simulator and the report running until Ctrl-C
	@$(BIN)/narvaro up

test: setup ## Run every test that fits in CI
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup

test-slow: setup ## Run the proofs of minutes: a real Airflow that is killed and asked, key rotations that are killed
	@$(BIN)/python -m pytest -n $(TEST_WORKERS) --dist loadgroup -m slow

check: setup ## Format, lint, types, SQL, dbt parse, conventions; reports all failures
	@scripts/check

format: setup ## Let ruff mend what it can
	@$(BIN)/ruff format . && $(BIN)/ruff check --fix .

bench-ingest: setup ## Attendance rows per second from wire to landed rows, against the limit and against dlt
	@$(BIN)/python -c 'import dlt' 2>/dev/null || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--require-hashes -r requirements-bench.lock || echo "bench-ingest: dlt cannot be installed; going on without it" >&2
	@$(BIN)/python benchmarks/bench_ingest.py

bench-quality: setup ## A county's night held against the suites, within its limits and beside one pass of SQL by hand
	@$(BIN)/python benchmarks/bench_quality.py

judge: setup ## Let Prism hold our requests against the SS 12000 document (Node.js; DOCUMENT=path of your copy)
	@VENV="$(VENV)" DOCUMENT="$(DOCUMENT)" scripts/judge

lock: setup ## Resolve pyproject.toml anew into the lock files
	@scripts/lock

clean: ## Remove the environment and everything the demo wrote
	@rm -rf $(VENV) var dbt/target dbt/logs
