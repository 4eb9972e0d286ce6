# Everything a person runs here. `make` alone prints this map.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PROTOS := $(shell find proto third_party -name '*.proto')
SOURCES := chassis cli deploy policy scenarios services tests tools workflows

.PHONY: help
help: ## Print this map
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: ready ## Set up and start everything, play the first shift on it under a live board, stay up until Ctrl-C
	@$(BIN)/hotline run

.PHONY: shift
shift: ready ## Play a shift on a fresh stack: make shift SCENARIO=scenarios/first-shift.yaml [PACE=3]
	@$(BIN)/hotline scenario play --fresh --pace $(or $(PACE),1) $(or $(SCENARIO),scenarios/first-shift.yaml)

.PHONY: test
test: ready lint ## Check the tree, then run every test on real parts, two files at a time: [LANES=2]
	@$(BIN)/python -m pytest -n $(or $(LANES),2) --dist loadfile --no-loadscope-reorder

.PHONY: unit
unit: ready ## Run only the tests that need no running parts (seconds)
	@$(BIN)/python -m pytest tests/unit

.PHONY: properties
properties: ready ## What holds of every report and every promise, over 100,000 cases where `make test` takes 5,000: [CASES=100000]
	@HOTLINE_CASES=$(or $(CASES),100000) $(BIN)/python -m pytest -v tests/unit/policy/test_screening_properties.py \
	    tests/unit/policy/test_promise_properties.py tests/unit/policy/test_a_certificate_is_verified_by_itself.py

.PHONY: faults
faults: ready ## Every outage and crash, and the shift while one process is killed again and again (hours; goes on where it stopped)
	@HOTLINE_OUTAGE=180 HOTLINE_SLACK=15 $(BIN)/python -m pytest tests/faults -m "faults or not faults"

.PHONY: images
images: ready ## Build the images of all services and run them, and show that building one again gives the same (needs Docker)
	@$(BIN)/python -m pytest tests/containers -m "faults or not faults"

.PHONY: bench
bench: ready ## How fast this machine screens and replays, and how late its alarms ring, beside the goals
	@$(BIN)/python -m tests.load.bench
	@$(BIN)/python -m tests.load.promises

.PHONY: manifests
manifests: ready ## Write what is made from templates, the table of topics and the objectives, then check all that is deployed
	@$(BIN)/python -m deploy.kubernetes.generate
	@$(BIN)/python -m deploy.observability.generate
	@$(BIN)/python -m pytest tests/contract

.PHONY: programs
programs: ready ## Build what checks of telemetry run and no package holds: promtool, Prometheus, a collector, Jaeger (minutes, once)
	@$(BIN)/python -m deploy.observability.building

.PHONY: cluster-check
cluster-check: ready ## Apply the manifests to a real API server with simulated nodes, update, put back, drain: [OVERLAY=production]
	@$(BIN)/python -m deploy.kubernetes.cluster_check $(OVERLAY)

.PHONY: lint
lint: ready ## Formatting, lint, types, import directions, contracts
	@$(BIN)/ruff format --check $(wildcard $(SOURCES))
	@$(BIN)/ruff check $(wildcard $(SOURCES))
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache | tail -n 4
	@$(BIN)/buf format --diff --exit-code proto
	@$(BIN)/buf lint
	@$(BIN)/python -m tools.requirements --check

.PHONY: format
format: ready ## Put code and contracts into their standard form
	@$(BIN)/ruff check --fix-only $(wildcard $(SOURCES))
	@$(BIN)/ruff format $(wildcard $(SOURCES))
	@$(BIN)/buf format -w proto

.PHONY: requirements
requirements: ready ## Write which requirement is shown to work by which tests
	@$(BIN)/python -m tools.requirements

.PHONY: gen
gen: gen/.made ## Make the Python code of the contracts (done by itself when a .proto is newer)

.PHONY: ready
ready: $(VENV)/.installed gen/.made $(VENV)/.checkout

.PHONY: lock
lock: $(VENV)/.installed ## Pin the newest dependencies that pyproject.toml allows, with hashes
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    pyproject.toml -o requirements/run.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --extra local --extra dev --group contracts -c requirements/run.txt pyproject.toml -o requirements/dev.txt
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
	    --group contracts -c requirements/dev.txt -o requirements/contracts.txt

.PHONY: clean
clean: ## Remove what was made here (not the data under .hotline, not the cache)
	@rm -rf gen $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.installed: requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Hotline needs Python 3.11 or newer, this is " + sys.version)'
	@echo "Installing the pinned packages into $(VENV) (a minute or two, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

# Descriptors by buf, stubs by grpc_tools: buf's own Python plugin cannot make the gRPC part.
gen/.made: $(PROTOS) buf.yaml $(VENV)/.installed
	@rm -rf gen && mkdir -p gen
	@$(BIN)/buf build -o gen/image.binpb
	@PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m grpc_tools.protoc --descriptor_set_in=gen/image.binpb \
	    --python_out=gen --mypy_out=quiet:gen --grpc_python_out=gen --mypy_grpc_out=quiet:gen \
	    $$(cd proto && find hotline -name '*.proto') buf/validate/validate.proto
	@touch $@

$(VENV)/.checkout: pyproject.toml gen/.made
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
