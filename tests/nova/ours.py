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

"""Our driver in nova-compute, as a test has configured it."""

import typing

from nova_selective_migrate import conf
from tests.nova import base
from tests.nova import hosts


class OursTest(base.MigrationTest):
    """Both hosts have our driver; os-vif makes it known, as in production."""

    DRIVER = hosts.OURS
    OPTIONS: typing.ClassVar[dict[str, typing.Any]] = {'enabled': True}

    def setUp(self):
        super().setUp()
        self.configure(**self.OPTIONS)
        self.start_hosts()

    def configure(self, **options: typing.Any) -> None:
        """Set options of [selective_migrate]."""
        conf.register_opts(base.CONF)
        self.flags(group='selective_migrate', **options)
