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

"""Makes our commands known to python-openstackclient.

It looks for these names in each module of openstack.cli.extension, and takes
the commands of the entry points openstack.selective_migrate.v1.
"""

import argparse
import typing

API_NAME = 'selective_migrate'
API_VERSION_OPTION = 'os_selective_migrate_api_version'
API_VERSIONS = ('1',)
DEFAULT_API_VERSION = '1'


def make_client(instance: typing.Any) -> typing.Any:
    """Return the connection of openstacksdk: there is no API of our own."""
    return instance.sdk_connection


def build_option_parser(
    parser: argparse.ArgumentParser,
) -> argparse.ArgumentParser:
    """Add no global option: there is one version of the commands."""
    return parser
