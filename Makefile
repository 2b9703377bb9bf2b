# Everything a person does here. `make` alone lists it.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PROCESSES ?= 2  # that run tests beside each other
VENV := .venv
PY := $(VENV)/bin/python

# Values reach the commands through the environment, so that no quote in them can hurt.
export SRC SINCE FACILITY Q STAGE REASON NAME DO KIND PSEUDONYM WHO KEY_FILE PROJECT

RUN_READY := $(VENV)/.run-ready
DEV_READY := $(VENV)/.dev-ready
INSTALL := "$(PY)" -m pip install -qq --disable-pip-version-check --no-compile --no-deps --require-hashes

.PHONY: help
help: ## List these commands
	@awk 'BEGIN {FS = ":.*## "} /^[a-z][a-z-]*:.*## / {printf "  %-16s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: $(RUN_READY) ## The whole pipeline on real files, from nothing, in under two minutes
	@"$(PY)" -m infra.local demo

.PHONY: up
up: $(RUN_READY) ## Start the local cloud in the background: make up [TARGETS=targets.yaml]
	@"$(PY)" -m infra.local up $${TARGETS:+--targets "$$TARGETS"} $${SETTINGS:+--settings "$$SETTINGS"}

.PHONY: down
down: $(RUN_READY) ## Stop the local cloud; what it held is gone
	@"$(PY)" -m infra.local down

.PHONY: status
status: $(RUN_READY) ## What runs, where, and what waits in the inbox
	@"$(PY)" -m infra.local status

.PHONY: logs
logs: $(RUN_READY) ## What the functions print: make logs STAGE=ingest
	@"$(PY)" -m infra.local logs "$$STAGE"

.PHONY: drop
drop: $(RUN_READY) ## Drop files as a facility: make drop SRC=folder FACILITY=demo-hospital
	@"$(PY)" -m infra.local drop "$$SRC" "$$FACILITY" "$${COMPLETE:-no}"

.PHONY: receipts
receipts: $(RUN_READY) ## A facility's newest receipts, as pages: make receipts FACILITY=demo-hospital
	@"$(PY)" -m infra.local receipts "$$FACILITY" build/receipts

.PHONY: sql
sql: $(RUN_READY) ## Run a query: make sql Q='SELECT * FROM imaging.studies'
	@"$(PY)" -m infra.local sql "$$Q"

.PHONY: export-samples
export-samples: $(RUN_READY) ## The views of research as Parquet files, into build/samples
	@"$(PY)" -m infra.local export build/samples

