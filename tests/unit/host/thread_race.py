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

"""Functions that are called at once, each in a thread of its own."""

import threading


def race(*functions):
    """Run functions at once, each in a thread; return what each returned."""
    barrier = threading.Barrier(len(functions))
    found = [None] * len(functions)

    def run(number):
        barrier.wait()
        found[number] = functions[number]()

    threads = [
        threading.Thread(target=run, args=(number,))
        for number in range(len(functions))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
