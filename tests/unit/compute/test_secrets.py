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

"""No secret gets out of a plan on the source: case, log, fault, error."""

import json
import traceback

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.plan import plan_formats
from tests.unit.compute import test_nova_case
from tests.unit.core import builders as b
from tests.unit.core import planted
from tests.unit.core import test_redaction

SECRET = planted.SECRET


@ddt.ddt
class SecretsTest(test_nova_case.PlanningTestCase):
    def _told(self, planned):
        """All that is logged of a plan, told to nova or printed."""
        plan = planned.plan
        return {
            'case': migration_case.dumps(planned.case),
            'plan': json.dumps(plan_formats.plan_tree(plan)),
            'lines': '\n'.join(plan_formats.log_lines(plan)),
            'refusal': plan_formats.refusal_text(plan),
            'difference': plan_formats.difference(plan, ['vda']),
            'repr': repr(planned),
        }

    def test_volumes_and_disks_full_of_secrets(self):
        planned = self.plan(*test_redaction.DISKS, rows=planted.rows())
        self.assertFalse(planned.plan.ready)
        for where, text in self._told(planned).items():
            with self.subTest(where=where):
                self.assertNotIn(SECRET, text)
        self.assertIn('vms/image', migration_case.dumps(planned.case))

    def test_a_ready_plan_beside_a_volume(self):
        row = planted.row(0, 'rbd', name='vms/image')
        volume = b.disk(
            'vdb',
            b.network('rbd', 'vms/image', 'h', inside=test_redaction.INSIDE),
        )
        planned = self.plan(
            self.disk('/elsewhere/base'),
            volume,
            rows=[row],
        )
        for where, text in self._told(planned).items():
            with self.subTest(where=where):
                self.assertNotIn(SECRET, text)
        kept = {d.disk.target: d.action.value for d in planned.plan.disks}
        self.assertEqual('keep', kept['vdb'])

    @ddt.data(
        {'disks': [f'<disk passwd="&{SECRET};"/>']},
        {'disks': [f'<{SECRET}>']},
        {'disks': [f'<disk {SECRET}/>']},
        {'rows': [SECRET]},
        {'rows': [{'connection_info': f'{{{SECRET}'}]},
        {'rows': [{'connection_info': [SECRET]}]},
        {'rows': [{'connection_info': {'data': f'{{{SECRET}'}}]},
        {'rows': [{'connection_info': {'data': [SECRET]}}]},
    )
    def test_what_cannot_be_read(self, given):
        with self.assertRaises(exceptions.InvalidInput) as caught:
            self.plan(*given.get('disks', ()), rows=given.get('rows', ()))
        told = ''.join(traceback.format_exception(caught.exception))
        self.assertNotIn(SECRET, told)
