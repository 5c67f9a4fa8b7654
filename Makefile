# Every target works on a fresh clone with Python 3.11 or newer and make, as root or not.
# The environment lives in .venv and is made from the hash-pinned locks (requirements*.txt).

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: help run test check bench assets lock format clean chromium

VENV := .venv
BIN := $(VENV)/bin
lock_sum = $(shell cat requirements-bootstrap.txt $(1) | cksum | cut -d' ' -f1)
RUNTIME := $(VENV)/.installed-$(call lock_sum,requirements.txt)
DEVELOPMENT := $(VENV)/.installed-dev-$(call lock_sum,requirements-dev.txt)
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard iclei_events/translations/*/LC_MESSAGES/*.po))
COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-header --python-version 3.11

help:  ## show the targets
	@sed -n 's/^\([a-z]*\):.*##/  make \1\t/p' Makefile | expand -t 16

run: $(RUNTIME) $(CATALOGUES)  ## serve http://127.0.0.1:8000 (HOST, PORT) with the demo content
	@$(BIN)/flask --app app serve

test: $(DEVELOPMENT) $(CATALOGUES) chromium  ## run every test, on SQLite, PostgreSQL and in a browser
	@$(BIN)/pytest

check: $(DEVELOPMENT) $(CATALOGUES)  ## formatting, lint, types, imports, templates, translations, migrations
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format: run make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-logo > $(VENV)/imports.log || { cat $(VENV)/imports.log; exit 1; }
	@$(BIN)/djlint --quiet --lint templates
	@$(BIN)/pytest -q -n0 --no-header -m check -k "not postgresql"
	@echo "make check: all good"

bench: $(DEVELOPMENT) $(CATALOGUES)  ## measure; prints a table and writes tests/bench/results.json
	@$(BIN)/python -m tests.bench

format: $(DEVELOPMENT)  ## format the Python code
	@$(BIN)/ruff check --quiet --fix-only .
	@$(BIN)/ruff format --quiet .

assets:  ## rebuild static/ from static/src with the pinned npm packages (needs Node)
	@command -v npm >/dev/null || { echo "make assets: npm is missing; the built files are committed, so this is needed only to change them"; exit 1; }
	@cd static/src && npm ci --silent --no-audit --no-fund && npm run --silent build

lock: $(RUNTIME)  ## pin all dependencies anew from requirements*.in
	@for name in requirements requirements-dev requirements-bootstrap; do \
	  $(COMPILE) --upgrade $$name.in -o $$name.txt || exit 1; done
	@! grep -n '://' requirements*.txt || { echo "make lock: a lock names a host"; exit 1; }

clean:  ## remove the environment and what was built; instance/ with its data stays
	@rm -rf $(VENV) .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache static/src/node_modules
	@rm -rf __pycache__; find iclei_events tests migrations -name __pycache__ -prune -exec rm -rf {} +
	@rm -f $(CATALOGUES)

# --- the environment ---

$(VENV)/.made:
	@python=; for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11; do \
	  if $$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$$name; break; fi; done; \
	if [ -z "$$python" ]; then echo "make: Python 3.11 or newer is needed (PYTHON=/path/to/python names one)"; exit 1; fi; \
	if ! $$python -c 'import ensurepip, venv' 2>/dev/null; then echo "make: $$python cannot make environments: apt-get install python3-venv"; exit 1; fi; \
	echo "make: setting up $(VENV)"; $$python -m venv $(VENV)
	@touch $@

# $(call install,LOCK): through uv, which is quick; through pip with the same lock where uv cannot work.
define install
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-bootstrap.txt \
	  || echo "make: no uv for this machine, installing with pip"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r $(1) 2>$(VENV)/uv.log \
	  || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(1) \
	  || { cat $(VENV)/uv.log; exit 1; }
	@$(BIN)/python -m compileall -q iclei_events migrations  # also where Python may not write bytecode by itself
	@rm -f $(VENV)/.installed-$(2)[0-9]*; touch $@
endef

$(RUNTIME): $(VENV)/.made
	$(call install,requirements.txt,)

$(DEVELOPMENT): $(VENV)/.made
	$(call install,requirements-dev.txt,dev-)

$(CATALOGUES): %.mo: %.po | $(VENV)/.made
	@$(BIN)/pybabel --quiet compile -i $< -o $@

chromium:  # the headless shell, where there is one, takes a third less of the machine than the whole browser
	@for name in chromium-headless-shell chromium chromium-browser google-chrome; do if command -v $$name >/dev/null; then exit 0; fi; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then echo "make test: installing Chromium"; \
	  apt-get update -qq </dev/null; for name in chromium-headless-shell chromium; do \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$name </dev/null >/dev/null 2>&1 && exit 0; done; fi; \
	echo "make test: no Chromium, so tests/browser is skipped; get it with: sudo apt-get install chromium-headless-shell (or chromium)"
