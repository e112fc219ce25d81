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

"""nova's thread pools, as far as its release takes them down at its end."""

import importlib


def are_taken_down() -> bool:
    """Tell whether nova ends its pools while migrations may still run.

    From 34 on, at the end of ComputeManager.cleanup_host, which it calls in
    a thread of its own then. Before, the main thread calls that and would
    wait with us.
    """
    try:
        found = importlib.import_module('nova.thread_pool_factory')
    except ImportError:
        return False
    return hasattr(found, 'shutdown_all_executors')
