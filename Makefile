# Everything a person or a machine does here starts with one of these words. `make help` lists them.

PYTHON ?= python3
PY := .venv/bin/python
DEPTH ?= 1
JOBS ?= 3
export DEPTH

.DEFAULT_GOAL := help
.PHONY: help run test bench install translations clean
.PHONY: check check-format check-lint check-types check-templates check-house check-schema

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/run.stamp ## start the shop with its demo on http://127.0.0.1:8000 (PORT=, DEMO=0)
	@exec env DEMO="$${DEMO:-1}" $(PY) -m deploy.local

test: .venv/dev.stamp ## run every test: SQLite, PostgreSQL, Redis, a browser (DEPTH=1|10|100, ARGS=)
	-@$(PY) -m tests.browser.chromium
	$(PY) -m pytest -n $(JOBS) --dist worksteal $(ARGS)

check: check-format check-lint check-types check-templates check-house check-schema ## format, lint, types, templates, architecture, translations, migrations (-k shows every fault)

check-format: .venv/dev.stamp
	$(PY) -m ruff format --check .

check-lint: .venv/dev.stamp
	$(PY) -m ruff check .

check-types: .venv/dev.stamp
	$(PY) -m mypy

check-templates: .venv/dev.stamp
	$(PY) -m djlint --lint --quiet app/templates
	$(PY) -m tests.lint_templates

check-house: .venv/dev.stamp
	$(PY) -m pytest -q tests/test_architecture.py tests/test_templates.py tests/test_translations.py

check-schema: .venv/dev.stamp
	$(PY) -m pytest -q tests/test_schema.py -k sqlite

bench: .venv/dev.stamp ## measure; the last lines are one JSON object per figure (needs wrk)
	@exec $(PY) -m bench

install: .venv/dev.stamp ## make .venv with everything for developers

translations: .venv/dev.stamp ## collect new words, merge them into the .po files, compile
	$(PY) -m tests.translations

clean: ## remove .venv and caches; instance/ with your data stays
	rm -rf .venv .cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps live inside .venv, so installing runs again only when a requirements file changed or .venv is gone.
.venv/run.stamp: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Miaofa needs Python 3.11 or newer, this is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12 …")'
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv || { echo "Python cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/dev.stamp: requirements-dev.txt .venv/run.stamp
	$(PY) -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
