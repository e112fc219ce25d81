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

"""Gather the case of a live migration from nova's request and this host."""

import collections.abc
import dataclasses

from nova_selective_migrate.compute.common import driver_settings
from nova_selective_migrate.compute.source import media_selection
from nova_selective_migrate.compute.source import planned_migrations
from nova_selective_migrate.compute.wire import media_transfer
from nova_selective_migrate.core.case import domain_xml
from nova_selective_migrate.core.case import migration_case
from nova_selective_migrate.core.case import redaction
from nova_selective_migrate.core.decision import nova_preparation
from nova_selective_migrate.core.decision import nova_volumes
from nova_selective_migrate.core.model import domains
from nova_selective_migrate.core.model import migration_options
from nova_selective_migrate.core.model import storage_facts
from nova_selective_migrate.core.plan import migration_plan
from nova_selective_migrate.core.plan import planner
from nova_selective_migrate.host.facts import case_gathering
from nova_selective_migrate.host.facts import image_digests
from nova_selective_migrate.host.facts import local_storage
from nova_selective_migrate.host.facts import source_facts
from nova_selective_migrate.host.hypervisor import libvirt_guest

#: What nova passes besides (nova.virt.libvirt.guest.Guest.migrate), and what
#: planned_guest adds to it.
_ALSO_SENT = (
    'bandwidth',
    'destination_xml',
    'persistent_xml',
    'migrate_uri',
    'listen_address',
)
#: What nova 33 and later pass with VIR_MIGRATE_PARALLEL.
_SENT_IN_PARALLEL = ('parallel.connections',)
# The destination waits for the check for rpc_response_timeout, a minute. The
# base image may take half of this, so that the media have the rest.
_READING_SECONDS = 2 * image_digests.DIGEST_SECONDS
_ON_HOST = (domains.SourceType.FILE, domains.SourceType.BLOCK)


@dataclasses.dataclass(frozen=True)
class CaseGatherer:
    """Gathers cases on the source, and plans them."""

    settings: driver_settings.DriverSettings
    contents: image_digests.DigestCache

    def plan(
        self,
        guest: libvirt_guest.Guest,
        versions: domains.Versions,
        request: planned_migrations.LiveMigrationRequest,
    ) -> planned_migrations.PlannedMigration:
        """Gather the case of a guest's migration and plan it.

        :raises InvalidInput: when the domain or the mapping cannot be read
        :raises HypervisorError: when libvirt fails
        """
        text = redaction.domain_xml(guest.xml())
        domain = domain_xml.parse(text)
        here = source_facts.collect(
            guest, domain, {}, local_storage.local_facts
        )
        _add_volume_uuids(here, request)
        there = _destination_facts(here, request)
        deadline = image_digests.Deadline.after(_READING_SECONDS)
        seeds: dict[str, media_transfer.PlannedMedium] = {}
        bases = media_selection.base_candidates(domain, request)
        compared = self._wants_base(domain, request, bases.values())
        if compared:
            self._compare_base(here, there, request)
        storage = storage_facts.Storage(here, there)
        choice = media_selection.choose_media(
            domain,
            storage,
            request,
            None if self._audits else self.contents,
            self.settings.media_limit,
            deadline,
        )
        if compared:
            seeds = media_selection.choose_bases(bases, choice.room, deadline)
        peer = request.peer
        writes = self.settings.synchronous_writes
        case = migration_case.Case(
            domain_xml=text,
            block_device_info=redaction.block_device_info(
                request.block_device_info
            ),
            storage=storage,
            domain_state=guest.state([disk.target for disk in domain.disks]),
            hypervisors=domains.Hypervisors(
                case_gathering.configured(
                    versions, self.settings.shared_filesystems, True
                ),
                domains.Versions(
                    peer.libvirt or None if peer else None,
                    peer.qemu or None if peer else None,
                ),
            ),
            policy=self.settings.policy,
            options=dataclasses.replace(
                request.options,
                parallel_mirrors=self.settings.parallel_mirrors,
                synchronous_writes=writes
                is driver_settings.SynchronousWrites.ON,
                converge=writes is driver_settings.SynchronousWrites.AUTO,
                accept_known_bad=self.settings.accept_known_bad,
                prepared=migration_options.Preparation(
                    directory=request.instance_directory,
                    shared_directory=request.shared_directory,
                    block_migration=request.block_migration,
                    carried=tuple(choice.carried),
                    not_carried=choice.not_carried,
                    seeded=tuple(seeds),
                    makes_images=peer is not None,
                    images_type=request.images_type,
                    same_images_type=request.same_images_type,
                    fetched_bytes=request.fetched_bytes,
                    sets_volume_paths=not self._audits,
                    volume_group=request.volume_group,
                    destination_group=(
                        peer.group.name if peer and peer.group else ''
                    ),
                    also_sent=(
                        *_ALSO_SENT,
                        *(
                            _SENT_IN_PARALLEL
                            if request.options.parallel
                            else ()
                        ),
                    ),
                ),
            ),
        )
        plan = planner.plan(case)
        return planned_migrations.PlannedMigration(
            case=case,
            plan=plan,
            peer=peer is not None,
            acknowledges=peer is not None and peer.acknowledges,
            shared_block_storage=_shared_block_storage(plan, choice.carried),
            carried=choice.carried,
            seeds={
                disk.disk.target: seeds[disk.disk.target]
                for disk in plan.disks
                if disk.seeded
            },
        )

    @property
    def _audits(self) -> bool:
        return self.settings.mode is driver_settings.Mode.AUDIT

    def _wants_base(
        self,
        domain: domains.Domain,
        request: planned_migrations.LiveMigrationRequest,
        seedable: collections.abc.Collection[str],
    ) -> bool:
        """Tell whether the plan depends on the content of the base image.

        To read all of it takes time, which an audit must not take. It does
        not depend on it where a disk has another base image that cannot be
        sent: all disks are then copied in full.

        :param seedable: paths of base images that could be sent
        """
        if self._audits or request.peer is None or request.shared_directory:
            return False
        bases = {
            image.path
            for disk in domain.disks
            for image in disk.backing
            if disk.chain[0].type is domains.SourceType.FILE
            and _below(disk.chain[0].path, request.instance_directory)
        }
        return bases - {*seedable} == {request.image_base}

    def _compare_base(
        self,
        here: dict[str, storage_facts.StorageFacts],
        there: dict[str, storage_facts.StorageFacts],
        request: planned_migrations.LiveMigrationRequest,
    ) -> None:
        """Add the digests of the base image on both hosts to their facts.

        A destination that reports none downloads the same image from Glance,
        and refuses before the guest runs there when its digest differs.
        Without a digest in time nothing is added: it is not known whether
        both are the same.
        """
        base = request.image_base
        told = request.peer.base if request.peer else ''
        digest = self.contents.within(base, image_digests.DIGEST_SECONDS)
        if digest is not None:
            here[base] = dataclasses.replace(here[base], content=digest)
            there[base] = storage_facts.StorageFacts(
                exists=bool(told), content=told or digest
            )


