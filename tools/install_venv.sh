#!/bin/sh
# install_venv.sh VENV PIP-ARGUMENT...: make the virtual environment where it
# is missing, with what compiling libvirt-python needs, and install into it.
set -eu
. "$(dirname "$0")/packages.sh"

venv=$1
shift
PYTHON=${PYTHON:-python3}

# Each need is asked of the machine itself, not of dpkg: an interpreter from
# elsewhere brings its own venv module and headers.
missing_for_build() {
    command -v git > /dev/null || echo git
    command -v gcc > /dev/null || echo gcc libc6-dev
    command -v pkg-config > /dev/null || echo pkg-config
    pkg-config --exists libvirt 2> /dev/null || echo libvirt-dev
    "$PYTHON" -c 'import ensurepip, venv' 2> /dev/null || echo python3-venv
    "$PYTHON" - 2> /dev/null <<'EOF' || echo python3-dev
import os, sys, sysconfig
sys.exit(not os.path.exists(sysconfig.get_path('include') + '/Python.h'))
EOF
}

# shellcheck disable=SC2046
install_packages $(missing_for_build)

if ! "$PYTHON" -c 'import sys; sys.exit(sys.version_info < (3, 10))'; then
    say "needs Python 3.10 or newer: $("$PYTHON" --version 2>&1)"
    exit 2
fi

# tox leaves a file of that name, which points at one of its environments.
[ ! -f "$venv" ] || rm -f "$venv"

if ! "$venv/bin/python" -c 'import pip' 2> /dev/null; then
    say "making a virtual environment in $venv"
    run_logged "$PYTHON -m venv" "$PYTHON" -m venv "$venv"
fi

# pip takes a minute of processor for each nova, uv a few seconds. Where it
# cannot be had, or does not find what pip is configured to find, pip does it.
uv=.venv/bin/uv
[ -x "$uv" ] || uv=$venv/bin/uv
[ -x "$uv" ] || "$venv/bin/python" -m pip install -q \
    --disable-pip-version-check uv > /dev/null 2>&1 || :
if [ -x "$uv" ] && "$uv" pip install -q --python "$venv/bin/python" "$@" \
    > /dev/null 2>&1; then
    exit
fi
run_logged 'pip install' "$venv/bin/python" -m pip install -q \
    --disable-pip-version-check "$@"
