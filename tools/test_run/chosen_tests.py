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

"""Which tests of a suite are run."""

import dataclasses
import re

from tools.test_run import test_suites

# What shows that stock nova does something guards nothing of ours.
STOCK = (
    r'^tests\.(e2e|nova)\.\w+\.'
    r'(StockTest(Case)?\.|\w+\.test_stock(_\w+)?$)'
)
NIGHTLY = test_suites.TOP / 'tests' / 'nightly.txt'


@dataclasses.dataclass(frozen=True)
class Choice:
    """Which tests are run.

    :ivar wanted: the user's expression
    :ivar without: expression of what is left out
    :ivar only: expression of what is not left out
    :ivar daily: whether what suites call nightly is left out
    """

    wanted: str = ''
    without: str = ''
    only: str = ''
    daily: bool = False

    def filters(self, suite: test_suites.Suite) -> list[str]:
        """What stestr is to run of a suite."""
        nightly = suite.nightly if self.daily else ''
        left_out = (self.without, suite.without, nightly)
        without = '|'.join(part for part in left_out if part)
        options = ['--exclude-regex', without] * bool(without)
        both = [p for p in (self.only, suite.only, self.wanted) if p]
        if len(both) < 2:
            return [*options, *both]
        # It takes several expressions as alternatives.
        return [*options, '^' + ''.join(f'(?=.*(?:{p}))' for p in both)]

    def may_be_in(self, suite: test_suites.Suite) -> bool:
        """Whether it is worth a look: the folder may be named."""
        named = re.match(r'\^?tests\\?\.(\w+)', self.wanted)
        return named is None or named[1] == suite.name


def nightly() -> str:
    """Return an expression of the tests that the daily run leaves out."""
    lines = NIGHTLY.read_text().splitlines()
    return '|'.join(li for li in lines if li and not li.startswith('#'))
