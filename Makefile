# Everything that the project does; each target first does the set-up it needs.
VENV   ?= .venv
PYTHON ?= python3
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
export PYTHONDONTWRITEBYTECODE := 1
PIP_INSTALL = $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check
COVERAGE_FLOOR = 90
# what the stages start from; the rest they make themselves
BUNDLED = $(wildcard data/raw/*.dvc data/labels/*.dvc) pretrain

# a copied or moved folder brings along the environment of the first one, which runs the first one's code
ifneq ($(file < $(VENV)/.pipeline),$(CURDIR))
$(shell rm -f "$(VENV)/.pipeline" "$(VENV)/.ready")
endif

.DEFAULT_GOAL := help
.PHONY: help setup repro test torture lint format coverage bench leakage

help:            ## list the targets
	@grep -hE '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | expand -t 12

setup: $(VENV)/.ready   ## system packages if missing, .venv, Python packages

# what the pipeline needs, ...
$(VENV)/.pipeline: requirements.txt constraints.txt pyproject.toml tools/system_packages.sh
	@PYTHON=$(PYTHON) tools/system_packages.sh pipeline
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed: make PYTHON=python3.11 ..."; exit 2; }
	$(PYTHON) -m venv --clear $(VENV)
	$(PIP_INSTALL) -r requirements.txt -c constraints.txt
	$(PIP_INSTALL) --no-deps --editable .
	@printf '%s' '$(CURDIR)' > $@

# ... and what tests and style checks need beside it
$(VENV)/.ready: $(VENV)/.pipeline requirements-dev.txt
	@PYTHON=$(PYTHON) tools/system_packages.sh tests
	$(PIP_INSTALL) -r requirements-dev.txt -c constraints.txt
	@touch $@

repro: $(VENV)/.pipeline   ## the whole pipeline, on the bundled sample or on your own data/raw
	dvc pull --quiet $(BUNDLED)
	dvc repro

# one thread a process, since tests run on every core; where a stage takes two, they wait for each other asleep
test: export OMP_NUM_THREADS = 1
test: export OMP_WAIT_POLICY = PASSIVE
test: setup      ## all tests, on all cores
	python -m pytest --numprocesses auto --no-loadscope-reorder

torture: setup   ## the long tests of reliability: 30 kills, full disks, remotes; writes docs/reliability.md
	AURORA_LOAD_TEST_S=60 python -m pytest --torture tests/reliability tests/storage tests/labelling/test_load.py tests/labelling/test_server.py \
	  tests/training/test_checkpoint.py tests/training/test_weights.py tests/preprocessing/test_ffmpeg_tool.py tests/prediction/test_image_files.py

lint: setup      ## style, common mistakes and types
	ruff check src tests tools
	ruff format --check src tests tools
	mypy

format: setup    ## correct the style
	ruff check --fix src tests tools
	ruff format src tests tools

coverage: setup  ## which lines and branches the tests reach; fails below the floor
	coverage erase
	coverage run -m pytest
	coverage combine --quiet
	coverage report --fail-under=$(COVERAGE_FLOOR)

bench: setup     ## speed and memory, side by side
	python tests/benchmarks/run.py

leakage: setup   ## what a split by frames adds to the scores, what another camera takes (hours; a stopped run goes on)
	dvc unfreeze leakage
	dvc repro --single-item --force leakage; status=$$?; dvc freeze leakage; exit $$status
