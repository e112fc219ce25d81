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

"""Take back images that a migration made and that nobody needs."""

import collections.abc
import dataclasses
import os.path

from nova_selective_migrate import exceptions
from nova_selective_migrate.host.facts import peer_storage
from nova_selective_migrate.host.hypervisor import connection
from nova_selective_migrate.host.hypervisor import pools
from nova_selective_migrate.host.hypervisor import usage
from nova_selective_migrate.host.hypervisor import volumes
from nova_selective_migrate.host.journal import run as run_


@dataclasses.dataclass(frozen=True)
class Left:
    """An image that stays, and why."""

    path: str
    why: str


@dataclasses.dataclass(frozen=True)
class Cleaned:
    """What became of images that a failed migration leaves behind."""

    removed: tuple[str, ...] = ()
    left: tuple[Left, ...] = ()


def examine(
    run: run_.Run,
    peer: connection.Connection,
    sees: peer_storage.Sight | None,
    *,
    held: collections.abc.Collection[str] = (),
    probe: bool = True,
    remove: bool = True,
) -> Cleaned:
    """Tell of every image of a run whether it may go, and remove it.

    To be called only while the source has the guest and the destination
    has not. Never raises: what is not certain is left.

    :param sees: looks whether the source has a path; None where it cannot
        be asked, which leaves all but what is held
    :param held: paths that this process has made, or has seen in the
        guest that was on its way
    :param probe: whether a marker may show that the source does not see the
        directory. Of what is held it is known: it was made where there was
        no such file, while the source had its own at that path.
    :param remove: False only looks, and calls removed what would be
    """
    try:
        used = usage.paths(peer, run.uuid)
    except exceptions.SelectiveMigrateError as err:
        return Cleaned(left=tuple(Left(i.path, str(err)) for i in run.images))
    removed: list[str] = []
    left: list[Left] = []
    for image in run.images:
        if image.path in used:
            why: str | None = f'the domain {used[image.path]} uses it'
        else:
            try:
                ours = image.path in held
                if sees is None and not ours:
                    why = 'the source cannot be asked whether it sees it'
                else:
                    look = sees if probe or not ours else None
                    why = _remove(peer, image, look, ours, remove)
            except exceptions.SelectiveMigrateError as err:
                why = str(err)
        if why is None:
            removed.append(image.path)
        elif why:
            left.append(Left(image.path, why))
    return Cleaned(tuple(removed), tuple(left))


def _remove(
    peer: connection.Connection,
    image: run_.Image,
    sees: peer_storage.Sight | None,
    held: bool,
    remove: bool,
) -> str | None:
    """Remove an image; return why not, '' where there is none."""
    folder, name = os.path.split(image.path)
    with pools.directory(peer, folder) as seen:
        if seen is False:
            return ''
        if not isinstance(seen, volumes.Directory):
            return f'the destination cannot look into {folder}'
        why = _foreign(seen, name, image, held)
        if why is not None:
            return why
        if sees and peer_storage.same_directory(seen, sees) is not False:
            return f'the source may see {folder} too'
        if remove and not seen.delete(name):
            return 'libvirt did not delete it'
    return None


def _foreign(
    seen: volumes.Directory, name: str, image: run_.Image, held: bool
) -> str | None:
    """Tell why a file need not be the one that was made.

    :returns: None where it is the one, '' where there is none
    """
    found = seen.facts(name)
    if found.exists is False:
        return ''
    if (found.virtual_bytes, found.format) != (
        image.virtual_bytes,
        image.format,
    ):
        return 'it has another size or format than the one that was made'
    if image.stamp is None and not held:
        return 'it is not known whether it was made here'
    now = seen.stamp(name)
    if now and image.stamp and (now.inode or image.stamp.inode):
        # Then it is the proof, whatever was written since.
        same = now.inode == image.stamp.inode
        return None if same else 'it is another file of that name'
    if held or (now and now == image.stamp):
        return None
    return (
        'it was written to since it was made, and from here cannot be told '
        'from another file: delete it on the destination after looking'
    )
