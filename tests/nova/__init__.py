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

"""Tests with nova's own functional stack, from its wheel.

They run with the interpreter of .nova/VERSION, see tools/test_run.
"""

# Before anything else: it chooses nova's concurrency backend.
import nova.tests.functional  # noqa: F401

# Python has no distutils from 3.12 on, nova 29 imports it, setuptools brings
# it. nova's tests make errors of its warnings, and it is not there then.
import setuptools  # noqa: F401
