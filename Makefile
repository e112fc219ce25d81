# make install   a virtual environment in .venv with nova-selective-migrate
# make demo      two hosts, a guest, a migration, the proof
# make check     unit tests, types and style: what to run before each commit
# make test      unit, functional and end-to-end tests, and those against nova
# make test-all  the same, and what that leaves out: tests/nightly.txt, stock nova
# make test-storage  those on hosts with kernels of their own, for 25 minutes
# make stock-report  doc/source/reference/stock.rst's table, from what stock nova does
# make support-matrix  doc/source/reference/support-matrix.rst's table, anew
# make faults    break migrations on purpose; SEED, RUNS; result in faults.json
# make fuzz      the fuzzers of tests/fuzz, FUZZ_SECONDS each
# make bench     the figures of benchmarks/, BENCH_RUNS of each, and their page
# make installed-files  the manual page and what completes the command in shells
# make dashboard  contrib/grafana's dashboard, anew
# make dist      a release in dist/: sdist, wheel, SBOM; looked at by twine
# make deb       Debian packages in dist/, of this tree, with Debian's tools
# make releases  other Debian releases for the hosts of the tests
# make deps      the system packages that demo and test need
# make clean     remove what these made
#
# As root missing system packages are installed; otherwise they are named.
# PYTHON=python3.13 takes another interpreter, TESTS=regex limits `make test`;
# NOVA="33.0 34.0" names the novas that it tests against, of those in
# tools/nova_versions.txt. Each has an environment of its own, in .nova.
# RELEASES="trixie sid" prepares these while unit tests run, as CI does.
# SEED=7 RUNS=200 is a long campaign of other faults for `make faults`, and
# FAULTS_NOVA=34.0.0 has that nova migrate in it, not our command.

PYTHON ?= python3
TESTS ?=
NOVA ?= 31.3.1 34.0.0
RELEASES ?=
SEED ?= 1
RUNS ?= 24
FAULTS_NOVA ?=
FUZZ_SECONDS ?= 300
HYPOTHESIS ?= brief
BENCH_RUNS ?= 3
BENCH_NOVA ?= 34.0.0

VENV := .venv
STAMP := $(VENV)/.installed
TEST_STAMP := $(VENV)/.installed-test
CHECK_STAMP := $(VENV)/.installed-check
FUZZ_STAMP := $(VENV)/.installed-fuzz
BENCH_STAMP := $(VENV)/.installed-bench
DOC_STAMP := $(VENV)/.installed-doc
DIST_STAMP := $(VENV)/.installed-dist
# Tests, demo and benchmarks start thousands of interpreters. Without bytecode
# each of them compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

METADATA := pyproject.toml setup.cfg setup.py requirements.txt

.PHONY: install deps releases demo check check-style check-unit test test-all \
    test-storage stock-report faults fuzz bench installed-files support-matrix dashboard dist deb \
    clean
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

faults: deps
	@[ -z '$(FAULTS_NOVA)' ] || \
	    PYTHON='$(PYTHON)' tools/install_nova.sh $(FAULTS_NOVA) > /dev/null
	@$(VENV)/bin/python -m lab.faults --seed $(SEED) --runs $(RUNS) \
	    $(if $(FAULTS_NOVA),--nova .nova/$(FAULTS_NOVA)/bin/python)

# A target that is missed fails it, when the page says so, and a release of the
# hosts that cannot be had fails it before anything is measured.
bench: $(BENCH_STAMP) releases
	@PYTHON='$(PYTHON)' tools/install_nova.sh $(BENCH_NOVA) > /dev/null
	@NOVA_VERSION=$(BENCH_NOVA) $(VENV)/bin/python -m benchmarks \
	    --runs $(BENCH_RUNS); status=$$?; \
	    $(VENV)/bin/python -m benchmarks --render && exit $$status

# At once: what style and types take is less than unit tests leave idle.
check: $(CHECK_STAMP)
	@$(MAKE) --no-print-directory -j 2 check-style check-unit

