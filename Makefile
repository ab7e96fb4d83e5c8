# Everything runs in a virtual environment of its own, made anew when pyproject.toml, the version or
# the Python changes. Another Python: make PYTHON=python3.12 test
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
BASE := $(VENV)/.base-$(VERSION)
DEV := $(VENV)/.dev-$(VERSION)
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

.PHONY: demo test test-slow test-ros test-training lint bench clean

# Where ROS is sourced, pytest would find its plugins, which the environment lacks the libraries of.
demo test test-slow test-training lint bench: export PYTHONPATH :=

demo: $(BASE)
	$(BIN)/openpose-ros demo --output output

# pytest comes last, so that its closing line is the last that is read.
test: lint
	NUMBA_DISABLE_JIT=1 $(BIN)/python -m pytest -q -m 'not slow' tests/parsing
	$(BIN)/python -m pytest -m 'not slow'

# What takes longer than each change is worth; .ci/run runs it too. Kernels that check their bounds
# have to be compiled, half a minute.
test-slow: $(DEV)
	NUMBA_BOUNDSCHECK=1 NUMBA_CACHE_DIR=$(VENV)/numba-bounds $(BIN)/python -m pytest -q tests/parsing
	$(BIN)/python -m pytest -m slow

# What needs a sourced ROS 2: builds the package in a folder of its own, and runs there the tests
# that CMakeLists.txt names, with the Python of ROS. More for colcon build: COLCON_BUILD='...'
ROS := build/ros
test-ros:
	$(if $(AMENT_PREFIX_PATH),,$(error no ROS 2 is sourced: source /opt/ros/DISTRO/setup.bash))
	$(if $(shell command -v colcon 2>/dev/null),,\
	  $(error no colcon: apt install python3-colcon-common-extensions))
	rm -rf $(ROS)
	colcon --log-base $(ROS)/log build --paths . --build-base $(ROS)/build \
	  --install-base $(ROS)/install $(COLCON_BUILD)
	colcon --log-base $(ROS)/log test --paths . --build-base $(ROS)/build \
	  --install-base $(ROS)/install --event-handlers console_direct+
	colcon test-result --test-result-base $(ROS)/build --verbose

# The training project; PyTorch is large, so `make test` does without.
test-training: $(DEV)
	$(PIP) install --editable '.[training]'
	$(BIN)/python -m pytest tests/training

lint: $(DEV)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# Measures, and writes the tables of docs/; what cannot run here is left out and named.
bench: $(DEV)
	$(BIN)/python -m benchmarks.update_docs

clean:
	rm -rf $(VENV) $(ROS) output .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info

$(BASE): pyproject.toml setup.py openpose_ros/_version.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || \
	  { echo 'needs Python 3.10 or newer; $(PYTHON) is "$(VERSION)": make PYTHON=python3.12' >&2; exit 1; }
	@$(PYTHON) -m venv --clear $(VENV) || \
	  { rm -rf $(VENV); echo '$(PYTHON) cannot make a virtual environment: apt install python3-venv' >&2; exit 1; }
	$(PIP) install --editable .
	touch $@

$(DEV): $(BASE)
	$(PIP) install --editable '.[dev]'
	touch $@
