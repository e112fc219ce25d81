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

"""Run libvirt's event loop, without which it sends no keepalive."""

import threading

import libvirt

_NAME = 'libvirt-event-loop'


def start() -> None:
    """Start the loop in a thread that ends with the process.

    To be called before the first connection is opened. One loop is enough,
    however often.
    """
    if any(thread.name == _NAME for thread in threading.enumerate()):
        return
    libvirt.virEventRegisterDefaultImpl()
    threading.Thread(target=_run, name=_NAME, daemon=True).start()


def _run() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
