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

import configparser
import os
import pathlib
import subprocess

import setuptools

TOP = pathlib.Path(__file__).resolve().parent


def ask_git(*words):
    """Tell whether git can do what it is asked."""
    try:
        done = subprocess.run(
            ['git', *words],
            cwd=TOP,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


# pbr takes the version from an sdist's PKG-INFO or from git's tags. Without
# either it fails, and calls a clone of depth 1 0.0.0: setup.cfg's holds then.
# A repository that does not have this file is not ours.
has_tag = ask_git('cat-file', '-e', 'HEAD:./setup.py') and ask_git(
    'describe', '--tags'
)
if not (TOP / 'PKG-INFO').exists() and not has_tag:
    metadata = configparser.ConfigParser()
    metadata.read(TOP / 'setup.cfg')
    os.environ.setdefault('PBR_VERSION', metadata['metadata']['version'])

setuptools.setup(pbr=True)
