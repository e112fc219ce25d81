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

"""Have hosts see the content of an encrypted device, through dm-crypt."""

from lab.hosts.lab_host import Host

#: What unlocks them: nobody's secret.
_WORD = 'laboratory'
#: The least that there is: a passphrase is tried in no time.
_QUICK = ('--pbkdf=pbkdf2', '--pbkdf-force-iterations=1000')


def encrypt(host: Host, device: str) -> None:
    """Make a LUKS volume of a device; what was on it is lost."""
    host.run(
        ['cryptsetup', 'luksFormat', '--batch-mode', *_QUICK]
        + ['--key-file=-', device],
        input=_WORD,
    )


def unlock(host: Host, device: str, name: str) -> str:
    """Open a LUKS volume; return the device with what is in it."""
    host.run(
        ['cryptsetup', 'open', '--type=luks', '--key-file=-', device, name],
        input=_WORD,
    )
    return f'/dev/mapper/{name}'


def lock(host: Host, name: str) -> None:
    """Close it."""
    host.run(['cryptsetup', 'close', name])
