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

"""What became of the tests, and the line of counts."""

import dataclasses
import threading
from typing import Any

PASSED = {'success', 'xfail'}
SKIPPED = {'skip'}
LISTED = {'exists'}
BEGUN = 'inprogress'


@dataclasses.dataclass
class Tally:
    """What became of the tests; suites that run at once share it."""

    passed: int = 0
    failed: int = 0
    skips: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    outcomes: dict[str, bool] = dataclasses.field(default_factory=dict)
    lock: threading.Lock = dataclasses.field(default_factory=threading.Lock)

    def take(self, label: str, test: dict[str, Any]) -> None:
        """Count and print one finished test, as testtools describes it.

        :param label: of its suite
        """
        with self.lock:
            self._take(label + test['id'], test)

    def _take(self, name: str, test: dict[str, Any]) -> None:
        status = test['status']
        if status in LISTED:
            return
        if status not in SKIPPED:
            self.outcomes[test['id']] = status in PASSED
        if status in PASSED:
            self.passed += 1
            print(f'ok      {name}{_duration(test)}', flush=True)
        elif status in SKIPPED:
            reason = _text(test, 'reason').strip() or 'no reason given'
            self.skips.append((name, reason))
            print(f'skipped {name}: {reason}', flush=True)
        else:
            self.failed += 1
            ended = 'did not end' if status == BEGUN else status
            print(f'FAILED  {name}{_duration(test)} ({ended})')
            for detail in test['details']:
                print(f'-- {detail}\n{_text(test, detail).rstrip()}')
            print(flush=True)

    def complain(self, message: str) -> None:
        with self.lock:
            self.failed += 1
            print(f'FAILED  {message}', flush=True)

    def close(self) -> int:
        """Print the summary and return the exit code."""
        print()
        for name, reason in self.skips:
            print(f'skipped: {name}: {reason}')
        print(
            f'{self.passed} passed, {self.failed} failed, '
            f'{len(self.skips)} skipped',
            flush=True,
        )
        return 1 if self.failed or not self.passed else 0


def _duration(test: dict[str, Any]) -> str:
    start, end = test['timestamps']
    if start is None or end is None:
        return ''
    return f' [{(end - start).total_seconds():.3f}s]'


def _text(test: dict[str, Any], detail: str) -> str:
    content = test['details'].get(detail)
    if content is None or content.content_type.type != 'text':
        return ''
    return str(content.as_text())
