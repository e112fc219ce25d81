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

"""The suites: each folder of tests, and how it is run."""

import dataclasses
import os
import pathlib
import sys

TOP = pathlib.Path(__file__).resolve().parents[2]
STESTR = [sys.executable, '-m', 'stestr']
PARALLEL = 0  # stestr's word for one worker per processor
THREADS_SINCE = 34  # nova-compute's default from there on
# Without KVM a guest that boots keeps one processor busy; others wait for a
# timeout of libvirt's meanwhile.
HOSTS = min(2, os.cpu_count() or 1) + 1
MEASURED = r'^tests\.e2e\.test_(nova_)?(bandwidth|converge|stall)\.'
# A test with nova's services waits for half of its time.
NOVAS = (os.cpu_count() or 1) + 1
BACKEND_TESTS = r'^tests\.nova\.test_(planned|loading.*eventlet)'
# What no release of nova's changes is asked of the newest alone: our own
# journals and directories, metrics and audits, the wheel, nova's code for LVM;
# and nova's defects, which are told of the newest.
# The oldest runs on eventlet: the newest need not.
OF_NO_RELEASE = (
    r'^tests\.nova\.test_(incoming_recovery|incoming_volumes|rollback|trust'
    r'|free_space_watchdog|check_destination|logical_volumes'
    r'|metrics|periodic_audit|secrets|upstream_regressions'
    r'|loading\.\w+\.\w+_wheel)'
)
#: Repository of stestr's for the tests that run beside those against nova; it
#: locks none.
BESIDE = TOP / '.stestr' / 'beside'


@dataclasses.dataclass(frozen=True)
class Suite:
    """A folder of tests and how it is run.

    :ivar version: of the nova whose interpreter runs it; '' is our own
    :ivar label: precedes the names of the tests, where a folder runs more
        than once
    :ivar only: expression of the tests that are worth another run
    :ivar without: expression of the tests that are not run
    :ivar nightly: expression of those that the daily run leaves out
    :ivar group: expression of what tests of one process have in common
    :ivar beside: whether it runs at the same time as the tests against nova,
        since it leaves most of the machine idle
    :ivar patience: seconds without a test that begins or ends; the imports
        before the first take minutes on a machine that is busy
    """

    name: str
    concurrency: int = 1
    version: str = ''
    environment: dict[str, str] = dataclasses.field(default_factory=dict)
    label: str = ''
    only: str = ''
    without: str = ''
    nightly: str = ''
    group: str = ''
    beside: bool = False
    patience: float = 600

    @property
    def python(self) -> pathlib.Path:
        """The interpreter of the tests."""
        if self.version:
            return TOP / '.nova' / self.version / 'bin' / 'python'
        return pathlib.Path(sys.executable)

    @property
    def stestr(self) -> list[str]:
        """The command, with the folder of its tests."""
        repository = ['--repo-url', os.fspath(BESIDE)] * self.beside
        return [*STESTR, *repository, '--test-path', f'./tests/{self.name}']


SUITES = (
    Suite('unit', PARALLEL),
    Suite('functional', PARALLEL),
    # Tests of one class often take the nova-computes that run already.
    Suite('e2e', HOSTS, without=MEASURED, group=r'.*\.', patience=900),
    Suite('e2e', only=MEASURED, beside=True, patience=900),
    # Three kernels of their own are enough for any machine.
    Suite('storage', beside=True, patience=900),
)


def nova_suites(version: str) -> list[Suite]:
    """The tests against one nova, once for each of its backends."""

    def suite(
        label: str, threads: bool, only: str = '', nightly: str = ''
    ) -> Suite:
        return Suite(
            'nova',
            NOVAS,
            version,
            {
                'OS_NOVA_DISABLE_EVENTLET_PATCHING': str(threads).lower(),
                'OS_STDERR_CAPTURE': '1',
                'OS_STDOUT_CAPTURE': '1',
                'OS_TEST_TIMEOUT': '120',
                # nova's tests set filters of their own once they run.
                'PYTHONWARNINGS': 'ignore',
            },
            f'{label} ',
            only,
            nightly=nightly,
        )

    if int(version.partition('.')[0]) < THREADS_SINCE:
        return [suite(f'nova-{version}', False, nightly=OF_NO_RELEASE)]
    return [
        suite(f'nova-{version}', True),
        suite(f'nova-{version}-eventlet', False, BACKEND_TESTS, nightly='.'),
    ]
