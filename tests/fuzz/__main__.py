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

"""Fuzz one target, guided by coverage: python -m tests.fuzz TARGET SECONDS.

What is found on the way is kept in .fuzz, for the next run.
"""

import pathlib
import sys

import atheris

with atheris.instrument_imports(include=['nova_selective_migrate']):
    from tests.fuzz import targets

from tests.fuzz import seeds

TOP = pathlib.Path(__file__).resolve().parents[2] / '.fuzz'


def main(target: str, seconds: str, *more: str) -> None:
    """Fuzz a target; libFuzzer ends the process, 0 where nothing is found.

    :param more: options of libFuzzer, or a file to try alone
    """
    corpus = TOP / target
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds.of(target)):
        (corpus / f'seed-{number}').write_bytes(seed)
    words = TOP / 'words'
    words.write_text(
        ''.join('"{}"\n'.format(w.replace('"', r'\"')) for w in seeds.WORDS)
    )

    def run(data: bytes) -> None:
        targets.TARGETS[target](data)

    arguments = [
        sys.argv[0],
        f'-max_total_time={seconds}',
        f'-dict={words}',
        f'-artifact_prefix={TOP}/{target}-',
        '-max_len=20000',
        '-timeout=20',
        *(more or (str(corpus),)),
    ]
    atheris.Setup(arguments, run)
    atheris.Fuzz()


if __name__ == '__main__':
    main(*sys.argv[1:])
