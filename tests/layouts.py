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

"""Site directories with our wheel, beside and apart from what is installed.

Nothing is downloaded, and the environment that runs the tests stays as it is:
what it has installed is linked to.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import venv

TOP = pathlib.Path(__file__).resolve().parent.parent
SITE = pathlib.Path(sysconfig.get_path('purelib'))
OURS = 'nova_selective_migrate'
#: Where Python has no distutils any more, from 3.12 on, setuptools brings it
#: by this file; the libraries of 2024.1 import it.
DISTUTILS = 'distutils-precedence.pth'
SOURCES = (
    *('pyproject.toml', 'setup.cfg', 'setup.py', 'requirements.txt'),
    *('README.rst', 'LICENSE', 'share', OURS),
)


#: Where nothing is that Python could take for a module. Python 3.11 has -P.
NOWHERE = '/'


def run(*command: object, folder: str = '.', **environment: str) -> str:
    """Run a command and return what it prints.

    It sees no modules of the caller's PYTHONPATH: ours would be found there
    where they are not installed.

    :param folder: where it runs
    :raises AssertionError: with all that it wrote, when it fails
    """
    kept = {k: v for k, v in os.environ.items() if k != 'PYTHONPATH'}
    done = subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        env={**kept, **environment},
        cwd=folder,
        timeout=600,
    )
    if done.returncode:
        raise AssertionError(f'{command}: {done.stdout}{done.stderr}')
    return done.stdout


def build_wheel(into: pathlib.Path) -> pathlib.Path:
    """Build our wheel from a copy, where no stale build can get into it."""
    copy = into / 'source'
    copy.mkdir()
    for name in SOURCES:
        source = TOP / name
        if source.is_dir():
            ignored = shutil.ignore_patterns('__pycache__')
            shutil.copytree(source, copy / name, ignore=ignored)
        else:
            shutil.copy(source, copy / name)
    run(
        sys.executable,
        '-m',
        'pip',
        'wheel',
        '-q',
        '--no-deps',
        '--no-build-isolation',
        '-w',
        into,
        copy,
    )
    (wheel,) = into.glob('*.whl')
    return wheel


def link_installed(into: pathlib.Path) -> None:
    """Link all that is installed here, without our own editable install."""
    into.mkdir(parents=True, exist_ok=True)
    for entry in SITE.iterdir():
        path_file = entry.suffix == '.pth' and entry.name != DISTUTILS
        if OURS not in entry.name and not path_file:
            (into / entry.name).symlink_to(entry)


class Environment:
    """A virtual environment that has nothing of its own."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        venv.create(path, symlinks=True)
        self.python = path / 'bin' / 'python'
        self.site = path / SITE.relative_to(sys.prefix)

    def install(self, package: pathlib.Path) -> None:
        """Install a wheel or an sdist without what it requires."""
        self._pip(
            *('install', '--no-deps', '--no-index', '--no-build-isolation'),
            package,
        )

    def uninstall(self) -> None:
        """Uninstall our package."""
        self._pip('uninstall', '-y', 'nova-selective-migrate')

    def _pip(self, *arguments: object) -> None:
        run(
            sys.executable,
            '-m',
            'pip',
            '--python',
            self.python,
            '-q',
            *arguments,
        )


def install_apart(package: pathlib.Path, directory: pathlib.Path) -> None:
    """Install into a directory that only PYTHONPATH names."""
    run(
        *(sys.executable, '-m', 'pip', '-q', 'install', '--no-deps'),
        *('--no-index', '--no-build-isolation', '--target', directory),
        package,
    )


def beside_nova(path: pathlib.Path, wheel: pathlib.Path) -> Environment:
    """Make an environment with nova and our wheel in one directory."""
    made = Environment(path)
    link_installed(made.site)
    made.install(wheel)
    return made


def apart_from_nova(path: pathlib.Path, wheel: pathlib.Path) -> Environment:
    """Make one with our wheel, and nova in another, as from a .deb."""
    made = Environment(path / 'ours')
    elsewhere = path / 'dist-packages'
    link_installed(elsewhere)
    # Files of .pth are read in it as well.
    (made.site / 'nova-elsewhere.pth').write_text(
        f'import site; site.addsitedir({str(elsewhere)!r})\n'
    )
    made.install(wheel)
    return made