.PHONY: notebook
notebook: $(DEV_READY) ## Draw what the local cloud holds, into build/pictures
	@test -f .local/env || { echo 'no local cloud is running here: make up' >&2; exit 1; }
	@. ./.local/env && MPLBACKEND=svg "$(PY)" infra/notebooks/overview.py && ls build/pictures/*

.PHONY: release
release: $(RUN_READY) ## Decide refused files anew: make release REASON=truncated [FACILITY=…]
	@"$(PY)" -m infra.operate --local release --reason "$$REASON" --facility "$$FACILITY" --name "$$NAME"

.PHONY: promote
promote: $(RUN_READY) ## Make a version the primary one: make promote NAME=gs://…
	@"$(PY)" -m infra.operate --local promote "$$NAME"

.PHONY: dead-letters
dead-letters: $(RUN_READY) ## What was given up; make dead-letters DO=redrive tries it again
	@"$(PY)" -m infra.operate --local dead-letters "$${DO:-list}"

.PHONY: deliveries
deliveries: $(RUN_READY) ## What targets were told; make deliveries DO=replay TARGET=… SINCE=2026-01-31
	@"$(PY)" -m infra.operate --local deliveries "$${DO:-list}" $${TARGET:+--target "$$TARGET"} \
	  $${SINCE:+--since "$$SINCE"}

.PHONY: reconcile
reconcile: $(RUN_READY) ## Compare buckets with tables now; repair or report what is found
	@"$(PY)" -m infra.operate --local reconcile

.PHONY: copies
copies: $(RUN_READY) ## Research copies by their key; make copies DO=renew makes them anew
	@"$(PY)" -m infra.operate --local copies "$${DO:-list}"

.PHONY: reidentify
reidentify: $(RUN_READY) ## What a pseudonym stands for; who asks is recorded (infra/README.md)
	@"$(PY)" -m infra.operate --local reidentify --key-file "$$KEY_FILE" --project "$$PROJECT" \
	  --who "$$WHO" --reason "$$REASON" "--$$KIND" "$$PSEUDONYM"

.PHONY: rebuild
rebuild: $(RUN_READY) ## Have everything kept that has no row decided again
	@"$(PY)" -m infra.operate --local rebuild

.PHONY: replay
replay: $(RUN_READY) ## Have a day decided again: make replay SINCE=2026-01-31 [FACILITY=…]
	@"$(PY)" -m infra.operate --local replay --since "$$SINCE" --facility "$$FACILITY"

.PHONY: onboard
onboard: $(RUN_READY) ## What a facility needs to send: make onboard FACILITY=demo-hospital
	@"$(PY)" -m infra.operate --local onboard --facility "$$FACILITY"

.PHONY: test
test: $(DEV_READY) ## All tests
	@"$(PY)" -m pytest --numprocesses $(PROCESSES)

.PHONY: check
check: $(DEV_READY) fmt-check lint types contracts dependencies test ## Everything that must hold before a change lands

.PHONY: fmt
fmt: $(DEV_READY) ## Format the code
	@"$(PY)" -m ruff format .
	@"$(PY)" -m ruff check --fix-only --quiet .

.PHONY: fmt-check
fmt-check: $(DEV_READY)
	@"$(PY)" -m ruff format --check .

.PHONY: lint
lint: $(DEV_READY) ## Look for mistakes and against the house rules
	@"$(PY)" -m ruff check .

.PHONY: types
types: $(DEV_READY) ## Check every type
	@"$(PY)" -m mypy

.PHONY: contracts
contracts: $(DEV_READY) ## Check who may import whom
	@"$(PY)" -c 'from importlinter.cli import lint_imports_command; lint_imports_command()'

.PHONY: dependencies
dependencies: $(DEV_READY) ## Check what is declared against what is imported, and the functions' pins
	@"$(PY)" -m deptry .
	@"$(PY)" -m infra.requirements --check

.PHONY: bundle
bundle: $(RUN_READY) ## Build the zips that are deployed, one per function
	@"$(PY)" -m infra.bundle

.PHONY: sbom
sbom: $(DEV_READY) ## What each function is made of, as CycloneDX, into build/sbom
	@"$(PY)" -m infra.sbom

AUDIT := build/audit/bin/python

.PHONY: audit
audit: ## Look for known weaknesses in what is pinned, over the network
	@"$(AUDIT)" -c 'import pip_audit' 2> /dev/null || { "$(PYTHON)" -m venv build/audit && "$(AUDIT)" -m pip \
	  install -qq --disable-pip-version-check pip-audit==2.10.1; }
	@"$(AUDIT)" -m pip_audit --strict --disable-pip --require-hashes --progress-spinner off \
	  --vulnerability-service osv -r requirements.lock 2> build/audit/said.txt \
	  || { tail -n 1 build/audit/said.txt >&2; exit 1; }

.PHONY: schemas
schemas: $(DEV_READY) ## Write the schemas of tables and events, and the views made from others
	@"$(PY)" -m infra.table_schemas
	@"$(PY)" -m infra.derived_views
	@"$(PY)" -m infra.event_contracts

.PHONY: docs
docs: $(DEV_READY) ## Write the tables of the documentation from the code
	@"$(PY)" -m infra.docs

.PHONY: questions
questions: $(DEV_READY) ## Write the answers and pictures of infra/schemas/README.md
	@"$(PY)" -m tests.questions.answers

.PHONY: costs
costs: $(RUN_READY) ## What a million instances cost, part by part, and elsewhere
	@"$(PY)" -m infra.costs

.PHONY: costs-count
costs-count: $(DEV_READY) ## Count anew what an instance asks of the services
	@"$(PY)" -m tests.costs.counting && "$(PY)" -m infra.docs

.PHONY: infra-check
infra-check: $(DEV_READY) ## Check the infrastructure with the real Terraform, without a cloud
	@"$(PY)" -m pytest tests/infra

.PHONY: infra-mutations
infra-mutations: $(DEV_READY) ## Prove that every broken variant of the infrastructure is caught
	@"$(PY)" -m tests.infra.mutations

CHECKOV := build/checkov/bin/python

.PHONY: infra-scan
infra-scan: $(DEV_READY) ## Scan the infrastructure's plan with checkov, installed on its own
	@"$(CHECKOV)" -c 'import checkov' 2> /dev/null || { "$(PYTHON)" -m venv build/checkov && "$(CHECKOV)" -m pip \
	  install -qq --disable-pip-version-check --no-deps --require-hashes -r tests/infra/checkov.lock; }
	@"$(PY)" -m tests.infra.scan "$(CHECKOV)"

.PHONY: infra-access
infra-access: $(DEV_READY) ## Write who may do what into infra/README.md
	@"$(PY)" -m tests.infra.access

.PHONY: provider-schema
provider-schema: ## Write the schema of Terraform's provider anew (tests/infra/README.md)
	@"$(PYTHON)" -m venv build/provider
	@build/provider/bin/python -m pip download -qq --no-deps -d build/provider cdktn-provider-google==21.1.0
	@build/provider/bin/python -m tests.infra.provider_schema build/provider/cdktn_provider_google-*.whl

.PHONY: test-large
test-large: $(DEV_READY) ## A gigabyte through ingest, its memory and reads measured
	@INLET_LARGE_MIB=1024 "$(PY)" -m pytest -s tests/e2e/test_large_object.py

.PHONY: bench-%
bench-%: $(DEV_READY) ## Measure: make bench-<name> runs tests/benchmarks/bench_<name>.py
	@"$(PY)" -m tests.benchmarks.bench_$*

.PHONY: score-deid
score-deid: $(DEV_READY) ## Score de-identification on planted identities, as MIDI-B does
	@"$(PY)" -m tests.score

.PHONY: corpus-deid
corpus-deid: $(DEV_READY) ## De-identify all real files at hand; search them for what is left
	@"$(PY)" -m tests.benchmarks.corpus_deid

.PHONY: corpus-index
corpus-index: $(DEV_READY) ## All real files at hand into the tables, thrice; compare with the files
	@"$(PY)" -m tests.benchmarks.corpus_index

LOCK := build/lock/bin/python -m uv pip compile --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate --quiet pyproject.toml --extra local

.PHONY: lock
lock: ## Resolve the dependencies anew and write every lock
	@"$(PYTHON)" -m venv build/lock
	@build/lock/bin/python -m pip install -qq --disable-pip-version-check uv
	@$(LOCK) $(UPGRADE) --output-file requirements.lock > /dev/null
	@$(LOCK) $(UPGRADE) --extra pixels --group dev --constraint requirements.lock --output-file requirements-dev.lock > /dev/null
	@echo 'checkov==3.3.30' | build/lock/bin/python -m uv pip compile --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --no-annotate --quiet - $(UPGRADE) --output-file tests/infra/checkov.lock > /dev/null
	@$(MAKE) pins

.PHONY: pins
pins: $(DEV_READY) ## Write each function's requirements.txt from the lock
	@"$(PY)" -m infra.requirements

.PHONY: clean
clean: ## Remove everything that was made here
	@if [ -x "$(PY)" ]; then "$(PY)" -m infra.local down > /dev/null 2>&1 || true; fi
	@rm -rf "$(VENV)" .local .local-demo build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage htmlcov

$(VENV)/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { \
	  echo 'Inlet needs Python 3.11 or newer; $(PYTHON) is not. Name another: make PYTHON=python3.12 …' >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2> /dev/null || { \
	  echo 'This Python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv' >&2; exit 1; }
	@rm -rf "$(VENV)"
	@"$(PYTHON)" -m venv "$(VENV)"
	@touch "$@"

$(RUN_READY): requirements.lock $(VENV)/.made
	@echo 'Installing what running needs (once) …'
	@$(INSTALL) -r requirements.lock
	@touch "$@"

$(DEV_READY): requirements-dev.lock $(VENV)/.made
	@echo 'Installing what running and testing need (once) …'
	@$(INSTALL) -r requirements-dev.lock
	@touch "$(RUN_READY)" "$@"
