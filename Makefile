# The commands of this project. `make` alone lists them.

PYTHON ?= python3
VENV := .venv
IN := $(VENV)/bin
PIP := $(IN)/python -m pip --disable-pip-version-check install --quiet --root-user-action=ignore --require-hashes

.DEFAULT_GOAL := help
.PHONY: help run quick test browser check papers coverage mutants fuzz bench-intake chaos patroni clean

help: ## List these commands
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

run: $(VENV)/.run ## Set everything up, send an invented morning through the service, and keep it up (ONCE=1: stop after the summary)
	@$(IN)/python -m simulators day --state .ecm $(if $(ONCE),,--stay)

quick: $(VENV)/.test ## While you edit: style, and the tests that take no database server and no second each (under a minute)
	@$(IN)/ruff check .
	@$(IN)/ruff format --check --quiet .
	@PYTHONDONTWRITEBYTECODE= $(IN)/python -m pytest --quiet --numprocesses 2 --hypothesis-profile=quick -m "not heavy"

test: $(VENV)/.test ## Run every test, on a real PostgreSQL
	$(IN)/python -m pytest --numprocesses 2 -m "not browser"

browser: $(VENV)/.test ## Run the tests that need a browser; installs Debian's Chromium (as root) where there is none
	@command -v chromium >/dev/null || { apt-get update --quiet=2 && apt-get install --quiet=2 --yes --no-install-recommends chromium; }
	$(IN)/python -m pytest --quiet -m browser

check: $(VENV)/.test ## Style, types, layers, and what the house is held to: table owners, words, log events, papers
	$(IN)/ruff check .
	$(IN)/ruff format --check .
	$(IN)/mypy
	$(IN)/lint-imports
	$(IN)/python -m tests.house.arrows
	$(IN)/python -m pytest --quiet tests/house

papers: $(VENV)/.test ## Renew the papers that are made from the code: tree, glossary, settings, schema
	$(IN)/python -m tests.house.tree > docs/tree.md
	$(IN)/python -m tests.house.glossary > docs/glossary.md
	$(IN)/python -m ecm settings > docs/settings.md
	$(IN)/python -m ecm.db.dump_schema

coverage: $(VENV)/.test ## Run every test and print which branches of the code none has walked through
	@mkdir -p build/coverage && rm -f build/coverage/.data*
	@export COVERAGE_FILE=$(CURDIR)/build/coverage/.data; \
	$(IN)/coverage run -m pytest --quiet --numprocesses 2 -m "not browser"; tests=$$?; \
	$(IN)/coverage combine --quiet && $(IN)/coverage report && exit $$tests

mutants: $(VENV)/.test ## Break the rules one at a time; the tests must notice each (ARGS="--only pairing" for some)
	$(IN)/python -m tests.mutants $(ARGS)

fuzz: $(VENV)/.test ## Aim schemathesis at a running service
	$(IN)/python -m tests.fuzz

bench-intake: $(VENV)/.test ## Measure intake beside the limits of this machine (ARGS="--quick" for a smoke run)
	$(IN)/python -m tests.benchmarks.intake $(ARGS)

chaos: $(VENV)/.test ## Kill, cut, freeze and fill everything around the service under load (SEED=1 ARGS="--replicas 2")
	$(IN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(ARGS)

patroni: $(VENV)/.test ## Kill the leader of a real Patroni cluster under load; installs Debian's packages as root (ARGS="--kills 3")
	$(IN)/python -m tests.patroni $(or $(ARGS),--kills 1 --rate 60 --burst 10)

clean: ## Forget the rehearsed data and everything that was built
	@if [ -x $(IN)/python ] && [ -d .ecm ]; then $(IN)/python -m ecm forget --yes --state .ecm; fi
	rm -rf .ecm build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "This needs Python 3.11 or newer; say which with: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip' || { echo "This Python cannot make virtual environments; install its venv package (Debian: python3-venv)."; exit 1; }
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: requirements.lock | $(VENV)/.python
	@echo "Installing what the service needs (once) ..."
	@$(PIP) -r requirements.lock
	@touch $@

$(VENV)/.test: requirements-test.lock | $(VENV)/.python
	@echo "Installing what the tests need (once) ..."
	@$(PIP) -r requirements-test.lock
	@touch $@ $(VENV)/.run
