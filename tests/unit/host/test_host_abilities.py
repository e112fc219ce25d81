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


def error(code, message='why'):
    return fake_daemon.libvirt_error(code, message)


class FakeHost:
    """A connection whose daemon answers as a test says."""

    def __init__(self, **answers):
        self.virt = types.SimpleNamespace(**answers)


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
