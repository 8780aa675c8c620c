# Everything a developer runs. `make` alone lists it. Only python3 (3.11 or later) and make are needed beforehand.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
SHELL := /bin/sh

BIN := .venv/bin
PIP := $(BIN)/pip --disable-pip-version-check --quiet
SOURCES := $(wildcard src tests bench scripts)
WORKERS ?= auto

.PHONY: help setup demo test test-slow test-external check format bench soak image screenshots walks vendor messages lock migration clean

help:  ## List these commands
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-13s %s\n' "$$name" "$$text"; done

setup: .venv/.base  ## Install Headgate into .venv
	@echo "Headgate is installed: $(BIN)/headgate"

demo: .venv/.base  ## Start Headgate with a demo tenant, govern its orders and serve the console
	$(BIN)/headgate demo

test: .venv/.test .venv/.browser .venv/.provider  ## Run the fast tests
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile -m "not slow"

test-slow: .venv/.test .venv/.browser .venv/.provider .venv/.modeller  ## Run the slow tests
	$(BIN)/pytest -n $(WORKERS) --maxprocesses 8 --dist loadfile -m slow

test-external: .venv/.test  ## Run the tests that meet a database against this machine's own PostgreSQL 15 or later
	$(BIN)/python scripts/external.py

check: .venv/.test  ## Check format, lint, types, floors, and that migrations are in step
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(SOURCES)
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/schema.py check

format: .venv/.test  ## Format the code and fix what lint can fix
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: .venv/.bench  ## Run every bench and print a table
	$(BIN)/python -m bench

soak: .venv/.test  ## Govern under load while processes and PostgreSQL are killed: make soak m=10 (minutes)
	$(BIN)/python scripts/soak.py $(or $(m),10) --json artefacts/soak.json

image: .venv/.test  ## Build the image with docker, podman or buildah, and run it until it is ready
	$(BIN)/python scripts/image.py --try

screenshots: .venv/.test .venv/.browser  ## Take pictures of the screens into artefacts/
	$(BIN)/python scripts/screenshots.py

walks: .venv/.test .venv/.browser  ## Walk the stories of the how-tos on a fresh demo, and take their pictures again
	$(BIN)/python scripts/walks.py

vendor: .venv/.base  ## Fetch the pinned browser libraries again
	sh scripts/vendor_assets.sh

messages: .venv/.test  ## Bring the catalogues of languages up to date with templates and words
	$(BIN)/python scripts/messages.py

lock: .venv/.base  ## Pin all requirements again
	sh scripts/lock.sh

migration: .venv/.test  ## Write the next migration: make migration m="what changes"
	@test -n "$(m)" || { echo 'say what changes: make migration m="add order notes"'; exit 2; }
	$(BIN)/python scripts/schema.py new "$(m)"

clean:  ## Remove .venv, caches and build output (never data in HEADGATE_HOME)
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist artefacts

# Installs leave a stamp, so they run again only when a lock changes.

.venv/.made:
	@python=$$(sh scripts/python.sh) && echo "Creating .venv with $$python" && "$$python" -m venv .venv
	@touch $@

.venv/.base: .venv/.made requirements/base.txt pyproject.toml
	@echo "Installing Headgate…"
	@$(PIP) install --require-hashes -r requirements/base.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q src
	@touch $@

.venv/.test: .venv/.base requirements/test.txt
	@echo "Installing what tests need…"
	@$(PIP) install --require-hashes -r requirements/test.txt
	@touch $@

.venv/.bench: .venv/.test requirements/bench.txt
	@echo "Installing what benches compare with…"
	@$(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

.venv/.browser: .venv/.test scripts/browser.py
	@$(BIN)/python scripts/browser.py
	@touch $@

.venv/.provider: .venv/.test scripts/provider.py tests/provider/package-lock.json
	@$(BIN)/python scripts/provider.py
	@touch $@

.venv/.modeller: .venv/.test scripts/modeller.py tests/modeller/package-lock.json
	@$(BIN)/python -m scripts.modeller
	@touch $@
