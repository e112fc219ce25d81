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

"""Every XML file of libvirt's own tests is planned safely or refused."""

import collections.abc
import json
import pathlib
import typing
import unittest

import ddt

from nova_selective_migrate import exceptions
from nova_selective_migrate.core.case import redaction
from tests.functional import libvirt_rule as rule
from tests.unit.core import builders as b
from tests.unit.core import invariants
from tests.unit.core import planned

TOP = pathlib.Path(__file__).resolve().parents[2]
CORPUS = TOP / '.libvirt-tests' / '9.0.0'
POOL = {'type': 'dir', 'path': '/pool'}
Targets = set[str]


class Corpus(typing.NamedTuple):
    """The files by name, and the domains that can be planned."""

    files: dict[str, str]
    domains: dict[str, str]


def read() -> Corpus:
    files = {
        str(path.relative_to(CORPUS)): path.read_text(
            encoding='utf-8', errors='surrogateescape'
        )
        for path in sorted(CORPUS.rglob('*.xml'))
    }
    # What a status or a snapshot is about is a domain as well.
    for name, text in list(files.items()):
        for number, domain in enumerate(rule.inner(text)):
            files[f'{name}, domain {number}'] = domain
    usable = {n: text for n, text in files.items() if rule.usable(text)}
    return Corpus(files, usable)


def facts(
    disks: collections.abc.Iterable[rule.Disk], **more: object
) -> b.Tree:
    """Facts of files and devices of one host, for all images of the disks."""
    return {
        path: b.device('sata', **more)
        if name == 'dev'
        else b.local(kind='directory' if name == 'dir' else 'file', **more)
        for disk in disks
        for name, path in disk.paths
    }


def case(text: str, **fields: typing.Any) -> b.Tree:
    return {**b.case(**fields), 'domain_xml': text}


def unknown(text: str) -> tuple[b.Tree, Targets]:
    return case(text), set()


def on_one_host(text: str, **options: object) -> tuple[b.Tree, Targets]:
    disks = rule.disks(text)
    tree = case(
        text,
        source={**facts(disks, identity='here'), '/pool': b.local()},
        destination=facts(disks, identity='there'),
        pools=dict.fromkeys(rule.pools(text), POOL),
        **options,
    )
    return tree, _on_host(disks)


def to_be_made(text: str) -> tuple[b.Tree, Targets]:
    """Local disks whose images we are to make at the destination."""
    tree, local = on_one_host(text, create_images=True)
    there = tree['storage']['destination']
    for path in list(there):
        there[path] = b.GONE
        folder = path.rpartition('/')[0] or '/'
        there.setdefault(folder, {'exists': True, 'kind': 'directory'})
    return tree, local


def half_known(text: str) -> tuple[b.Tree, Targets]:
    disks = rule.disks(text)
    return case(text, source=facts(disks[::2])), _on_host(disks[::2])


def on_both_hosts(text: str) -> tuple[b.Tree, Targets]:
    here = {
        path: b.on('nfs', identity='same')
        for disk in rule.disks(text)
        for _, path in disk.paths
    }
    return case(text, source=here, destination=here), set()


def same_local_file(text: str) -> tuple[b.Tree, Targets]:
    """One kernel for both hosts: a copy would run onto itself."""
    here = facts(rule.disks(text), identity='same')
    return case(text, source=here, destination=here), set()


def declared_shared(text: str) -> tuple[b.Tree, Targets]:
    return case(text, shared=['/']), set()


def attached(text: str) -> tuple[b.Tree, Targets]:
    """Every other disk is a volume of nova's, by path or by image."""
    tree, local = on_one_host(text)
    disks = rule.disks(text)
    rows = [
        b.row(None, _uuid(number), 'local', device_path=disk.path)
        if disk.path
        else b.row(disk.target, _uuid(number), 'rbd', name=disk.image)
        for number, disk in enumerate(disks[1::2])
    ]
    tree['block_device_info'] = b.mapping(*rows)
    return tree, local - {disk.target for disk in disks[1::2]}


