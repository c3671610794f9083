# Everything that the project does; each target first does the set-up it needs.
VENV   ?= .venv
PYTHON ?= python3
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
# what the stages start from; the rest they make themselves
BUNDLED = $(wildcard data/raw/*.dvc data/labels/*.dvc) pretrain

.DEFAULT_GOAL := help
.PHONY: help setup repro test lint format bench leakage

help:            ## list the targets
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: $(VENV)/.ready   ## system packages if missing, .venv, Python packages

$(VENV)/.ready: requirements.txt constraints.txt pyproject.toml tools/system_packages.sh
	@PYTHON=$(PYTHON) tools/system_packages.sh
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -c constraints.txt
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

repro: setup     ## the whole pipeline, on the bundled sample or on your own data/raw
	dvc pull --quiet $(BUNDLED)
	dvc repro

test: setup      ## all tests
	python -m pytest

lint: setup      ## style and common mistakes
	ruff check src tests
	ruff format --check src tests

format: setup    ## mend the style
	ruff check --fix src tests
	ruff format src tests

bench: setup     ## speed and memory, side by side
	python tests/benchmarks/run.py

leakage: setup   ## what a split by frames adds to the scores (a second training)
	dvc exp remove --quiet leakage 2>/dev/null || true
	dvc exp run --temp --name leakage --set-param split.policy=frame evaluate
	python -m aurora_gradcam.inference.leakage leakage
	dvc exp remove --quiet leakage
