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

"""Whether the driver plugin decides, and what it does with a plan."""

from oslo_config import cfg

OPTIONS = [
    cfg.BoolOpt(
        'enabled',
        default=False,
        help="""
Decide disk by disk what a live migration copies, on this compute host, in
place of nova's own choice. It takes effect where ``[DEFAULT]
compute_driver`` is ``selective_migrate.SelectiveMigrateDriver``, and at the
next start of nova-compute. While it is false, that driver is nova's libvirt
driver and nothing else.

The source of a live migration decides. The destination serves it better with
the plugin enabled as well: only then do config drives and mixes of shared
and local images arrive.

Possible values:

* true or false

Related options:

* ``mode``: whether the plan is run or only compared.
""",
    ),
    cfg.StrOpt(
        'mode',
        default='enforce',
        choices=[
            ('enforce', 'Run the plan, or refuse the migration.'),
            ('audit', "Log how it differs from nova's choice; nova acts."),
        ],
        help="""
What to do with the plan of a live migration.

Possible values:

* ``enforce`` or ``audit``

Related options:

* ``enabled``: without it no plan is made.
""",
    ),
    cfg.StrOpt(
        'on_seam_mismatch',
        default='fail',
        choices=[
            ('fail', 'Do not start nova-compute.'),
            ('disable', 'Log an error, and act as if not ``enabled``.'),
        ],
        help="""
What to do when nova-compute starts and the methods of nova's libvirt driver
that the plugin builds on are not those that it knows, as after an upgrade of
nova. ``nova-selective-migrate-status upgrade check`` tells beforehand.

Possible values:

* ``fail`` or ``disable``; with ``disable`` live migrations are nova's own,
  with the flaws of those.

Related options:

* ``enabled``: without it nothing is checked.
""",
    ),
    cfg.IntOpt(
        'audit_interval',
        default=0,
        min=0,
        help="""
Seconds between two audits of this host. An audit plans the migration of every
running guest, moves none, and is left in ``selective-migrate/audit.json``
below ``[DEFAULT] state_path``, as ``nova-selective-migrate host audit -f
json`` writes it. It plans for no destination: storage that both hosts could
reach is refused unless it is declared.

nova-compute works at it one guest at a time, and at most a twentieth of the
time. The first begins within a minute of its start.

Possible values:

* 0, for no audit, or seconds from the end of one audit to the begin of the
  next; 3600 is an hour

Related options:

* ``enabled``: without it there is no audit.
* ``shared_paths`` and ``local_paths``: what a plan believes of storage.
* ``metrics_file`` and ``metrics_bind``: they tell the results.
""",
    ),
]