def _destination_facts(
    here: collections.abc.Mapping[str, storage_facts.StorageFacts],
    request: planned_migrations.LiveMigrationRequest,
) -> dict[str, storage_facts.StorageFacts]:
    """Return what nova's test file proves of paths at the destination.

    nova makes the file in instances_path of the destination and looks for it
    on the source (_check_shared_storage_test_file).

    :param here: facts of the source, by path
    """
    top = local_storage.local_facts(request.instances_path)
    there: dict[str, storage_facts.StorageFacts] = {}
    for path, facts in here.items():
        below = _below(facts.resolved, top.resolved)
        if not below or facts.mount_point != top.mount_point:
            continue
        if request.shared_directory:
            there[path] = storage_facts.StorageFacts(
                exists=True, identity=facts.identity
            )
        elif _below(path, request.instance_directory):
            there[path] = storage_facts.StorageFacts(exists=False)
    if request.peer is not None and not request.shared_directory:
        there[request.instance_directory] = storage_facts.StorageFacts(
            exists=request.peer.directory_exists,
            kind=storage_facts.PathKind.DIRECTORY,
            free_bytes=request.peer.free_bytes,
        )
    there.update(_destination_volumes(here, request))
    return there


def _add_volume_uuids(
    here: dict[str, storage_facts.StorageFacts],
    request: planned_migrations.LiveMigrationRequest,
) -> None:
    """Add what LVM tells; the device may say that it is another volume."""
    for volume in request.volumes:
        known = here.get(volume.path)
        if known is None:
            continue
        agrees = known.volume_uuid in (None, volume.uuid)
        here[volume.path] = dataclasses.replace(
            known,
            group_uuid=volume.group_uuid if agrees else None,
            volume_uuid=volume.uuid if agrees else None,
        )


def _destination_volumes(
    here: collections.abc.Iterable[str],
    request: planned_migrations.LiveMigrationRequest,
) -> collections.abc.Iterator[tuple[str, storage_facts.StorageFacts]]:
    """Yield what the destination tells of volumes, and of their group.

    :param here: paths of the source
    """
    group = request.peer.group if request.peer else None
    if group is None:
        return
    folder = nova_volumes.directory(group.name)
    yield (
        folder,
        storage_facts.StorageFacts(
            exists=True,
            kind=storage_facts.PathKind.DIRECTORY,
            free_bytes=group.free_bytes,
            group_uuid=group.uuid,
        ),
    )
    source = nova_volumes.directory(request.volume_group)
    for path in here:
        # The group may have another name there: it is known by its UUID.
        if request.volume_group and _below(path, source):
            yield (
                path,
                storage_facts.StorageFacts(
                    exists=group.has_volumes, group_uuid=group.uuid
                ),
            )


def _below(path: str | None, folder: str | None) -> bool:
    return bool(path and folder and path.startswith(f'{folder}/'))


def _shared_block_storage(
    plan: migration_plan.MigrationPlan,
    carried: collections.abc.Collection[str],
) -> bool:
    """Return nova's is_shared_block_storage, by which its clean-up goes.

    False lets it delete images of images_type=rbd and lvm by the instance's
    name, which the guest may still use; True lets it delete the instance's
    directory alone (nova.virt.libvirt.driver.LibvirtDriver.cleanup).
    """
    if any(
        disk.refusal is None and nova_preparation.is_kept_image(disk.strategy)
        for disk in plan.disks
    ):
        return True
    copies = any(disk.copied for disk in plan.disks)
    return not copies and not carried
