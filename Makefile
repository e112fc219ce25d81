# make install   a virtual environment in .venv with nova-selective-migrate
# make demo      two hosts, a guest, a migration, the proof
# make test      unit, functional and end-to-end tests, and those against nova
# make bench     the figures of benchmarks/, as ratios where time is meant
# make releases  other Debian releases for the hosts of the tests
# make deps      the system packages that demo and test need
# make clean     remove what these made
#
# As root missing system packages are installed; otherwise they are named.
# PYTHON=python3.13 takes another interpreter, TESTS=regex limits `make test`;
# NOVA="33.0 34.0" names the novas that it tests against, of those in
# tools/nova_versions.txt. Each has an environment of its own, in .nova.

PYTHON ?= python3
TESTS ?=
NOVA ?= 31.3.1 34.0.0

VENV := .venv
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-test
METADATA := pyproject.toml setup.cfg setup.py requirements.txt

.PHONY: install deps releases demo test bench clean
.DELETE_ON_ERROR:

install: $(STAMP)
	@:

deps: $(STAMP) bindep.txt
	@tools/install_lab_packages.sh

demo: deps
	@$(VENV)/bin/python -m lab.demo

releases: deps
	@$(VENV)/bin/python -m lab prepare --release trixie
	@$(VENV)/bin/python -m lab prepare --release sid

bench: deps
	@$(VENV)/bin/python -m benchmarks

test: $(TEST_STAMP) deps
	@novas=$$(PYTHON='$(PYTHON)' tools/install_nova.sh $(NOVA)) && \
	    $(VENV)/bin/python tools/run_tests.py --nova "$$novas" '$(TESTS)'

clean:
	rm -rf $(VENV) .nova .stestr .mypy_cache .ruff_cache .hypothesis .coverage \
	    .mutants.json cover build dist doc/build releasenotes/build *.egg-info

$(STAMP): $(METADATA) tools/install_venv.sh
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) bindep -r requirements.txt -e .
	@touch $@

$(TEST_STAMP): test-requirements.txt $(STAMP)
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) -r test-requirements.txt
	@touch $@
