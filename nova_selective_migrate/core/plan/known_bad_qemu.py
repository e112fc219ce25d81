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

"""Every release of QEMU that is known to break a migration.

``doc/source/reference/decisions.rst`` has a table that is made from this one.
"""

from nova_selective_migrate.core.model import plan_refusals
from nova_selective_migrate.core.plan import known_bad_rules

_SOURCE = known_bad_rules.HostSide.SOURCE
_DESTINATION = known_bad_rules.HostSide.DESTINATION
_FEATURE = known_bad_rules.Feature
_NO_SYNCHRONOUS_WRITES = (
    'upgrade it, or leave --synchronous-writes, in nova synchronous_writes, '
    'at auto'
)
_LOST_WRITES = (
    'QEMU 0f51f9c342 (issue 3273), introduced by 32125b1460; Debian bug '
    '1129349, Ubuntu LP 2156307'
)

#: An id never changes.
RULES = (
    # One defect with three triggers: the first write to an unallocated cluster
    # while the mirror starts is not copied. In a raw image all clusters count
    # as allocated (bdrv_co_block_status of a file).
    known_bad_rules.KnownBad(
        id='qemu-mirror-start-top',
        program='qemu',
        ranges=(
            known_bad_rules.Range(8_000_000, 10_000_008),
            known_bad_rules.Range(10_001_000, 10_002_001),
        ),
        side=_SOURCE,
        feature=_FEATURE.INCREMENTAL,
        effect=known_bad_rules.Effect.AVOID,
        breaks=(
            'it loses what the guest writes while a copy of a top image '
            'starts (fixed in 10.0.9, 10.2.2 and 11.0)'
        ),
        origin=_LOST_WRITES,
    ),
    known_bad_rules.KnownBad(
        id='qemu-mirror-start-detect-zeroes',
        program='qemu',
        ranges=(known_bad_rules.Range(8_000_000, 10_000_008),),
        side=_SOURCE,
        feature=_FEATURE.ZEROES_FOUND_BY_SOURCE,
        effect=known_bad_rules.Effect.AVOID,
        breaks=(
            'it loses what the guest writes while a copy starts that finds '
            'zeroes on the source (fixed in 10.0.9)'
        ),
        origin=_LOST_WRITES,
        remedy='upgrade it, or migrate with thin = auto',
    ),
    known_bad_rules.KnownBad(
        id='qemu-mirror-start-zero-target',
        program='qemu',
        ranges=(known_bad_rules.Range(10_001_000, 10_002_001),),
        side=_SOURCE,
        feature=_FEATURE.ZEROES_NOT_FOUND_BY_SOURCE,
        effect=known_bad_rules.Effect.AVOID,
        breaks=(
            'it loses what the guest writes while a copy into an empty '
            'image starts, unless the source finds zeroes (fixed in 10.2.2)'
        ),
        origin=_LOST_WRITES,
        remedy=('upgrade it, or have libvirt 10.9 or newer on both hosts'),
    ),
    # "job_pause_point() under graph lock" takes a change of the block graph
    # while a mirror runs. In a migration only the start or the end of another
    # mirror changes it.
    known_bad_rules.KnownBad(
        id='qemu-mirror-deadlock',
        program='qemu',
        ranges=(known_bad_rules.Range(8_002_000, 8_002_002),),
        side=_SOURCE,
        feature=_FEATURE.SEVERAL_COPIES,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=(
            'it can deadlock when a mirror job starts or ends beside '
            'another (fixed in 8.2.3)'
        ),
        origin=(
            'QEMU ae5a40e858, RHEL-28125; introduced by 004915a96a in 8.2.0'
        ),
    ),
    known_bad_rules.KnownBad(
        id='qemu-synchronous-writes',
        program='qemu',
        ranges=(known_bad_rules.Range(0, 7_002_999),),
        side=_SOURCE,
        feature=_FEATURE.SYNCHRONOUS_WRITES,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=(
            'it may crash on early writes of the guest then, or never come '
            'to an end (fixed in 8.0.0)'
        ),
        origin=('QEMU d69a879bdf, da93d5c84e (7.2.0) and 32125b1460 (8.0.0)'),
        remedy=_NO_SYNCHRONOUS_WRITES,
    ),
    known_bad_rules.KnownBad(
        id='qemu-synchronous-zeroes',
        program='qemu',
        ranges=(known_bad_rules.Range(10_001_000, 10_002_001),),
        side=_SOURCE,
        feature=_FEATURE.SYNCHRONOUS_WRITES,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=(
            'it crashes when the guest writes zeroes during the copy (fixed'
            ' in 10.2.2)'
        ),
        origin='QEMU 4a7b1bd18d',
        remedy=_NO_SYNCHRONOUS_WRITES,
    ),
    known_bad_rules.KnownBad(
        id='qemu-detect-zeroes',
        program='qemu',
        ranges=(known_bad_rules.Range(7_002_000, 7_002_000),),
        side=_DESTINATION,
        feature=_FEATURE.ZEROES_FOUND_THERE,
        effect=known_bad_rules.Effect.AVOID,
        breaks=(
            "the guest's writes of zeroes fail there with EINVAL where it "
            'finds zeroes (fixed in 7.2.1)'
        ),
        origin='release notes of QEMU 7.2.1',
        remedy=("upgrade it, or take detect_zeroes from the guest's disks"),
    ),
    known_bad_rules.KnownBad(
        id='qemu-nbd-tls',
        program='qemu',
        ranges=(
            known_bad_rules.Range(0, 7_002_011),
            known_bad_rules.Range(8_000_000, 8_002_004),
            known_bad_rules.Range(9_000_000, 9_000_000),
        ),
        side=_DESTINATION,
        feature=_FEATURE.TLS,
        effect=known_bad_rules.Effect.WARN,
        breaks=(
            'it can crash in the TLS handshake for disks, before anything '
            'is copied (fixed in 7.2.12; where else is not verified)'
        ),
        origin='nbd: coroutine polling in the TLS handshake',
    ),
    # It fails whether or not a disk is copied.
    known_bad_rules.KnownBad(
        id='qemu-no-gluster',
        program='qemu',
        ranges=(known_bad_rules.Range(11_001_000),),
        side=_DESTINATION,
        feature=_FEATURE.GLUSTER,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=(
            'it has no driver for gluster any more, and cannot open the disk'
        ),
        origin='release notes of QEMU 11.1',
        remedy=(
            'migrate to a host with an older QEMU, or attach the disk from '
            'a mount of the volume'
        ),
    ),
    # Block nodes are inactive since the first migration, and only a mirror
    # job wakes one: "Assertion `!(bs->open_flags & BDRV_O_INACTIVE)' failed".
    known_bad_rules.KnownBad(
        id='qemu-paused-twice',
        program='qemu',
        ranges=(known_bad_rules.Range(0, 9_999_999),),
        side=_SOURCE,
        feature=_FEATURE.PAUSED_TWICE,
        effect=known_bad_rules.Effect.REFUSE,
        breaks='',
        origin=(
            'QEMU 8597af7615 (10.0); seen with 7.2 and one shared disk or '
            'one cdrom beside a local disk, and not with local disks alone'
        ),
        reason=plan_refusals.PlanRefusal.PAUSED_SINCE_MIGRATION,
    ),
)
