#!/bin/sh
# build_deb.sh: the Debian source package of the commit that is checked out, and
# what it builds, in dist/deb. It needs Debian 13 or newer, and what Build-Depends
# of debian/control lists: `apt-get build-dep ./` installs it.
set -eu
cd "$(dirname "$0")/.."
. tools/packages.sh

name=nova-selective-migrate
full=$(sed -n '1s/.*(\(.*\)).*/\1/p' debian/changelog)
version=${full%-*}
built=dist/deb
tree=$built/$name-$version
rm -rf "$built"
mkdir -p "$tree"

# An archive of a tree that git shows to nobody but its owner is that tree.
if git rev-parse --verify -q HEAD > /dev/null 2>&1; then
    git archive HEAD | tar -x -C "$tree"
else
    tar -c --exclude=./dist . | tar -x -C "$tree"
fi
tar -c --owner=0 --group=0 --sort=name --exclude="$name-$version/debian" \
    -C "$built" "$name-$version" |
    gzip -n > "$built/${name}_$version.orig.tar.gz"
cd "$tree"
run_logged dpkg-buildpackage dpkg-buildpackage -us -uc
cd ..
ls -- *.dsc *.deb
