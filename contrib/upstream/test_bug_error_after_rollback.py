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

import threading

import fixtures
from nova.tests.fixtures import libvirt as fakelibvirt
from nova.tests.functional.libvirt import base

# libvirt's, which the fake does not have yet.
VIR_ERR_OPERATION_ABORTED = 78


class TestErrorAfterRollback(base.LibvirtMigrationMixin, base.ServersTestBase):
    """Regression test for bug NNNNNNN: ERROR after a clean rollback

    When libvirt fails, or a user aborts, LibvirtDriver._live_migration_monitor
    rolls the migration back. The server runs on at the source. Then
    LibvirtDriver._live_migration asks the future of the migration for its
    result, which raises libvirt's error for a second time.
    ComputeManager._do_live_migration takes that for an error that is "almost
    certainly too late to rollback": the migration ends in 'error' and the
    server in ERROR, although nothing is wrong with it.

    The result is asked for since the change that brought the future into
    _live_migration (2025.2, backported within it to 32.2.0).
    """

    ADMIN_API = True
    microversion = 'latest'

    def setUp(self):
        super().setUp()
        self.start_compute('src')
        self.start_compute('dest')
        self.src = self.computes['src']
        self.dest = self.computes['dest']
        self.server = self._create_server(host='src', networks='none')
        self.aborted = None
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.tests.fixtures.libvirt.Domain.abortJob', self._abort
            )
        )
        # The status 'failed' can be seen before it is overwritten.
        self.ended = threading.Event()
        real = self.src.manager._do_live_migration

        def do_live_migration(*args, **kwargs):
            try:
                return real(*args, **kwargs)
            finally:
                self.ended.set()

        self.src.manager._do_live_migration = do_live_migration

    def _migrate_stub(self, domain, destination, params, flags):
        if self.aborted is not None:
            domain._job_type = fakelibvirt.VIR_DOMAIN_JOB_UNBOUNDED
            self.aborted.wait(60)
        else:
            domain.fail_job()
        raise fakelibvirt.make_libvirtError(
            fakelibvirt.libvirtError,
            'operation aborted: migration out job: canceled by client',
            error_code=VIR_ERR_OPERATION_ABORTED,
            error_domain=fakelibvirt.VIR_FROM_QEMU,
        )

    def _abort(self, domain):
        domain._job_type = fakelibvirt.VIR_DOMAIN_JOB_CANCELLED
        self.aborted.set()

    def _start(self):
        self.api.post_server_action(
            self.server['id'],
            {'os-migrateLive': {'host': None, 'block_migration': 'auto'}},
        )

    def _assert_ended(self, expected):
        self.assertTrue(self.ended.wait(60))
        migration = (
            self.api.api_get(
                f'/os-migrations?instance_uuid={self.server["id"]}'
            )
            .body['migrations']
            .pop()
        )
        server = self.api.get_server(self.server['id'])
        # The rollback has been made, and the server has not moved.
        self.assertEqual('src', server['OS-EXT-SRV-ATTR:host'])
        self.assertIsNone(server['OS-EXT-STS:task_state'])
        self.assertEqual(
            ('ACTIVE', expected), (server['status'], migration['status'])
        )

    def test_libvirt_fails(self):
        self._start()
        self._assert_ended('failed')

    def test_user_aborts(self):
        self.aborted = threading.Event()
        self._start()
        migration = self._wait_for_migration_status(self.server, ['running'])
        self.api.api_delete(
            f'/servers/{self.server["id"]}/migrations/{migration["id"]}'
        )
        self._assert_ended('cancelled')
