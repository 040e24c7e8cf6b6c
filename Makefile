# Everything runs in ./.venv; the first `make demo` or `make test` makes it.
PYTHON ?= python3
JOBS ?= 2

VENV := .venv
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check
INSTALL := $(PIP) install --constraint requirements/tested.txt
EDITABLE := $(INSTALL) --no-build-isolation --use-pep517 --editable
SOURCES := mmcurv configs tools tests benchmarks .dev_scripts setup.py

# The stamps carry this folder's name: a copied or moved .venv still points
# at the old folder, and must be set up again.
HERE := $(shell pwd | cksum | cut -d ' ' -f 1)
READY := $(VENV)/ready-$(HERE)
READY_FOR_TESTS := $(VENV)/ready-for-tests-$(HERE)
INPUTS := setup.py requirements/tested.txt

.PHONY: help setup demo test test-slow test-all lint bench
.DEFAULT_GOAL := help

help:
	@echo 'make demo       train plain, with CR, with a margin for hard classes; audit all'
	@echo 'make test       run the quick tests, a few minutes'
	@echo 'make test-slow  run the slow ones: long trainings, kill after kill'
	@echo 'make test-all   run both'
	@echo 'make lint       check the style of the code'
	@echo 'make bench      measure speed and memory'
	@echo 'make setup      only install, into ./$(VENV); the others do this by themselves'
	@echo 'Another Python than python3: make demo PYTHON=python3.11'

setup: $(READY)
	@echo '[mmcurv] All is installed in ./$(VENV).'

demo: $(READY)
	@echo '[mmcurv] Running the demo.'
	@$(RUN) tools/demo.py

# One thread for each process: two workers with two threads each would fight
# over two cores. A file stays in one worker, which makes its fixtures once;
# tests/conftest.py puts the longest files first, so that all end together.
PYTEST := OMP_NUM_THREADS=1 $(RUN) -m pytest -n $(JOBS) --dist loadfile \
	--no-loadscope-reorder

test: $(READY_FOR_TESTS)
	@echo '[mmcurv] Running the quick tests in $(JOBS) processes.'
	@$(PYTEST) -m 'not slow'

test-slow: $(READY_FOR_TESTS)
	@echo '[mmcurv] Running the slow tests in $(JOBS) processes.'
	@$(PYTEST) -m slow

test-all: $(READY_FOR_TESTS)
	@echo '[mmcurv] Running every test in $(JOBS) processes.'
	@$(PYTEST)

lint: $(READY_FOR_TESTS)
	@echo '[mmcurv] Checking style: flake8, isort, yapf.'
	@$(RUN) -m flake8 $(SOURCES)
	@$(RUN) -m isort --check-only --diff $(SOURCES)
	@$(RUN) -m yapf --diff --recursive $(SOURCES)

bench: $(READY_FOR_TESTS)
	@echo '[mmcurv] Measuring speed and memory.'
	@$(RUN) benchmarks/run.py

# opencv-python, which mmengine asks for, cannot be imported on a server
# without the libraries of a desktop; the headless build can.
define ENSURE_OPENCV
$(RUN) -c 'import cv2' 2>/dev/null || { \
	echo '[mmcurv] No desktop libraries here: taking opencv without windows.'; \
	$(PIP) uninstall --yes opencv-python opencv-contrib-python && \
	$(INSTALL) --force-reinstall --no-deps opencv-python-headless; }
endef

$(READY): $(INPUTS)
	@command -v $(PYTHON) >/dev/null || { \
		echo '[mmcurv] Python 3.10 or newer is needed, but there is no $(PYTHON).'; \
		echo '         Name yours: make demo PYTHON=python3.11'; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo "[mmcurv] Python 3.10 or newer is needed, but $(PYTHON) is" \
			"$$($(PYTHON) --version 2>&1)."; \
		echo '         Name a newer one: make demo PYTHON=python3.11'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo '[mmcurv] $(PYTHON) lacks the modules venv and ensurepip.'; \
		echo '         On Debian or Ubuntu: apt install python3-venv'; exit 1; }
	@$(PIP) --version >/dev/null 2>&1 || { \
		echo '[mmcurv] Making a Python environment in ./$(VENV).'; \
		$(PYTHON) -m venv --clear $(VENV); }
	@echo '[mmcurv] Installing mmcurv and what it needs into ./$(VENV); with'
	@echo '         PyTorch this is several gigabytes the first time.'
	@$(INSTALL) setuptools
	@$(EDITABLE) '.[lite]'
	@$(ENSURE_OPENCV)
	@touch $@

# Where a dependency of mmaction2 (the video reader decord) has no wheel,
# mmaction2 goes in alone: no test reads a video file.
$(READY_FOR_TESTS): $(READY)
	@echo '[mmcurv] Installing what only the tests need.'
	@$(EDITABLE) '.[lite,dev,mmaction]' || { \
		echo '[mmcurv] Not all of mmaction2 is to be had here: taking it alone.'; \
		$(EDITABLE) '.[lite,dev]' && $(INSTALL) --no-deps mmaction2; }
	@$(ENSURE_OPENCV)
	@touch $@
