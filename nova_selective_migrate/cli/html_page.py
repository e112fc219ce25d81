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

"""One HTML page of a report, which needs no network."""

import base64
import hashlib
import typing

import jinja2

from nova_selective_migrate.cli import audit_table

_CLI = 'nova_selective_migrate.cli'
_SCRIPT = 'page_table.js'


def render(name: str, package: str = _CLI, **values: typing.Any) -> str:
    """Return a page.

    :param name: of the template, below ``templates`` of the package
    :param package: where it is; what pages have in common is here
    :param values: what it shows, by name
    """
    environment = jinja2.Environment(
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(package), jinja2.PackageLoader(_CLI)]
        ),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters['size'] = audit_table.size
    environment.filters['duration'] = audit_table.duration
    environment.filters['codes'] = audit_table.codes
    environment.filters['can_move'] = audit_table.can_move
    environment.filters['of_nova'] = audit_table.of_nova
    # The browser runs this one script, whatever a guest is called.
    script = environment.get_template(_SCRIPT).render()
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest())
    text: str = environment.get_template(name).render(
        values,
        script=script,
        script_hash=f'sha256-{digest.decode()}',
    )
    return f'{text}\n'
