#!/usr/bin/env python3
# Licensed under the Apache License, Version 2.0 (the "License"); you may
# not use this file except in compliance with the License. You may obtain
# a copy of the License at
#
#      http://www.apache.org/licenses/LICENSE-2.0
#
# Unless required by applicable law or agreed to in writing, software
# distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
# WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
# License for the specific language governing permissions and limitations
# under the License.

"""Fetch the XML of libvirt's own tests, for tests/functional.

Debian's source package of libvirt is fetched once, held against the digest
of its .dsc, and only tests/**/*.xml of it is kept, in .libvirt-tests.
"""

import hashlib
import http.client
import io
import os
import pathlib
import shutil
import sys
import tarfile
import tempfile
import urllib.request

TOP = pathlib.Path(__file__).resolve().parent.parent
RELEASE = '9.0.0'
TARGET = TOP / '.libvirt-tests' / RELEASE
MIRROR = os.environ.get('LAB_MIRROR', 'https://deb.debian.org/debian')
ARCHIVE = f'pool/main/libv/libvirt/libvirt_{RELEASE}.orig.tar.xz'
# As libvirt_9.0.0-4+deb12u2.dsc has it.
SHA256 = 'deca5cff1b7baac297bca9663907c61f71a47183371dc7ac019c107806d5435a'
_TIMEOUT_SECONDS = 60
_FAILURES = (
    *(OSError, ValueError),
    *(http.client.HTTPException, tarfile.TarError),
)


def fetch(url: str) -> bytes:
    """Download the archive.

    :raises ValueError: when it is not the one that Debian's .dsc names
    """
    with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:
        found = bytes(answer.read())
    digest = hashlib.sha256(found).hexdigest()
    if digest != SHA256:
        raise ValueError(f'{url} has the SHA-256 {digest}, not {SHA256}')
    return found


def extract(archive: bytes, target: pathlib.Path) -> int:
    """Keep the XML files of the tests; a link would be one of them twice."""
    count = 0
    with tarfile.open(fileobj=io.BytesIO(archive), mode='r:xz') as members:
        for member in members:
            # libvirt-9.0.0/tests/...
            top, *parts = pathlib.PurePosixPath(member.name).parts[1:] or ['']
            wanted = top == 'tests' and member.name.endswith('.xml')
            if not wanted or '..' in parts or not member.isfile():
                continue
            file = target.joinpath(*parts)
            file.parent.mkdir(parents=True, exist_ok=True)
            with members.extractfile(member) as content:
                file.write_bytes(content.read())
            count += 1
    return count


def main() -> int:
    """Fetch the files unless they are there."""
    if TARGET.is_dir():
        return 0
    TARGET.parent.mkdir(exist_ok=True)
    scratch = pathlib.Path(tempfile.mkdtemp(dir=TARGET.parent))
    try:
        count = extract(fetch(f'{MIRROR}/{ARCHIVE}'), scratch)
        scratch.chmod(0o755)
        # What has this name is whole.
        scratch.rename(TARGET)
    except _FAILURES as err:
        shutil.rmtree(scratch)
        print(f"no tests of libvirt's fetched: {err}", file=sys.stderr)
        return 1
    print(f'{count} XML files of libvirt {RELEASE} in {TARGET}')
    return 0


if __name__ == '__main__':
    sys.exit(main())
