# The commands of this project. They make the environment in .venv once, and again when the lock file changes.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PYTHON ?= python3
# More options for pytest (make test) or for the mutation run (make mutants).
OPTIONS ?=
# How many mutants, 0 for all of them; and the seed that they are drawn with.
SAMPLE ?= 40
SEED ?= 1
# The section of samconfig.toml that a deploy uses.
STAGE ?= dev

.PHONY: help demo local lint schema test test-unit test-browser mutants screenshot storm day eval bench bench-waves bench-held bench-scale bench-status bench-rhythm build deploy lock clean

help:
	@echo "make demo          the main job on this machine, start to end"
	@echo "make local         the local stack until Ctrl-C, with a console in the browser"
	@echo "make test          lint, types and every test but the browser's"
	@echo "make test-unit     the tests that need no database"
	@echo "make test-browser  the stories of the console, in Chromium"
	@echo "make mutants       40 changes of the code, drawn at random: which the tests notice; SEED=2 others, SAMPLE=0 all"
	@echo "make lint          ruff, mypy and cfn-lint"
	@echo "make schema        store/schema.sql from the migrations, schemas/ from the fields of the queue's messages"
	@echo "make screenshot    the README's pictures of the console"
	@echo "make storm         20,000 messages while everything breaks at random: about ten minutes"
	@echo "make day           a day on which each part around the functions fails for an hour: a few minutes"
	@echo "make eval          the labelled set: how well Claude judges and writes (with ANTHROPIC_API_KEY)"
	@echo "make bench         what it costs and carries, beside its peers: about five minutes; QUICK=1 under two"
	@echo "make bench-waves   each size of a wave with each number of workers: seven minutes; QUICK=1 two"
	@echo "make bench-held    beside a transaction that is held open: ten minutes; QUICK=1 two"
	@echo "make bench-scale   the measures with millions of rows: half an hour"
	@echo "make bench-status  delivery while agents ask what became of their texts: three minutes"
	@echo "make bench-rhythm  what learned hours are worth: PEOPLE=200 DAYS=14 SCENARIO=daily SEED=1, half a minute"
	@echo "make lock          both lock files, after pyproject.toml has changed"
	@echo "make build         sam build into .aws-sam (needs aws-sam-cli and uv)"
	@echo "make deploy        sam build and sam deploy: STAGE=dev, staging or prod (docs/deploy.md)"
	@echo "make clean         remove the environment, caches and the local stack's files"

$(READY): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12")'
	@echo "Making the environment in $(VENV): about a minute, once."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements/dev.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)
	@$(BIN)/python -m orchestrator_local.demo

local: $(READY)
	@$(BIN)/python -m orchestrator_local.serve

lint: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/cfn-lint template.yaml

schema: $(READY)
	@$(BIN)/python -m orchestrator_local.schema
	@$(BIN)/python -m orchestrator_local.queue_schemas

test: lint
	$(BIN)/python -m pytest --numprocesses auto --ignore tests/browser $(OPTIONS)

test-unit: $(READY)
	$(BIN)/pytest tests/unit --numprocesses auto

test-browser: $(READY)
	$(BIN)/pytest tests/browser

mutants: $(READY)
	@$(BIN)/python -m tests.mutants --sample $(SAMPLE) --seed $(SEED) $(OPTIONS)

screenshot: $(READY)
	@$(BIN)/python -m tests.browser.screenshot

storm: $(READY)
	@$(BIN)/python -m tests.faults.storm

day: $(READY)
	@DAY_OF_FAULTS_MINUTES=60 $(BIN)/pytest tests/end_to_end/test_day_of_faults.py

eval: $(READY)
	@$(BIN)/python -m evaluation

bench: $(READY)
	@$(BIN)/python -m bench

bench-waves: $(READY)
	@$(BIN)/python -m bench waves

bench-held: $(READY)
	@$(BIN)/python -m bench held

bench-scale: $(READY)
	@$(BIN)/python -m bench scale
	@$(BIN)/python -m bench growth
	@$(BIN)/python -m bench.population

bench-status: $(READY)
	@$(BIN)/python -m bench status

bench-rhythm: $(READY)
	@$(BIN)/python -m bench.rhythm_database $(or $(PEOPLE),200) $(or $(DAYS),14) $(or $(SCENARIO),daily) $(or $(SEED),1)

build: layers/dependencies/layer.lock
	sam build

deploy: build
	sam deploy --config-env $(STAGE)

# Twilio's SDK imports these for asynchronous calls, and PyJWT for tokens of browsers and of OAuth: they are not in the
# layer.
LEFT_OUT := aiohttp aiohttp-retry aiohappyeyeballs aiosignal attrs frozenlist multidict propcache pyjwt yarl

# One lock file for development machines, one for the Lambda layer.
lock:
	$(BIN)/uv pip compile pyproject.toml --extra dev --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet --output-file requirements/dev.lock
	$(BIN)/uv pip compile pyproject.toml --extra functions --python-platform aarch64-manylinux2014 --python-version 3.13 \
	    --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header --quiet \
	    $(addprefix --no-emit-package ,$(LEFT_OUT)) --output-file layers/dependencies/layer.lock

clean:
	rm -rf $(VENV) .aws-sam .local .mypy_cache .ruff_cache .pytest_cache .hypothesis .mutants
