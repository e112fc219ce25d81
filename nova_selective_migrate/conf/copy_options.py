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

"""How disks are copied, and when a migration is aborted."""

from oslo_config import cfg

from nova_selective_migrate.core.job import watchdog_limits

OPTIONS = [
    cfg.IntOpt(
        'media_limit',
        default=8,
        min=1,
        max=64,
        help="""
How much content of one guest may be sent to the destination inside nova's
messages, in MiB after compression. This is read-only content such as a config
drive, which libvirt cannot copy, and then the bases of qcow2 ephemeral and
swap disks. A migration with more read-only content is refused. If the bases do
not fit, all disks are copied whole. In a message the content is a third
larger, and the message bus must accept that size: RabbitMQ's max_message_size
is 16 MiB by default since release 4.0.

Possible values:

* A whole number of MiB, 1 to 64.

Related options:

* ``enabled``: without it no content is carried.
""",
    ),
    cfg.StrOpt(
        'thin',
        default='auto',
        choices=[
            ('auto', 'Do what the releases of both hosts can.'),
            ('on', 'Refuse a migration where that is not enough.'),
            ('off', 'Do nothing about it, as nova does.'),
        ],
        help="""
Whether a copied disk should take no more space at the destination than its
data. Zeroes that were written and blocks that were never written then take no
space.

With libvirt 10.9 or newer on both hosts, the source finds the zeroes and does
not send them. Otherwise the destination finds them, and more bytes are sent. A
raw disk then runs with discard='unmap' at the destination until the server is
stopped or hard-rebooted, because libvirt cannot change this on a running
guest.

Possible values:

* ``auto``, ``on`` or ``off``

Related options:

* ``[DEFAULT]preallocate_images``: if it is not none, nova makes fully
  allocated disks on purpose, and this option counts as off.
""",
    ),
    cfg.StrOpt(
        'trim',
        default='off',
        choices=[
            ('off', 'Copy what a guest has deleted as well.'),
            ('on', 'Have the guest agent trim before the copy.'),
        ],
        help="""
Whether the server's guest agent is asked to trim all mounted file systems
before the disks are copied, so that deleted files are not sent. The agent is
asked through libvirt, only if a copied disk has ``discard='unmap'``, and for
60 seconds at most. The image property hw_qemu_guest_agent=yes gives a server
the agent's channel. If no agent answers, the server is migrated without
trimming. A live migration never fails because of this option.

Possible values:

* ``off`` or ``on``

Related options:

* ``[libvirt]hw_disk_discard = unmap`` gives disks the setting that this option
  needs.
""",
    ),
    cfg.StrOpt(
        'disks_uri',
        help="""
Where this host listens for the disks of incoming live migrations, if that is
another address than for memory, for example in a separate network. This host
reports the URI to the source, which connects to it.

With a port in the URI, only one migration to this host can run at a time. A
unix socket must have the same path on both hosts, and the operator has to
forward the connections. A unix socket cannot be combined with
``[libvirt]live_migration_with_native_tls``. With native TLS the host of a tcp
URI must be in this host's certificate.

Possible values:

* ``tcp://address``, ``tcp://address:port`` or ``unix:///path``, of at most 48
  characters
* Unset: the address for memory, and a port of libvirt's choice.

Related options:

* ``[libvirt]live_migration_inbound_addr``: the address for memory
""",
    ),
    cfg.IntOpt(
        'parallel_mirrors',
        default=0,
        min=0,
        max=64,
        help="""
How many disks of one guest are copied at a time, the largest first. The others
wait until one of these is in sync. This needs libvirt 11.3 or later on the
source. An earlier libvirt copies all disks at the same time, which the plan
notes.

Possible values:

* A whole number of disks, 0 to 64; 0 copies all disks at the same time, with
  shares of the bandwidth that let them end together.

Related options:

* ``[libvirt]live_migration_bandwidth``: what disks and memory of a guest may
  take together.
""",
    ),
    cfg.IntOpt(
        'progress_timeout',
        default=int(watchdog_limits.AbortLimits.progress_seconds),
        min=0,
        help="""
The source aborts a live migration if nothing has moved for this many seconds.
Any byte of disks or memory counts as movement, so a slow migration is not
aborted. nova's own ``[libvirt]live_migration_completion_timeout`` applies as
well. It counts from the beginning of the migration, however much has moved.
The default here is longer than TCP takes to give up a peer that does not
answer at first.

Possible values:

* A whole number of seconds; 0 means no limit.

Related options:

* ``enabled``: without it nova waits as it does.
""",
    ),
    cfg.StrOpt(
        'synchronous_writes',
        default='auto',
        choices=[
            ('auto', 'From a second copy on, where the first one lags.'),
            ('on', 'From the beginning.'),
            ('off', 'Never.'),
        ],
        help="""
Whether each write of a guest waits for the destination while its disks are
copied (VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES). Without this, a guest that
writes faster than its disks are sent keeps a migration running for ever. With
it, the guest is slowed down to the speed of the network.

libvirt cannot change this during a copy. So with ``auto``, a copy that has not
caught up with the guest's writes for a minute is aborted, and begins again
with synchronous writes, once. This needs suitable releases on both hosts, and
disks that are copied whole. It is not possible for qcow2 images above base
images that both hosts have, because a half-written image cannot be reused; a
warning in the log then says what to do. ``on`` is refused if QEMU is known to
break with it.

For memory use nova's options ``live_migration_permit_auto_converge`` and
``live_migration_permit_post_copy`` in ``[libvirt]``.

Possible values:

* ``auto``, ``on`` or ``off``

Related options:

* ``enabled``: without it no write waits.
""",
    ),
    cfg.IntOpt(
        'free_space_reserve',
        default=watchdog_limits.AbortLimits.reserve_bytes
        // watchdog_limits.MIB,
        min=0,
        help="""
How much space must stay free below ``instances_path`` on this host during
incoming live migrations, in MiB. If less is free, this host asks the source to
abort the migration, as ``nova live-migration-abort`` does, because on a full
file system every guest that writes would stop. The reserve is smaller in two
cases: if the disks fit but leave less than this, it is half of what they
leave; if the disks do not fit, it is an eighth of what was free.

Possible values:

* A whole number of MiB; 0 switches the check off.

Related options:

* ``enabled``: without it the free space is not watched.
""",
    ),
    cfg.MultiStrOpt(
        'accept_known_bad',
        default=[],
        help="""
Ids of rules about known defects of libvirt or QEMU to ignore for live
migrations from this host. A rule only knows the number of a release, but
distributions often fix a release without changing its number. If the packages
of both hosts have the fix, name the rule here. Refusals and notes in the log
name the id of their rule, and the documentation has a table of all rules.

Possible values:

* The id of a rule, such as ``qemu-mirror-deadlock``; repeat the option for
  each. Another word is a configuration error.

Related options:

* ``synchronous_writes``: some rules are about it.
""",
    ),
]
