# Each goal sets up its own virtual environment in .venv; nothing has to be installed by hand.
# Only relative paths and `python -m`, so that a checkout in a folder with spaces works too.

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The first interpreter that is new enough; `make PYTHON=/path/to/python …` decides otherwise.
PYTHON ?= $(shell for one in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	$$one -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$one && break; done)

VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --quiet --disable-pip-version-check --no-input --retries 5

# pytest-xdist's workers; one per core unless told otherwise.
WORKERS ?= auto

.PHONY: help
help: ## show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: $(VENV)/.ready ## play the main job against an embedded directory: no AWS account, no port
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" sh manifests/demo

.PHONY: test
test: $(VENV)/.ready-test ## everything CI runs: linters, types, import direction, then the whole suite (PYTEST="-k urls")
	@$(MAKE) lint
	@$(PY) -m pytest -n $(WORKERS) $(PYTEST)

.PHONY: torture
torture: $(VENV)/.ready-test ## the long runs: kills, signals, faults (ONLY="-k signals"; POINT=apply:9, SEED=7 for one)
	@TORTURE=1 STATEFUL_EXAMPLES=1000 DRIFT_HISTORIES=1000 $(PY) -m pytest -n $(WORKERS) \
		$(if $(ONLY)$(POINT)$(SEED),$(if $(POINT)$(SEED),-k test_one_,$(ONLY)),tests/stateful tests/watching) tests/torture

.PHONY: lint
lint: $(VENV)/.ready-test ## ruff, mypy strict, import-linter
	@$(PY) -m ruff check --quiet .
	@$(PY) -m ruff format --check --quiet .
	@$(PY) -m mypy --no-error-summary
	@$(PY) -c 'from importlinter.cli import lint_imports_command; lint_imports_command()' --no-logo

.PHONY: format
format: $(VENV)/.ready-test ## let ruff rewrite what it can
	@$(PY) -m ruff check --quiet --fix .
	@$(PY) -m ruff format .

.PHONY: bench
bench: $(VENV)/.ready ## measure, beside Terraform where it is on the PATH (BENCH="--only help,validate" for a part)
	@$(PY) -m benchmarks $(BENCH)

.PHONY: test-lower-bounds
test-lower-bounds: $(VENV)-lower-bounds/.ready ## the suite with the oldest dependencies that pyproject.toml allows
	@$(VENV)-lower-bounds/bin/python -m pytest -n $(WORKERS)

.PHONY: pins
pins: $(VENV)/.ready ## ci/requirements*.txt, the versions that pipelines install, again from pyproject.toml
	@$(PIP) install uv
	@$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --upgrade --output-file ci/requirements.txt pyproject.toml ci/build.in
	@$(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
		--no-emit-index-url --upgrade --output-file ci/requirements-policy.txt ci/policy.in

.PHONY: wheel
wheel: $(VENV)/.ready-test ## dist/agentcore_reconciler-*.whl
	@$(PY) -m build --wheel --no-isolation

.PHONY: clean
clean: ## remove what the goals made
	@rm -rf $(VENV) $(VENV)-lower-bounds dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A stamp is newer than pyproject.toml exactly when what pyproject.toml asks for is installed.
$(VENV)/.ready: pyproject.toml
	@$(MAKE) python-found
	@echo "setting up $(VENV) (once; a minute or so)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --editable .
	@touch $@

$(VENV)/.ready-test: pyproject.toml
	@$(MAKE) python-found
	@echo "setting up $(VENV) with the test tools (once; some minutes)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --editable '.[test]'
	@touch $(VENV)/.ready $@

$(VENV)-lower-bounds/.ready: pyproject.toml tests/lower-bounds.txt
	@$(MAKE) python-found
	@$(PYTHON) -m venv $(VENV)-lower-bounds
	@$(VENV)-lower-bounds/bin/python -m pip --quiet --disable-pip-version-check install \
		--editable '.[test]' --constraint tests/lower-bounds.txt
	@touch $@

.PHONY: python-found
python-found:
	@test -n "$(PYTHON)" || { echo "reconciler needs Python 3.11 or newer; found none on the PATH." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3 …" >&2; exit 1; }
