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

import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.host.hypervisor import optional_parameters
from tests.unit.host import fake_daemon

LIST = 'migrate_disks_detect_zeroes'
PARAMETERS = {'migrate_disks': ['vda'], LIST: ['vda']}


def unsupported(name, code=libvirt.VIR_ERR_ARGUMENT_UNSUPPORTED):
    return fake_daemon.libvirt_error(code, f"parameter '{name}' not supported")


class OptionalTest(unittest.TestCase):
    def test_the_first_call_is_good(self):
        make = mock.Mock()
        self.assertIsNone(
            optional_parameters.call_with_optional(make, PARAMETERS)
        )
        make.assert_called_once_with(PARAMETERS)

    def test_without_what_is_not_known(self):
        make = mock.Mock(side_effect=[unsupported(LIST), 0])
        self.assertEqual(
            LIST, optional_parameters.call_with_optional(make, PARAMETERS)
        )
        self.assertEqual(mock.call({'migrate_disks': ['vda']}), make.call_args)

    def test_never_without_what_makes_the_copy_right(self):
        for error in (
            unsupported('migrate_disks'),
            unsupported(LIST, libvirt.VIR_ERR_OPERATION_FAILED),
            unsupported('bandwidth'),
        ):
            make = mock.Mock(side_effect=[error, 0])
            with self.assertRaises(libvirt.libvirtError):
                optional_parameters.call_with_optional(make, PARAMETERS)
            make.assert_called_once()

    def test_once(self):
        make = mock.Mock(side_effect=[unsupported(LIST)] * 3)
        with self.assertRaises(libvirt.libvirtError):
            optional_parameters.call_with_optional(make, PARAMETERS)
        self.assertEqual(2, make.call_count)
