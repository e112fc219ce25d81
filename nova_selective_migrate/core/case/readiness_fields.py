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


"""Read what a case has of the destination's readiness."""

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import json_fields
from nova_selective_migrate.core.model import destination_readiness


def read(
    fields: json_fields.Fields,
) -> destination_readiness.Readiness | None:
    """Read ``readiness`` of a case; None where it has none.

    :raises InvalidCase: when a field has another type
    """
    if fields.tree.get('readiness') is None:
        return None
    told = fields.object('readiness')
    domains = told.tree.get('domains')
    memory = told.object('memory')
    return destination_readiness.Readiness(
        emulator=_finding(told, 'emulator'),
        machine=_finding(told, 'machine'),
        accelerator=_finding(told, 'accelerator'),
        cpu=_finding(told, 'cpu'),
        networks=tuple(map(_of, told.each('networks'))),
        devices=tuple(map(_of, told.each('devices'))),
        domains=None
        if domains is None
        else tuple(map(_namesake, told.each('domains'))),
        memory=destination_readiness.MemoryRoom(
            needed_bytes=memory.integer('needed_bytes'),
            free_bytes=memory.integer('free_bytes'),
            guest_bytes=memory.integer('guest_bytes'),
        )
        if memory.tree
        else None,
        huge_pages=tuple(
            destination_readiness.HugePages(
                page_kib=_whole(pages, 'page_kib'),
                needed=_whole(pages, 'needed'),
                free=pages.integer('free'),
            )
            for pages in told.each('huge_pages')
        ),
        ports=tuple(map(_trial, told.each('ports'))),
        ports_untried=told.text('ports_untried') or '',
        certificates=_finding(told, 'certificates'),
        bytes_per_second=told.integer('bytes_per_second'),
    )


def _finding(
    told: json_fields.Fields, name: str
) -> destination_readiness.Finding | None:
    return _of(told.object(name)) if told.tree.get(name) is not None else None


def _of(fields: json_fields.Fields) -> destination_readiness.Finding:
    return destination_readiness.Finding(
        about=fields.text('about') or '',
        fits=fields.boolean('fits'),
        said=fields.text('said') or '',
    )


def _namesake(fields: json_fields.Fields) -> destination_readiness.Namesake:
    return destination_readiness.Namesake(
        name=fields.text('name') or '',
        uuid=fields.text('uuid') or '',
        # Of one that is not known to be off nothing good is presumed.
        active=fields.boolean('active') is not False,
    )


def _trial(fields: json_fields.Fields) -> destination_readiness.PortTrial:
    use = fields.member('use', destination_readiness.PortUse)
    answer = fields.member('answer', destination_readiness.PortAnswer)
    if answer is None:
        raise exceptions.InvalidCase(f'{fields.where}.answer is missing')
    return destination_readiness.PortTrial(
        use=use or destination_readiness.PortUse.ANY,
        address=fields.text('address') or '',
        port=_whole(fields, 'port'),
        answer=answer,
    )


def _whole(fields: json_fields.Fields, name: str) -> int:
    found = fields.integer(name)
    if found is None:
        raise exceptions.InvalidCase(f'{fields.where}.{name} is missing')
    return found
