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

"""What the destination lacks of a read-only medium of the source."""

from nova_selective_migrate.core.evidence import file_identity
from nova_selective_migrate.core.model import storage_facts


def lack(
    path: str, storage: storage_facts.Storage, there: str = ''
) -> str | None:
    """Say what the destination lacks of a medium.

    :param there: its path at the destination, where that is another
    :returns: None where nothing is known to lack, '' where it has no such
        file, else how the one that it has differs
    """
    known = storage_facts.at(storage.destination, there or path)
    if known is None:
        return None
    if known.exists is False:
        return ''
    here = storage_facts.at(storage.source, path)
    return _difference(here or storage_facts.StorageFacts(), known) or None


def is_same(path: str, there: str, storage: storage_facts.Storage) -> bool:
    """Return whether a file of another path is shown to be the same medium.

    Nothing against it is not enough: its bytes, or the file, are the same.
    """
    here = storage_facts.at(storage.source, path)
    known = storage_facts.at(storage.destination, there)
    if here is None or known is None or not known.exists:
        return False
    if file_identity.compare(here, known) is file_identity.Sameness.SAME:
        return True
    return here.content is not None and here.content == known.content


def is_unknown(path: str, storage: storage_facts.Storage) -> bool:
    """Return whether nothing tells if the destination has a medium."""
    known = storage_facts.at(storage.destination, path)
    return known is None or known.exists is None


def _difference(
    here: storage_facts.StorageFacts, known: storage_facts.StorageFacts
) -> str:
    """Explain how the destination's content differs; else empty.

    Another file has the same bytes where that is shown: the same size shows
    nothing.
    """
    sizes = here.virtual_bytes, known.virtual_bytes
    if all(sizes) and len({*sizes}) > 1:
        return 'it has another size there'
    contents = here.content, known.content
    if all(contents):
        same = len({*contents}) == 1
        return '' if same else 'it has other bytes there'
    identities = here.identity, known.identity
    if known.exists and all(identities) and len({*identities}) > 1:
        return (
            'it is another file there, and nothing shows that it has the '
            'same bytes'
        )
    return ''
