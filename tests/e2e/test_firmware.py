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

"""UEFI variables and the state of a TPM move as libvirt moves them."""

import dataclasses
import pathlib

from lab.guests import lab_guest
from lab.hosts import lab_host
from lab.storage import local_disks
from tests.e2e import base

LOCAL = local_disks.LocalFile(format='raw')
_CODE = '/usr/share/OVMF/OVMF_CODE_4M.fd'
_VARS = '/usr/share/OVMF/OVMF_VARS_4M.fd'
_TPM = """
<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>
"""
_STATE = '/var/lib/libvirt/swtpm'


@dataclasses.dataclass(frozen=True)
class FirmwareGuest(lab_guest.Guest):
    """A guest that boots through OVMF."""

    def xml(self, host: lab_host.Host) -> str:
        """Return the definition, with UEFI variables of its own."""
        firmware = (
            f"<loader readonly='yes' type='pflash'>{_CODE}</loader>"
            f"<nvram template='{_VARS}'/>"
        )
        return super().xml(host).replace('</type>', f'</type>{firmware}', 1)


class FirmwareTestCase(base.EndToEndTestCase):
    """A guest with UEFI variables and a TPM."""

    def test_they_move(self) -> None:
        """Both are at the destination; what stays is listed."""
        for path in (_CODE, '/usr/bin/swtpm'):
            if not pathlib.Path(path).exists():
                self.skipTest(f'{path} is missing: install ovmf and swtpm')
        guest = FirmwareGuest(
            self.lab,
            self.new_name(),
            {'vda': LOCAL},
            memory_mib=256,
            machine='q35',
            devices_xml=_TPM,
        )
        self.addCleanup(self.forget, guest)
        # What it runs does not matter: OVMF takes minutes without KVM.
        guest.define_and_start(self.a)
        variables = f'/var/lib/libvirt/qemu/nvram/{guest.name}_VARS.fd'
        self.addCleanup(self.b.run, ['rm', '-f', variables])
        self.addCleanup(self.a.run, ['rm', '-f', variables])
        uuid = self.a.virsh('domuuid', guest.name).stdout.strip()
        self.assertTrue(self.states(self.a, uuid))
        result = self.run_json('migrate', guest)
        self.assertEqual('moved', result.tree['outcome'], result.stderr)
        # libvirt leaves the variables, and takes the TPM's state away.
        self.assertEqual(
            self.a.path(variables).read_bytes(),
            self.b.path(variables).read_bytes(),
        )
        self.assertTrue(self.states(self.b, uuid))
        self.assertEqual('', self.states(self.a, uuid))
        left = [item['path'] for item in result.tree['left']]
        self.assertIn(variables, left)
        self.assertIn('the state of the TPM', left)

    def states(self, host: lab_host.Host, uuid: str) -> str:
        """Return the files of a guest's TPM at a host."""
        wanted = f'{_STATE}/{uuid}/*'
        return host.run(['find', _STATE, '-path', wanted]).stdout
