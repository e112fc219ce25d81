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


class TestAbortAsJobEnds(base.LibvirtMigrationMixin, base.ServersTestBase):
    """Regression test for bug NNNNNNN: an abort is recorded as a failure

    LibvirtDriver._live_migration_monitor asks libvirt for the job every half a
    second. libvirt says VIR_DOMAIN_JOB_CANCELLED only until the job is cleaned
    up, and nothing (VIR_DOMAIN_JOB_NONE) from then on. When the monitor has
    missed it, nova.virt.libvirt.migration.find_job_type finds that the guest
    still runs, and returns VIR_DOMAIN_JOB_FAILED. So the rollback of a
    migration that a user has aborted records it as 'failed', or as
    'cancelled', as it happens.
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
        self.aborted = threading.Event()
        self.useFixture(
            fixtures.MonkeyPatch(
                'nova.tests.fixtures.libvirt.Domain.abortJob', self._abort
            )
        )
        # Not the last status: bug NNNNNNN (ERROR after a clean rollback)
        # overwrites what the rollback has recorded.
        self.recorded = None
        self.rolled_back = threading.Event()
        real = self.src.manager._rollback_live_migration

        def rollback(*args, **kwargs):
            real(*args, **kwargs)
            migration = (
                self.api.api_get(
                    f'/os-migrations?instance_uuid={self.server["id"]}'
                )
                .body['migrations']
                .pop()
            )
            self.recorded = migration['status']
            self.rolled_back.set()

        self.src.manager._rollback_live_migration = rollback

    def _migrate_stub(self, domain, destination, params, flags):
        domain._job_type = fakelibvirt.VIR_DOMAIN_JOB_UNBOUNDED
        self.aborted.wait(60)
        raise fakelibvirt.make_libvirtError(
            fakelibvirt.libvirtError,
            'operation aborted: migration out job: canceled by client',
            error_code=VIR_ERR_OPERATION_ABORTED,
            error_domain=fakelibvirt.VIR_FROM_QEMU,
        )

    def _abort(self, domain):
        # The job is over before the monitor asks for it again.
        domain._job_type = fakelibvirt.VIR_DOMAIN_JOB_NONE
        self.aborted.set()

    def test_abort_is_recorded(self):
        self.api.post_server_action(
            self.server['id'],
            {'os-migrateLive': {'host': None, 'block_migration': 'auto'}},
        )
        migration = self._wait_for_migration_status(self.server, ['running'])
        self.api.api_delete(
            f'/servers/{self.server["id"]}/migrations/{migration["id"]}'
        )
        self.assertTrue(self.rolled_back.wait(60))
        self.assertEqual('cancelled', self.recorded)
