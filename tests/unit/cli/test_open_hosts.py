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

"""``cleanup`` and ``migrate --resume-report`` after our program was killed."""

import dataclasses
import os
import unittest
from unittest import mock

import libvirt

from nova_selective_migrate.host.hypervisor import storage_pools
from nova_selective_migrate.host.journal import migration_record
from nova_selective_migrate.host.journal import probe_journal
from nova_selective_migrate.host.migration import created_images
from tests.unit.cli import command
from tests.unit.host import fake_daemon
from tests.unit.host import fake_domain
from tests.unit.host import migration

SWITCHING = (
    libvirt.VIR_DOMAIN_PAUSED,
    libvirt.VIR_DOMAIN_PAUSED_MIGRATION,
)
PAUSED = (libvirt.VIR_DOMAIN_PAUSED, libvirt.VIR_DOMAIN_PAUSED_USER)


class KilledCase(migration.MigrationCase):
    """The program is killed when it has made the image."""

    def setUp(self):
        super().setUp()
        self.begun = self.begin()

    def begin(self) -> migration_record.MigrationRecord:
        images = self.plan().images
        begun = migration_record.MigrationRecord.begun(
            domain='guest',
            uuid=fake_domain.UUID,
            source_uri=migration.HERE,
            source_host=self.here.uuid,
            destination_uri=migration.THERE,
            destination_host=self.there.uuid,
            targets=('vda',),
            images=tuple(map(migration_record.CreatedImage.planned, images)),
        )
        self.journal.write(begun)
        made: list[migration_record.CreatedImage] = []
        peer = fake_daemon.connect(self.there, migration.THERE)
        created_images.create_images(peer, images, made.append)
        for image in made:
            begun = begun.with_image(image)
        self.journal.write(begun)
        return begun

    def run_it(self, *arguments: str) -> command.Result:
        return command.run(
            *('--connect', migration.HERE),
            *('--journal', self.journal.directory),
            *arguments,
        )

    def write(self) -> None:
        (self.folder / 'disk').write_bytes(b'x' * migration.MIB)


