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

"""What openstacksdk answers, in our terms; where the extra is installed."""

import importlib.util
import types
import unittest
from unittest import mock

from nova_selective_migrate.drain import drain_servers
from nova_selective_migrate.drain import nova_port

EXTRA = importlib.util.find_spec('openstackclient') is not None
GIB = drain_servers.GIB


@unittest.skipUnless(EXTRA, 'the extra [openstack] is not installed')
class ServerTest(unittest.TestCase):
    def server(self, image, **flavor):
        from openstack.compute.v2 import server

        from nova_selective_migrate.osc import sdk_nova

        shown = {'original_name': 'm1', 'ram': 1024, 'disk': 1} | flavor
        fields = {
            'OS-EXT-SRV-ATTR:host': 'cmp1',
            'OS-EXT-STS:task_state': None,
            'tenant_id': 'project',
        }
        return sdk_nova._server(
            server.Server.existing(
                id='u',
                name='n',
                flavor=shown,
                image=image,
                status='ACTIVE',
                **fields,
            )
        )

    def test_its_local_disks_are_those_of_the_flavor(self):
        found = self.server({'id': 'i'}, ephemeral=2, swap=1024)
        self.assertEqual(4 * GIB, found.disk_bytes)
        self.assertEqual(GIB, found.memory_bytes)
        self.assertEqual(('cmp1', 'project'), (found.host, found.project))

    def test_from_a_volume_its_root_disk_is_none_of_them(self):
        self.assertEqual(0, self.server('').disk_bytes)
        self.assertEqual(2 * GIB, self.server('', ephemeral=2).disk_bytes)

    def test_a_root_disk_of_the_image_s_size_is_not_known(self):
        self.assertIsNone(self.server({'id': 'i'}, disk=0).disk_bytes)


@unittest.skipUnless(EXTRA, 'the extra [openstack] is not installed')
class AnswerTest(unittest.TestCase):
    def raised(self, error):
        from nova_selective_migrate.osc import sdk_nova

        with (
            self.assertRaises(nova_port.NovaError) as caught,
            sdk_nova._answers('it'),
        ):
            raise error
        return caught.exception

    def test_a_no_is_told_from_what_is_not_known(self):
        from keystoneauth1 import exceptions as auth_exceptions
        from openstack import exceptions

        def http(code):
            return exceptions.HttpException(
                'words',
                response=types.SimpleNamespace(status_code=code, headers={}),
            )

        for code, kind in (
            (400, nova_port.NovaRefused),
            (403, nova_port.NovaRefused),
            (409, nova_port.NovaRefused),
            (408, nova_port.NovaError),
            (500, nova_port.NovaError),
            (503, nova_port.NovaError),
        ):
            with self.subTest(code):
                raised = self.raised(http(code))
                self.assertIs(kind, type(raised))
                if kind is nova_port.NovaRefused:
                    self.assertEqual(code, raised.code)
        for error in (
            exceptions.SDKException('no catalog'),
            auth_exceptions.ConnectFailure('no route'),
        ):
            self.assertIs(nova_port.NovaError, type(self.raised(error)))

    def test_our_events_are_read_whole(self):
        from nova_selective_migrate.osc import sdk_nova

        for name, words in (
            ('selective_migrate_vda_image-unproven', 'all of it'),
            ('compute_live_migration', 'cut'),
        ):
            event = types.SimpleNamespace(
                event=name, traceback='all of\n it', details='cut'
            )
            self.assertEqual(words, sdk_nova._event(event).message)


@unittest.skipUnless(EXTRA, 'the extra [openstack] is not installed')
class EnforcingHostsTest(unittest.TestCase):
    def found(self, code, words):
        """Ask a placement that answers with an error."""
        from openstack import exceptions
        from openstack import utils

        from nova_selective_migrate.osc import sdk_nova

        answer = types.SimpleNamespace(status_code=code, headers={})
        sdk = mock.Mock()
        sdk.placement.resource_providers.side_effect = (
            exceptions.HttpException(words, response=answer)
        )
        with mock.patch.object(
            utils, 'supports_microversion', return_value=True
        ):
            return sdk_nova.SdkNova(sdk).enforcing_hosts()

    def test_a_trait_that_no_host_ever_had(self):
        self.assertEqual(frozenset(), self.found(400, 'no such trait'))

    def test_any_other_no_leaves_it_open(self):
        for code, words in (
            (403, 'not you: req-4005400'),
            (404, 'no endpoint at port 54009'),
            (503, '400 of 400 workers are busy'),
        ):
            with self.subTest(code):
                self.assertIsNone(self.found(code, words))


@unittest.skipUnless(EXTRA, 'the extra [openstack] is not installed')
class PluginTest(unittest.TestCase):
    def test_every_option_has_its_help(self):
        import argparse

        from nova_selective_migrate.osc import drain_arguments

        parser = argparse.ArgumentParser()
        drain_arguments.add(parser)
        for action in parser._actions:
            self.assertTrue(action.help, action.dest)
