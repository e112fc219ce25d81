#!/bin/sh
# install_nova.sh VERSION...: for each a virtual environment .nova/VERSION with
# that nova, what nova's own functional tests need, and nova-selective-migrate
# editable. VERSION is one of tools/nova_versions.txt or its series: 34.0.0 or
# 34.0. Nothing is done where nothing changed; the versions are printed.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh

VERSIONS=tools/nova_versions.txt
INPUTS='pyproject.toml setup.cfg setup.py requirements.txt
    tools/nova_requirements.txt tools/constraints_2023_1.txt
    tools/install_nova.sh tools/install_venv.sh'

# What a release needs beside it: the words behind it in the list.
beside() {
    sed -n "s/^$1 *//p" "$VERSIONS"
}

install_nova() {
    venv=.nova/$1
    stamp=$venv/.installed
    # shellcheck disable=SC2086
    inputs=$( (cat $INPUTS; beside "$1") | cksum)
    [ "$(cat "$stamp" 2> /dev/null)" != "$inputs" ] || return 0
    mkdir -p .nova
    say "installing nova $1 in $venv"
    # shellcheck disable=SC2046
    tools/install_venv.sh "$venv" "nova==$1" $(beside "$1") \
        -r tools/nova_requirements.txt -e .
    # nova's tests look for its etc beside the package, pip puts it into the
    # environment.
    packages=$("$venv/bin/python" -c \
        'import sysconfig; print(sysconfig.get_path("purelib"))')
    ln -sfn ../../../etc "$packages/etc"
    echo "$inputs" > "$stamp"
}

for wanted; do
    version=$(grep -E '^[0-9]' "$VERSIONS" | while read -r known _; do
        case $known in "$wanted" | "$wanted".*) echo "$known" ;; esac
    done)
    case $version in
        '' | *[!0-9.]*)
            say "no such nova in $VERSIONS: $wanted"
            exit 2
            ;;
    esac
    install_nova "$version"
    echo "$version"
done
