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


import types
import unittest

import libvirt

from nova_selective_migrate.core.model import destination_readiness
from nova_selective_migrate.host.hypervisor import emulator_abilities
from tests.unit.host import fake_daemon

NEEDS = destination_readiness.GuestNeeds(
    '/q', 'x86_64', 'pc', 'kvm', cpu_xml='<cpu/>'
)
INVALID = libvirt.VIR_ERR_INVALID_ARG


def error(code, message='why'):
    return fake_daemon.libvirt_error(code, message)


class FakeHost:
    """A connection whose daemon answers as a test says."""

    def __init__(self, **answers):
        self.virt = types.SimpleNamespace(**answers)


def capable(*, emulator=True, machine=True, accelerator=True, code=INVALID):
    """Return a host with some of what runs a guest."""

    def answer(_emulator, _arch, wanted, kind):
        if not emulator:
            raise error(libvirt.VIR_ERR_SYSTEM_ERROR, 'Cannot check QEMU')
        if wanted and not machine:
            raise error(code, 'no such machine')
        if kind and not accelerator:
            raise error(code, 'no such accel')
        return '<domainCapabilities/>'

    return FakeHost(getDomainCapabilities=answer)


class EmulatorTest(unittest.TestCase):
    def fits(self, host):
        found = emulator_abilities.emulator(host, NEEDS)
        return tuple(
            each and each.fits
            for each in (found.emulator, found.machine, found.accelerator)
        )

    def test_all_is_there(self):
        self.assertEqual((True, True, True), self.fits(capable()))

    def test_what_is_missing_is_told(self):
        for missing, fits in (
            ({'machine': False}, (True, False, True)),
            ({'accelerator': False}, (True, True, False)),
            (
                {'machine': False, 'accelerator': False},
                (True, False, False),
            ),
            ({'emulator': False}, (False, None, None)),
        ):
            self.assertEqual(fits, self.fits(capable(**missing)), missing)

    def test_an_error_that_says_nothing_of_it(self):
        for code in (libvirt.VIR_ERR_RPC, libvirt.VIR_ERR_NO_SUPPORT):
            host = capable(machine=False, code=code)
            self.assertEqual((None, None, None), self.fits(host))


class CpuTest(unittest.TestCase):
    def compare(self, here, there):
        def host(answer):
            def compared(*_arguments):
                if answer is not None:
                    raise error(answer, 'lacks avx')
                return libvirt.VIR_CPU_COMPARE_SUPERSET

            return FakeHost(compareHypervisorCPU=compared)

        found = emulator_abilities.cpu(host(here), host(there), NEEDS)
        return found.fits, found.said

    def test_one_that_fits(self):
        self.assertEqual((True, ''), self.compare(None, None))

    def test_one_that_does_not(self):
        self.assertEqual(
            (False, 'lacks avx'),
            self.compare(None, libvirt.VIR_ERR_CPU_INCOMPATIBLE),
        )

    def test_a_comparison_that_fails_at_the_source_shows_nothing(self):
        code = libvirt.VIR_ERR_CPU_INCOMPATIBLE
        self.assertIsNone(self.compare(code, code)[0])

    def test_what_cannot_be_compared(self):
        for code in (
            libvirt.VIR_ERR_OPERATION_UNSUPPORTED,
            libvirt.VIR_ERR_NO_SUPPORT,
        ):
            self.assertIsNone(self.compare(None, code)[0])
            incompatible = libvirt.VIR_ERR_CPU_INCOMPATIBLE
            self.assertIsNone(self.compare(code, incompatible)[0])


class DevicesTest(unittest.TestCase):
    def lacks(self, here, there, value='qxl'):
        def host(text):
            def capabilities(*_arguments):
                if isinstance(text, int):
                    raise error(text)
                return (
                    '<domainCapabilities><devices>'
                    f'{text}</devices></domainCapabilities>'
                )

            return FakeHost(getDomainCapabilities=capabilities)

        model = destination_readiness.DeviceModel('video', 'modelType', value)
        needs = destination_readiness.GuestNeeds(
            '', '', '', '', models=(model,)
        )
        found = emulator_abilities.devices(host(here), host(there), needs)
        return [(each.about, each.fits) for each in found]

    def test_what_the_destination_does_not_list(self):
        video = (
            "<video supported='yes'><enum name='modelType'>{}</enum></video>"
        )
        has = video.format('<value>vga</value><value>qxl</value>')
        has_not = video.format('<value>vga</value>')
        other = "<video supported='yes'><enum name='other'/></video>"
        none = "<video supported='no'/>"
        lacking = [('video qxl', False)]
        for here, there, found in (
            (has, has, []),
            (has, has_not, lacking),
            (has, none, lacking),
            (has, '', []),
            (has, other, []),
            # The source has no list of it, or lists less than it has.
            (has_not, has_not, []),
            ('', has_not, []),
            (has, 38, [('devices of its QEMU', None)]),
            (38, has_not, [('devices of its QEMU', None)]),
            (38, has, []),
        ):
            self.assertEqual(found, self.lacks(here, there), (here, there))

    def test_a_guest_without_such_devices(self):
        needs = destination_readiness.GuestNeeds('', '', '', '')
        found = emulator_abilities.devices(FakeHost(), FakeHost(), needs)
        self.assertEqual([], [*found])
