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

"""Every release of libvirt that is known to break a migration.

``doc/source/reference/decisions.rst`` has a table that is made from this one.
"""

from nova_selective_migrate.core.plan import known_bad_rules

_SOURCE = known_bad_rules.HostSide.SOURCE
_DESTINATION = known_bad_rules.HostSide.DESTINATION
_EITHER = known_bad_rules.HostSide.EITHER
_FEATURE = known_bad_rules.Feature
_NAME_IT = 'name the destination with --migrate-uri, or upgrade it'

#: An id never changes.
RULES = (
    known_bad_rules.KnownBad(
        id='libvirt-top-copies-nothing',
        program='libvirt',
        ranges=(known_bad_rules.Range(7_003_000, 7_005_999),),
        side=_EITHER,
        feature=_FEATURE.INCREMENTAL,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=('it copies nothing below NON_SHARED_INC (fixed in 7.6.0)'),
        origin='release notes of libvirt 7.6.0',
    ),
    known_bad_rules.KnownBad(
        id='libvirt-storage-setup',
        program='libvirt',
        ranges=(known_bad_rules.Range(8_007_000, 8_007_999),),
        side=_EITHER,
        feature=_FEATURE.COPY,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=('it cannot set up storage migration (fixed in 8.8.0)'),
        origin='release notes of libvirt 8.8.0',
    ),
    # No call of ours is affected: this is a last check of what is made.
    known_bad_rules.KnownBad(
        id='libvirt-list-alone',
        program='libvirt',
        ranges=(known_bad_rules.Range(0, 9_999_999),),
        side=_SOURCE,
        feature=_FEATURE.LIST_ALONE,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=(
            'it copies nothing then and does not say so (an error from 10.0.0)'
        ),
        origin=(
            'qemuMigrationSrcBeginPhase of libvirt 9.0.0; seen with 9.0.0'
        ),
        remedy='report this: it is a defect of the planner',
        acceptable=False,
    ),
    known_bad_rules.KnownBad(
        id='libvirt-disks-port',
        program='libvirt',
        ranges=(known_bad_rules.Range(0, 10_000_999),),
        side=_DESTINATION,
        feature=_FEATURE.DISKS_PORT,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=(
            'it never gives the port back, so that the next migration to it'
            ' fails (fixed in 10.1.0)'
        ),
        origin='release notes of libvirt 10.1.0; seen with 9.0.0',
        remedy='upgrade it, or migrate without --disks-port',
    ),
    known_bad_rules.KnownBad(
        id='libvirt-tls-parallel',
        program='libvirt',
        ranges=(known_bad_rules.Range(0, 10_002_999),),
        side=_SOURCE,
        feature=_FEATURE.NAMELESS_PARALLEL,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=(
            'it checks the certificate for disks against no name (fixed in '
            '10.3.0)'
        ),
        origin='release notes of libvirt 10.3.0; seen with 9.0.0',
        remedy=_NAME_IT,
    ),
    # Only since QEMU itself connects for post-copy: 9.0.0 was seen to work.
    known_bad_rules.KnownBad(
        id='libvirt-tls-postcopy',
        program='libvirt',
        ranges=(known_bad_rules.Range(9_001_000, 10_002_999),),
        side=_SOURCE,
        feature=_FEATURE.NAMELESS_POSTCOPY,
        effect=known_bad_rules.Effect.REFUSE,
        breaks=(
            'it checks the certificate for disks against no name (fixed in '
            '10.3.0)'
        ),
        origin=(
            'release notes of libvirt 10.3.0; qemuMigrationSrcPerformNative'
        ),
        remedy=_NAME_IT,
    ),
    known_bad_rules.KnownBad(
        id='libvirt-restart-crash',
        program='libvirt',
        ranges=(known_bad_rules.Range(8_008_000, 8_008_999),),
        side=_SOURCE,
        feature=_FEATURE.COPY,
        effect=known_bad_rules.Effect.WARN,
        breaks=(
            'its daemon crashes when it is restarted during the migration '
            '(fixed in 8.9.0)'
        ),
        origin='release notes of libvirt 8.9.0',
    ),
    known_bad_rules.KnownBad(
        id='libvirt-shutdown-crash',
        program='libvirt',
        ranges=(known_bad_rules.Range(0, 10_004_999),),
        side=_EITHER,
        feature=_FEATURE.COPY,
        effect=known_bad_rules.Effect.WARN,
        breaks=(
            'its daemon can crash when the guest shuts down during the '
            'migration (fixed in 10.5.0)'
        ),
        origin='release notes of libvirt 10.5.0',
    ),
    known_bad_rules.KnownBad(
        id='libvirt-custom-xml',
        program='libvirt',
        ranges=(known_bad_rules.Range(10_002_000, 10_002_999),),
        side=_EITHER,
        feature=_FEATURE.CUSTOM_XML,
        effect=known_bad_rules.Effect.WARN,
        breaks=(
            'it may fail with an error about the CPU that is none, before '
            'anything is copied (fixed in 10.3.0)'
        ),
        origin='release notes of libvirt 10.3.0',
    ),
    known_bad_rules.KnownBad(
        id='libvirt-incoming-xml',
        program='libvirt',
        ranges=(known_bad_rules.Range(11_000_000, 11_004_999),),
        side=_DESTINATION,
        feature=_FEATURE.COPY,
        effect=known_bad_rules.Effect.WARN,
        breaks=(
            'whoever asks it for the XML of a guest that is coming waits '
            'for a time-out (fixed in 11.5.0)'
        ),
        origin='release notes of libvirt 11.5.0',
    ),
    known_bad_rules.KnownBad(
        id='libvirt-extra-features-ht',
        program='libvirt',
        ranges=(known_bad_rules.Range(0, 11_009_999),),
        side=_DESTINATION,
        feature=_FEATURE.COPY,
        effect=known_bad_rules.Effect.WARN,
        breaks=(
            'with QEMU 10 or later there it may fail with "extra features: '
            'ht" (fixed in 11.10.0)'
        ),
        origin='release notes of libvirt 11.10.0',
        together_with_qemu=known_bad_rules.Range(10_000_000),
    ),
    known_bad_rules.KnownBad(
        id='libvirt-virtio-video',
        program='libvirt',
        ranges=(known_bad_rules.Range(0, 12_004_999),),
        side=_DESTINATION,
        feature=_FEATURE.VIRTIO_VIDEO,
        effect=known_bad_rules.Effect.WARN,
        breaks=(
            'where its QEMU is modular it may give the guest another virtio'
            ' video device, and the migration fails (fixed in 12.5.0)'
        ),
        origin='release notes of libvirt 12.5.0',
    ),
)
