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

"""The [selective_migrate] options."""

import copy

from oslo_config import cfg

from nova_selective_migrate.conf import copy_options
from nova_selective_migrate.conf import driver_options
from nova_selective_migrate.conf import metrics_options
from nova_selective_migrate.conf import storage_options

GROUP = cfg.OptGroup(
    name='selective_migrate',
    title='Selective live migration',
    help="""
Live migration that copies exactly the local disks of a guest and keeps
those that both hosts reach.
""",
)

OPTIONS = [
    *driver_options.OPTIONS,
    *copy_options.OPTIONS,
    *storage_options.OPTIONS,
    *metrics_options.OPTIONS,
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options with a configuration, never with the global one."""
    # oslo.config copies a group with the options that it was given: two
    # configurations would share the values of these.
    group = copy.deepcopy(GROUP)
    conf.register_group(group)
    conf.register_opts(OPTIONS, group=group)


def list_opts() -> list[tuple[cfg.OptGroup, list[cfg.Opt]]]:
    """Return the options for the sample configuration's generator."""
    return [(GROUP, list(OPTIONS))]