check-style:
	@$(VENV)/bin/ruff check --quiet .
	@$(VENV)/bin/ruff format --quiet --check .
	@$(VENV)/bin/flake8 nova_selective_migrate lab benchmarks tests tools
	@$(VENV)/bin/mypy --no-error-summary

check-unit:
	@HYPOTHESIS_PROFILE=$(HYPOTHESIS) \
	    $(VENV)/bin/python -m tools.run_tests --only unit '$(TESTS)'

# What else has to be installed is, while unit tests run: packages, libvirt's
# own tests, novas, other Debian releases.
test test-all: $(TEST_STAMP)
	@HYPOTHESIS_PROFILE='$(HYPOTHESIS)' PYTHON='$(PYTHON)' $(VENV)/bin/python -m tools.run_tests \
	    --nova '$(NOVA)' --releases '$(RELEASES)' $(OPTIONS) '$(TESTS)'

# The oldest nova moves servers to the next one in a test of its own.
test-all: OPTIONS := --all --fleet 29.4.0
test-all: HYPOTHESIS := ci

# Real LVM, NFS, iSCSI, multipath and dm-crypt; needs root.
test-storage: $(TEST_STAMP) deps
	@PYTHON='$(PYTHON)' $(VENV)/bin/python -m tools.run_tests --all \
	    --only storage --nova 34.0.0 '$(TESTS)'

# What stock nova does guards nothing of ours. A row of the table in which it
# does something else than the page says fails this.
stock-report: $(TEST_STAMP) deps
	@rm -rf .stock && mkdir .stock
	@status=0; for nova in $(NOVA); do \
	    NOVA_VERSION=$$nova PYTHON='$(PYTHON)' \
	        $(VENV)/bin/python -m tools.run_tests --stock --nova $$nova \
	        --outcomes .stock/$$nova.json '$(TESTS)' || status=1; \
	done; \
	$(VENV)/bin/python -m tools.stock_report .stock/*.json && exit $$status

fuzz: $(FUZZ_STAMP)
	@for target in domain_xml block_device_info case mountinfo; do \
	    $(VENV)/bin/python -m tests.fuzz $$target $(FUZZ_SECONDS) || exit; \
	done

# They are in the repository: a wheel is built without sphinx and shtab.
installed-files: $(DOC_STAMP)
	@$(VENV)/bin/python tools/render_installed_files.py

support-matrix: $(STAMP)
	@$(VENV)/bin/python -m tools.support_matrix

dashboard: $(TEST_STAMP)
	@$(VENV)/bin/python -m tools.render_dashboard

# Of the version that setup.cfg has, whatever git's tags say.
dist: $(DIST_STAMP)
	@PYTHON='$(PYTHON)' tools/build_dist.sh $(VENV)

deb:
	@tools/build_deb.sh

clean:
	rm -rf $(VENV) .nova .stock .libvirt-tests .fuzz .stestr .mypy_cache .ruff_cache \
	    .mutants.json .hypothesis .coverage cover build dist doc/build releasenotes/build *.egg-info

$(STAMP): $(METADATA) tools/install_venv.sh
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) bindep -r requirements.txt -e .
	@touch $@

$(TEST_STAMP): test-requirements.txt $(STAMP)
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) -r test-requirements.txt
	@touch $@

$(CHECK_STAMP): tools/check_requirements.txt $(TEST_STAMP)
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) -r tools/check_requirements.txt
	@touch $@

$(BENCH_STAMP): benchmarks/requirements.txt $(STAMP)
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) -r benchmarks/requirements.txt
	@touch $@

$(DOC_STAMP): doc/requirements.txt $(STAMP)
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) -r doc/requirements.txt 'shtab>=1.7.0'
	@touch $@

$(DIST_STAMP): tools/dist_requirements.txt $(STAMP)
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) -r tools/dist_requirements.txt
	@touch $@

$(FUZZ_STAMP): tests/fuzz/requirements.txt $(TEST_STAMP)
	@PYTHON='$(PYTHON)' tools/install_venv.sh $(VENV) -r tests/fuzz/requirements.txt
	@touch $@