class CleanupTest(KilledCase):
    def cleanup(self, *arguments: str, status: int = 0) -> str:
        """Return what is said of the only image."""
        found = self.run_it('cleanup', '-f', 'json', *arguments)
        self.assertEqual((status, ''), (found.status, found.err))
        (row,) = found.json
        self.assertEqual(self.begun.plan_id, row['plan_id'])
        self.assertEqual(migration.DISK, row['path'])
        return row['state']

    def test_it_lists_and_removes_nothing(self):
        self.assertEqual('removable', self.cleanup())
        self.assertEqual(['disk'], self.images())
        self.assertEqual([self.begun], self.journal.runs())

    def test_it_removes_what_was_made(self):
        with self.nothing_is_left():
            self.assertEqual('removed', self.cleanup('--remove'))
        self.assertEqual([], self.run_it('cleanup', '-f', 'json').json)

    def test_what_cannot_be_proven_stays_and_is_said(self):
        self.write()
        self.assertIn('left: it was written', self.cleanup())
        self.assertIn('left', self.cleanup('--remove', status=4))
        self.assertEqual(['disk'], self.images())
        self.assertEqual([self.begun], self.journal.runs())

    def test_one_that_is_gone_is_forgotten(self):
        (self.folder / 'disk').unlink()
        self.assertEqual('gone', self.cleanup('--remove'))
        self.assertEqual([], self.journal.runs())

    def test_while_a_job_runs_nothing_goes(self):
        self.domain.job = {'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED}
        self.assertIn('left', self.cleanup('--remove', status=4))
        self.assertEqual(['disk'], self.images())

    def test_while_libvirt_cannot_tell_of_a_job_nothing_goes(self):
        self.domain.fails = fake_daemon.broken('cannot acquire lock')
        self.assertIn('left', self.cleanup('--remove', status=4))
        self.assertEqual(['disk'], self.images())

    def test_without_the_guest_on_the_source_nothing_goes(self):
        off = (libvirt.VIR_DOMAIN_SHUTOFF, libvirt.VIR_DOMAIN_SHUTOFF_CRASHED)
        for state in (off, SWITCHING):
            self.domain.states = state
            with self.subTest(state=state):
                said = self.cleanup('--remove', status=4)
                self.assertIn('--resume-report guest', said)
                self.assertEqual(['disk'], self.images())

    def test_a_guest_that_has_moved_keeps_its_image(self):
        self.move()
        self.assertIn('absent', self.cleanup('--remove', status=4))
        self.assertEqual(['disk'], self.images())

    def test_a_guest_that_waits_there_keeps_its_image(self):
        waiting = fake_domain.FakeDomain()
        waiting.states = SWITCHING
        self.there.domains[fake_domain.UUID] = waiting
        self.assertIn('left', self.cleanup('--remove', status=4))
        self.assertEqual(['disk'], self.images())

    def test_another_host_behind_the_uri_is_not_touched(self):
        self.there.uuid = 'another'
        said = self.cleanup('--remove', status=4)
        self.assertIn('is not the destination', said)
        self.assertEqual(['disk'], self.images())

    def test_a_run_that_made_nothing_is_said_and_forgotten(self):
        self.journal.write(dataclasses.replace(self.begun, images=()))
        (row,) = self.run_it('cleanup', '-f', 'json', '--remove').json
        self.assertEqual('nothing was made', row['state'])
        self.assertEqual([], self.journal.runs())

    def test_another_domain_is_not_looked_at(self):
        found = self.run_it('cleanup', 'other', '-f', 'json', '--remove')
        self.assertEqual([], found.json)
        self.assertEqual(['disk'], self.images())


class AliveTest(KilledCase):
    """The program is not killed: it has made its image and goes on."""

    def setUp(self):
        super().setUp()
        self.enterContext(self.journal.alone(fake_domain.UUID, 'guest'))

    def test_cleanup_leaves_it_alone_and_names_it(self):
        for arguments in ((), ('--remove',)):
            with self.subTest(arguments=arguments):
                found = self.run_it('cleanup', '-f', 'json', *arguments)
                (row,) = found.json
                self.assertIn(f'process {os.getpid()} migrates', row['state'])
                self.assertEqual(['disk'], self.images())
                self.assertEqual([self.begun], self.journal.runs())

    def test_resume_report_leaves_it_alone_and_names_it(self):
        found = self.run_it('migrate', '--resume-report', 'guest')
        self.assertEqual((3, ''), (found.status, found.out))
        self.assertIn(f'process {os.getpid()} migrates', found.err)
        self.assertEqual(['disk'], self.images())
        self.assertEqual([self.begun], self.journal.runs())

    def test_a_second_migration_is_told_to_wait_and_nothing_else(self):
        there = ('guest', migration.THERE, '--listen-address', '192.0.2.1')
        for command_ in ('plan', 'migrate'):
            with self.subTest(command=command_):
                found = self.run_it(command_, *there, '-f', 'json')
                self.assertEqual(3, found.status, found.err)
                plan = found.json.get('plan', found.json)
                self.assertEqual(
                    ['active-job'], [r['reason'] for r in plan['refusals']]
                )


class LogTest(KilledCase):
    def said(self, *options: str) -> str:
        there = ('guest', migration.THERE, '--listen-address', '192.0.2.1')
        return self.run_it(*options, 'plan', *there).err

    def test_nothing_is_said_unless_asked_for(self):
        self.assertEqual('', self.said())
        self.assertIn(f'{migration.THERE} answers', self.said('-v'))
        self.assertIn('destination: /srv/images', self.said('--debug'))

    def test_a_file_has_all(self):
        path = self.folder / 'log'
        self.said('--log-file', str(path))
        self.assertIn('destination: /srv/images', path.read_text())


class KilledLookTest(KilledCase):
    """The program is killed while its marker and its pool are there."""

    def setUp(self):
        super().setUp()
        self.run_it('cleanup', '--remove')
        killed = probe_journal.ProbeJournal(self.journal.directory)
        peer = fake_daemon.connect(self.there, migration.THERE)
        peer.probes = killed
        with (
            mock.patch.object(fake_daemon.FakePool, 'destroy'),
            mock.patch.object(fake_daemon.FakeVolume, 'delete'),
            self.assertRaises(KeyboardInterrupt),
            storage_pools.directory(peer, migration.FOLDER) as seen,
            seen.marker(),
        ):
            raise KeyboardInterrupt
        killed._alive.release()

    def states(self, *arguments: str) -> list[str]:
        found = self.run_it('cleanup', '-f', 'json', *arguments)
        self.assertEqual((0, ''), (found.status, found.err))
        return [row['state'] for row in found.json]

    def test_both_are_listed_and_stay(self):
        self.assertEqual(['removable'] * 2, self.states())
        self.assertFalse(self.there.released)
        self.assertEqual(1, len(self.images()))

    def test_both_are_removed(self):
        self.assertEqual(['removed'] * 2, self.states('--remove'))
        self.assertTrue(self.there.released)
        self.assertEqual([], self.images())
        self.assertEqual([], self.states('--remove'))


class ResumeTest(KilledCase):
    def resume(self) -> tuple[int, dict]:
        found = self.run_it(
            'migrate', '--resume-report', 'guest', '-f', 'json'
        )
        return found.status, found.json

    def test_one_that_failed_is_told_and_cleaned_up(self):
        with self.nothing_is_left():
            status, tree = self.resume()
        self.assertEqual((4, 'not-moved'), (status, tree['outcome']))
        self.assertEqual([migration.DISK], tree['removed'])
        self.assertEqual(self.begun.plan_id, tree['plan_id'])

    def test_one_that_came_through_is_told(self):
        self.move()
        status, tree = self.resume()
        self.assertEqual((0, 'moved'), (status, tree['outcome']))
        self.assertEqual(['disk'], self.images())
        self.assertEqual([], self.journal.runs())
        (left,) = tree['left']
        self.assertEqual(
            ('source', migration.DISK), (left['host'], left['path'])
        )

    def test_what_stays_on_the_source_has_its_path_there(self):
        """It is not the path of the copy, which may be anything here."""
        (image,) = self.begun.images
        image = dataclasses.replace(image, source_path='/srv/here/disk')
        self.journal.write(
            dataclasses.replace(
                self.begun,
                images=(image,),
                existing_sources=('/srv/here/other',),
            )
        )
        self.move()
        _, tree = self.resume()
        self.assertEqual(
            [('source', '/srv/here/disk'), ('source', '/srv/here/other')],
            [(left['host'], left['path']) for left in tree['left']],
        )
        self.assertEqual([migration.DISK], tree['created'])

    def test_one_that_goes_on_is_followed_to_its_end(self):
        self.domain.job = {'type': libvirt.VIR_DOMAIN_JOB_UNBOUNDED}
        waiting = fake_domain.FakeDomain(fake_domain.file_disk(migration.DISK))
        waiting.states = SWITCHING
        self.there.domains[fake_domain.UUID] = waiting
        self.write()

        def gone(_flags):
            self.there.domains.pop(fake_domain.UUID, None)
            self.domain.job = {}

        # Seen once, and with it that the image is the one that was made.
        waiting.on_xml = gone
        with self.nothing_is_left():
            status, tree = self.resume()
        self.assertEqual((4, 'not-moved'), (status, tree['outcome']))

    def test_what_was_written_and_not_seen_in_use_stays(self):
        self.write()
        status, tree = self.resume()
        self.assertEqual((4, 'not-moved'), (status, tree['outcome']))
        (left,) = tree['left']
        self.assertIn('was written', left['why'])
        self.assertEqual(['disk'], self.images())

    def test_where_nobody_can_tell_it_is_unknown(self):
        self.here.domains.clear()
        status, tree = self.resume()
        self.assertEqual((5, 'unknown'), (status, tree['outcome']))
        self.assertEqual(['disk'], self.images())
        self.assertEqual([self.begun], self.journal.runs())

    def test_for_people(self):
        found = self.run_it('migrate', '--resume-report', 'guest')
        self.assertIn('NOT MOVED: the source has the guest', found.out)

    def test_a_domain_that_the_journal_does_not_know(self):
        found = self.run_it('migrate', '--resume-report', 'other')
        self.assertEqual(2, found.status)
        self.assertIn("no migration of 'other'", found.err)

    def test_a_migration_takes_a_destination(self):
        found = self.run_it('migrate', 'guest')
        self.assertEqual(2, found.status)
        self.assertIn('DEST_URI', found.err)


if __name__ == '__main__':
    unittest.main()
