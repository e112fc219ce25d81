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
How much content of one guest may travel to the destination inside nova's
messages, in MiB after compression: read-only content such as its config drive,
which libvirt cannot copy, and then the bases of its qcow2 ephemeral and swap
disks. A migration with more read-only content is refused; where the bases do
not fit, all disks are copied whole. The message bus must take messages of a
third more: RabbitMQ's max_message_size is 16 MiB by default since its release
4.0.

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
Whether a copied disk is to take no more room at the destination than the data
in it: neither for zeroes that were written nor for what was never written.

With libvirt 10.9 or newer on both hosts the source finds zeroes before they
travel; otherwise the destination does, and more bytes travel. A raw disk then
runs with discard='unmap' at the destination until the server is stopped or
hard-rebooted there: libvirt cannot change it on a running guest.

Possible values:

* ``auto``, ``on`` or ``off``

Related options:

* ``[DEFAULT]preallocate_images``: other than none it makes disks thick on
  purpose, and this counts as off.
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
Whether the source has a server trim all file systems that it has mounted
before its disks are copied, so that what it has deleted does not travel. It is
asked where a disk that is copied has ``discard='unmap'``, through libvirt and
the QEMU guest agent, and for 60 seconds at most. The image property
hw_qemu_guest_agent=yes gives a server the agent's channel. A server without an
answering agent moves as it is; a live migration never fails for it.

Possible values:

* ``off`` or ``on``

Related options:

* ``[libvirt]hw_disk_discard = unmap`` gives disks what this needs.
""",
    ),
    cfg.StrOpt(
        'disks_uri',
        help="""
Where this host listens for the disks of live migrations that come to it, when
that is not the address for their memory: a network of its own for storage.
The source is told, and connects there.

With a port, one migration can come at a time. Connections to a unix socket
are the operator's to forward; it must be the same path on both hosts, and
cannot be had with ``[libvirt]live_migration_with_native_tls``. With that the
host of the URI must be in this host's certificate.

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
are held back until one of these is in sync. It takes libvirt 11.3 or later on
the source; an earlier one copies all at the same time, which the plan notes.

Possible values:

* A whole number of disks, 0 to 64; 0 copies all at the same time, each as
  fast as all of them end together.

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
For how long nothing may move before the source aborts a live migration, in
seconds. Any byte of disks or memory counts: a migration that is slow is never
aborted for it. nova's own ``[libvirt]live_migration_completion_timeout``
counts from the beginning, however much moves, and holds beside this one. The
default is longer than TCP takes to give up a peer that does not answer at
first.

Possible values:

* A whole number of seconds; 0 waits for ever.

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
copied (VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES). A guest that writes faster
than its disks are sent keeps a migration going for ever otherwise; with it,
the guest is slowed down to what the network takes. libvirt cannot change this
for a copy that runs, so that ``auto`` aborts a copy that has not got ahead of
the guest's writes for a minute, and begins again, once.
It does so where both hosts' releases are known to be fit for it and the
server's disks are copied whole: with qcow2 images above base images that both
hosts have, a half-written image is of no use, and a warning in the log says
what to do. ``on`` is refused where QEMU is known to break with it.

For memory nova has ``live_migration_permit_auto_converge`` and
``live_migration_permit_post_copy`` of ``[libvirt]``, which hold unchanged.

Possible values:

* ``auto``, ``on`` or ``off``

Related options:

* ``enabled``: without it none waits.
""",
    ),
    cfg.IntOpt(
        'free_space_reserve',
        default=watchdog_limits.AbortLimits.reserve_bytes
        // watchdog_limits.MIB,
        min=0,
        help="""
How much is to stay free on this host below ``instances_path`` while disks come
to it, in MiB. When less is left, this host asks the source to abort the live
migration, as ``nova live-migration-abort`` does: on a full file system all
guests stop that write. Where the disks fit but leave less than this, it is
half of what they leave; where they do not fit, an eighth of what was free.

Possible values:

* A whole number of MiB; 0 does not look.

Related options:

* ``enabled``: without it nobody looks.
""",
    ),
    cfg.MultiStrOpt(
        'accept_known_bad',
        default=[],
        help="""
Ids of rules about releases of libvirt or QEMU that do not hold for live
migrations from this host. A rule goes by the number of the release, and
distributions mend one without changing it; where the packages of both hosts
have the fix, name the rule here. A refusal and the notes in the log name the
id, and the documentation has a table of all.

Possible values:

* The id of a rule, such as ``qemu-mirror-deadlock``; repeat the option for
  each. Another word is a configuration error.

Related options:

* ``synchronous_writes``: some rules are about it.
""",
    ),
]
