#!/bin/sh
# Install the system packages of bindep.txt that the laboratory needs, and
# those of the profiles that are named: install_lab_packages.sh test
set -eu
. "$(dirname "$0")/packages.sh"

# bindep exits 1 when something is missing and lists it on standard output.
missing=$(.venv/bin/python -m bindep -b lab "$@") || true
# shellcheck disable=SC2086
install_packages $missing
