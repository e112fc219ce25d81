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
Decide disk by disk what a live migration from this compute host copies,
instead of nova's own choice. This takes effect at the next start of
nova-compute, if ``[DEFAULT] compute_driver`` is
``selective_migrate.SelectiveMigrateDriver``. While it is false, that driver
behaves as nova's own libvirt driver.

The source of a live migration decides which disks are copied. Enable the
plugin on the destination as well: only then can servers with a config drive,
or with both shared and local images, move there.

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
When nova-compute starts, the plugin compares the methods of nova that it uses
with those that it knows. This option says what to do if they differ, for
example after an upgrade of nova. ``nova-selective-migrate-status upgrade
check`` makes the same comparison beforehand.

Possible values:

* ``fail`` or ``disable``; with ``disable`` live migrations are nova's own,
  with its flaws.

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
running guest and moves none. The result is written to
``selective-migrate/audit.json`` below ``[DEFAULT] state_path``, in the format
of ``nova-selective-migrate host audit -f json``. The audit has no destination,
so storage that could be shared is refused unless it is declared.

nova-compute plans one guest at a time, and is busy with it for at most a
twentieth of the time. The first audit begins within a minute after the start
of nova-compute.

Possible values:

* 0 for no audits, or the seconds from the end of one audit to the start of the
  next; 3600 is an hour

Related options:

* ``enabled``: without it there is no audit.
* ``shared_paths`` and ``local_paths``: which storage is shared or local.
* ``metrics_file`` and ``metrics_bind``: metrics that include the results.
""",
    ),
]
