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

"""Tests of nova-selective-migrate."""

import contextlib
import sys
import unittest

if sys.version_info < (3, 11):

    def _enter_context(self, manager):
        """Enter a context and leave it after the test, as 3.11 has it."""
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        return stack.enter_context(manager)

    def _enter_class_context(cls, manager):
        stack = contextlib.ExitStack()
        cls.addClassCleanup(stack.close)
        return stack.enter_context(manager)

    unittest.TestCase.enterContext = _enter_context
    unittest.TestCase.enterClassContext = classmethod(_enter_class_context)
