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

"""Hosts have an /etc/hosts as Debian's installer writes it."""

import pathlib
import subprocess
import tempfile
import unittest

from lab import lab_homes
from lab.hosts import host_layout


class HostsTest(unittest.TestCase):
    def view(self, name):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        place = lab_homes.Home(pathlib.Path(folder))
        place.run.mkdir()
        return place, host_layout.view(place, name, None)

    def hosts(self, name):
        place, _ = self.view(name)
        text = (place.of_host(name) / 'hosts').read_text()
        return [tuple(line.split()) for line in text.splitlines()]

    def test_own_name(self):
        self.assertEqual(
            [
                ('127.0.0.1', 'localhost'),
                ('10.97.0.254', 'hub.lab.example', 'hub'),
                ('127.0.1.1', 'a.lab.example', 'a'),
                ('10.97.0.2', 'b.lab.example', 'b'),
                ('10.97.0.3', 'storage.lab.example', 'storage'),
            ],
            self.hosts('a'),
        )

    def test_the_hub_serves_by_its_name(self):
        self.assertIn(
            ('10.97.0.254', 'hub.lab.example', 'hub'), self.hosts('hub')
        )

    def test_gluster_has_no_geo_replication(self):
        """To execute it says ENOENT, as where it is not installed."""
        _, view = self.view('hub')
        program = view.binds[host_layout._GSYNCD]
        self.assertRaises(FileNotFoundError, subprocess.run, [program])
