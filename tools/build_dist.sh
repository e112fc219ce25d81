#!/bin/sh
# build_dist.sh VENV: a release in dist/, of the version that setup.cfg has: an
# sdist, a wheel that is built from it, and an SBOM of the wheel with all that it
# requires, in CycloneDX's format. VENV has what tools/dist_requirements.txt
# lists. What is to be released is committed: pbr takes its files from git.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh

tools=$1
version=$(sed -n 's/^version = //p' setup.cfg)
name=nova_selective_migrate-$version
# pbr would say 0.2.0.dev7 of a commit that comes after a tag.
export PBR_VERSION="$version"

rm -rf dist build/sbom
run_logged 'python -m build' "$tools/bin/python" -m build --outdir dist
"$tools/bin/python" -m twine --no-color check --strict \
    "dist/$name.tar.gz" "dist/$name-py3-none-any.whl"

# An environment that has the wheel, what it requires and nothing else.
tools/install_venv.sh build/sbom "dist/$name-py3-none-any.whl"
tools/install_venv.sh build/sbom --upgrade pip
[ ! -x build/sbom/bin/uv ] || build/sbom/bin/python -m pip uninstall -q -y uv
run_logged 'cyclonedx-py' "$tools/bin/cyclonedx-py" environment \
    --pyproject pyproject.toml --output-reproducible --spec-version 1.6 \
    --output-file "dist/$name.cdx.json" build/sbom/bin/python
if grep -q 'EXAMPLE\.ORG' SECURITY.md; then
    say 'SECURITY.md has no contact yet'
fi
ls dist
