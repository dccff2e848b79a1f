# Verbs of the house; CONTRIBUTING.md says when to use which. On a bare Debian only python3.11 with venv and make are
# needed: the rest comes from the hashed requirements, and from apt-get where we may install.
SHELL := /bin/bash
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,$(shell command -v $(name))))
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/pip --disable-pip-version-check -q
TESTS ?= tests
PORT ?= 8080
export PYTHONDONTWRITEBYTECODE :=
export PATH := $(abspath $(BIN)):$(PATH)

.PHONY: setup demo test check format bench docs serve soak lock clean system-test system-bench
.DEFAULT_GOAL := help

help:
	@echo "make demo    the whole loop on real data, on a server of its own"
	@echo "make serve   a server with its home in ./home (PORT=8080)"
	@echo "make test    all tests       make check   format, lint, types, layers, house rules"
	@echo "make setup   what a developer needs    make bench, docs, soak, lock, format, clean"

# --- environment ---------------------------------------------------------------------------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or later is needed: apt-get install python3.11 python3.11-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is older than 3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || scripts/apt_install python3-venv
	$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: requirements.txt requirements-build.txt pyproject.toml | $(BIN)/python
	@echo "Installing Restudio into $(VENV) …"
	@$(PIP) install --require-hashes -r requirements-build.txt -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements-test.txt $(VENV)/.runtime
	@echo "Installing what the tests need …"
	@$(PIP) install --require-hashes -r requirements-test.txt
	@touch $@

setup: $(VENV)/.test system-test

# The tests start a PostgreSQL and a MariaDB, run user scripts in bubblewrap, and store in Azurite where npm is there.
system-test:
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || scripts/apt_install postgresql
	@ls /usr/sbin/mariadbd >/dev/null 2>&1 || command -v mariadbd >/dev/null || scripts/apt_install mariadb-server
	@command -v bwrap >/dev/null || scripts/apt_install bubblewrap
	@command -v Rscript >/dev/null || scripts/apt_install r-base-core
	@! command -v npm >/dev/null || scripts/install_azurite >/dev/null || echo "Azurite is left out of the tests."

system-bench: system-test
	@command -v wrk >/dev/null || scripts/apt_install wrk

# --- use -----------------------------------------------------------------------------------------------------------

demo: $(VENV)/.runtime
	@$(BIN)/restudio demo $(DEMO)

serve: $(VENV)/.runtime
	@$(BIN)/restudio serve --home home --port $(PORT)

# --- proof ---------------------------------------------------------------------------------------------------------

# tests/conftest.py says in which order, and which tests stay together.
test: setup
	$(BIN)/python -m pytest -n 2 --no-loadscope-reorder $(TESTS)

check: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/check_sizes.py
	$(BIN)/python scripts/check_names.py
	$(BIN)/python scripts/check_async.py
	$(BIN)/python scripts/check_imports.py
	$(BIN)/python scripts/check_links.py

format: $(VENV)/.test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.test system-bench
	$(BIN)/python -m bench.rrs
	$(BIN)/python -m bench.batch
	$(BIN)/python -m bench.loop
	$(BIN)/python -m bench.pipelines
	$(BIN)/python -m bench.factory
	$(BIN)/python -m bench.triggers
	$(BIN)/python -m bench.expressions
	$(BIN)/python -m bench.modules

soak: setup
	RESTUDIO_EVERY_HOUR=1 $(BIN)/python -m pytest -q tests/acceptance/test_trigger_year.py
	RESTUDIO_PIPELINE_DEATHS=50 $(BIN)/python -m pytest -q tests/e2e/test_pipeline_crash.py
	$(BIN)/python -m tests.e2e.soak $(SOAK)

docs: $(VENV)/.runtime
	$(BIN)/python scripts/build_docs.py

# Lock files carry hashes for every platform and no index address.
lock: $(VENV)/.test
	@scripts/lock

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache site