def attached_by_name(text: str) -> tuple[b.Tree, Targets]:
    """Volumes that only a name joins, which goes stale, to local disks."""
    tree, local = on_one_host(text)
    disks = rule.disks(text)
    rows = [b.row(d.target, _uuid(n)) for n, d in enumerate(disks[1::2])]
    tree['block_device_info'] = b.mapping(*rows)
    return tree, local - {disk.target for disk in disks[1::2]}


def _on_host(disks: collections.abc.Iterable[rule.Disk]) -> Targets:
    return {d.target for d in disks if d.type in ('file', 'block', 'volume')}


def _uuid(number: int) -> str:
    return f'11aa1111-2222-4333-8444-{number:012}'


# How many plans are ready at least, and how many of those copy: an oracle
# that only ever sees refusals says nothing.
FLOORS = {
    unknown: (1000, 0),
    on_one_host: (1500, 500),
    to_be_made: (1000, 200),
    half_known: (1500, 500),
    on_both_hosts: (1500, 0),
    same_local_file: (1500, 0),
    declared_shared: (1500, 0),
    attached: (1500, 500),
    attached_by_name: (1500, 500),
}


@ddt.ddt
@unittest.skipUnless(
    CORPUS.is_dir(),
    "libvirt's own tests are not here: tools/fetch_libvirt_tests.py",
)
class LibvirtCorpusTest(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.corpus = read()

    def setUp(self):
        super().setUp()
        self.bad: list[str] = []
        self.seen: collections.Counter[str] = collections.Counter()

    def tearDown(self):
        # All of them, by name, and not the first alone.
        if self.bad:
            self.fail('\n'.join((f'{len(self.bad)} wrong', *self.bad)))
        super().tearDown()

    def _plan(self, name: str, tree: b.Tree) -> typing.Any:
        """Plan; None where that is refused with a reason, as it may be."""
        try:
            plan = planned.plan(tree)
            invariants.check(self, plan)
        except exceptions.InvalidInput as err:
            lines = str(err).splitlines()
            if len(lines) != 1 or len(lines[0]) < 10:
                self.bad.append(f'{name}: no reason: {err}')
            return None
        except Exception as err:
            # Whatever it is, the file is to be named and the rest looked at.
            self.bad.append(f'{name}: {err!r}')
            return None
        return plan

    def test_the_corpus_is_there(self):
        self.assertGreater(len(self.corpus.files), 3000)
        self.assertGreater(len(self.corpus.domains), 1500)

    def test_every_file_is_read_or_refused(self):
        for name, text in self.corpus.files.items():
            plan = self._plan(name, case(text))
            if (plan is not None) != (name in self.corpus.domains):
                self.bad.append(f'{name}: read {plan is not None}')
            elif plan is not None:
                ours = [disk['target'] for disk in plan['disks']]
                if ours != [disk.target for disk in rule.disks(text)]:
                    self.bad.append(f'{name}: other disks: {ours}')

    def test_what_is_recorded_decides_the_same(self):
        for name, text in self.corpus.domains.items():
            tree, _ = on_one_host(text)
            kept = redaction.domain_xml(text)
            plan, again = (
                self._plan(name, {**tree, 'domain_xml': each})
                for each in (text, kept)
            )
            if plan != again:
                self.bad.append(f'{name}: {plan} and then {again}')
            if redaction.domain_xml(kept) != kept:
                self.bad.append(f'{name}: something is dropped once more')

    @ddt.data(*FLOORS)
    def test_disks(self, variant):
        for name, text in self.corpus.domains.items():
            tree, local = variant(text)
            # The planner works on what JSON says, and changes nothing.
            before = json.dumps(tree)
            plan = self._plan(name, tree)
            if plan is None or before != json.dumps(tree):
                self.bad.append(f'{name}: no plan')
                continue
            found = rule.wrong(plan, rule.disks(text), local)
            self.bad.extend(f'{name}: {what}' for what in found)
            self.seen['ready'] += plan['ready']
            self.seen['copying'] += bool(plan['migrate_disks'])
        ready, copying = FLOORS[variant]
        self.assertGreaterEqual(self.seen['ready'], ready)
        self.assertGreaterEqual(self.seen['copying'], copying)
