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
from nova_selective_migrate.host.hypervisor import host_abilities
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
        found = host_abilities.emulator(host, NEEDS)
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

        found = host_abilities.cpu(host(here), host(there), NEEDS)
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


class HostTest(unittest.TestCase):
    def test_namesakes_of_a_host_that_does_not_answer(self):
        def broken(_key):
            raise error(libvirt.VIR_ERR_RPC)

        host = FakeHost(lookupByUUIDString=broken, lookupByName=broken)
        self.assertIsNone(host_abilities.namesakes(host, 'u', 'n'))

    def test_nobody_has_the_name(self):
        def missing(_key):
            raise error(libvirt.VIR_ERR_NO_DOMAIN)

        host = FakeHost(lookupByUUIDString=missing, lookupByName=missing)
        self.assertEqual((), host_abilities.namesakes(host, 'u', 'n'))

    def networks(self, **answers):
        needs = destination_readiness.GuestNeeds(
            '', '', '', '', networks=('n',), devices=('br0',)
        )
        found = host_abilities.networks(FakeHost(**answers), needs)
        return [each.fits for each in found]

    def test_networks(self):
        def missing(_name):
            raise error(libvirt.VIR_ERR_NO_NETWORK)

        def refused(_name):
            raise error(libvirt.VIR_ERR_NO_SUPPORT)

        def network(active):
            return lambda _name: types.SimpleNamespace(isActive=lambda: active)

        def devices(*names):
            return lambda _flags: [
                types.SimpleNamespace(name=lambda n=n: n) for n in names
            ]

        for lookup, listed, fits in (
            (network(1), devices('lo', 'br0'), [True, True]),
            (network(0), devices('lo', 'br1'), [False, False]),
            (missing, devices(), [False, None]),
            (refused, refused, [None, None]),
        ):
            self.assertEqual(
                fits,
                self.networks(
                    networkLookupByName=lookup, listAllInterfaces=listed
                ),
            )

    def test_memory(self):
        stats = {'total': 9, 'free': 1, 'buffers': 2, 'cached': 3}
        host = FakeHost(getMemoryStats=lambda _cell, _flags: stats)
        self.assertEqual(6 * 1024, host_abilities.free_memory(host))
        stats['available'] = 4
        self.assertEqual(4 * 1024, host_abilities.free_memory(host))

    def test_huge_pages(self):
        def answer(found):
            def pages(_sizes, _cell, _count):
                if isinstance(found, int):
                    raise error(found)
                return found

            return FakeHost(getFreePages=pages)

        for told, free in (
            ({-1: {2048: 5}}, 5),
            ({0: {2048: 5}, 1: {2048: 2}}, 7),
            ({-1: {}}, None),
            (libvirt.VIR_ERR_OPERATION_FAILED, 0),
            (libvirt.VIR_ERR_RPC, None),
        ):
            found = host_abilities.free_huge_pages(answer(told), 2048)
            self.assertEqual(free, found)

    def receives(self, *states):
        domains = [types.SimpleNamespace(state=lambda s=s: s) for s in states]
        host = FakeHost(listAllDomains=lambda: domains)
        return host_abilities.receives(host)

    def test_a_migration_that_arrives(self):
        running = (libvirt.VIR_DOMAIN_RUNNING, 1)
        arrives = (
            libvirt.VIR_DOMAIN_PAUSED,
            libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
        )
        self.assertFalse(self.receives(running))
        self.assertTrue(self.receives(running, arrives))

    def test_whether_one_arrives_is_not_known(self):
        def broken():
            raise error(libvirt.VIR_ERR_RPC)

        self.assertIsNone(
            host_abilities.receives(FakeHost(listAllDomains=broken))
        )
