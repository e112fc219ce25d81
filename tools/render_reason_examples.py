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

"""Write doc/source/reference/reason-examples.json: a message of each code.

The messages are those of the scenarios in tests/unit/core. Run it after a
change of a message: ``python -m tools.render_reason_examples``. An example
that a scenario still gives stays; tests/unit/test_reason_pages.py asks for it.
"""

import json
import pathlib

from tests.unit.core import reason_examples

FILE = (
    pathlib.Path(__file__).parents[1]
    / 'doc/source/reference/reason-examples.json'
)


def main() -> None:
    """Write the file."""
    kept = json.loads(FILE.read_text()) if FILE.exists() else {}
    found = {}
    for code, messages in reason_examples.messages().items():
        before = kept.get(code)
        best = min(messages, key=lambda text: (len(text), text))
        found[code] = before if before in messages else best
    FILE.write_text(json.dumps(found, indent=1, sort_keys=True) + '\n')


if __name__ == '__main__':
    main()
