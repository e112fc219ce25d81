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

"""How hard hypothesis searches, by the environment.

``HYPOTHESIS_PROFILE`` names the profile: ``ci``, the default, is the same
in every run and short, ``brief`` a quarter of it, as ``make check`` asks for;
``long`` searches for minutes and by chance.
"""

import os

import hypothesis

_SLOW = (
    hypothesis.HealthCheck.too_slow,
    hypothesis.HealthCheck.filter_too_much,
    hypothesis.HealthCheck.data_too_large,
)


def brief() -> bool:
    """Tell whether less than usual is to be searched."""
    return os.environ.get('HYPOTHESIS_PROFILE') == 'brief'


def load() -> None:
    """Register the profiles and take one."""
    for name, examples in (('ci', 100), ('brief', 25)):
        hypothesis.settings.register_profile(
            name,
            derandomize=True,
            database=None,
            deadline=None,
            max_examples=examples,
            suppress_health_check=_SLOW,
        )
    hypothesis.settings.register_profile(
        'long',
        database=None,
        deadline=None,
        max_examples=5000,
        suppress_health_check=_SLOW,
    )
    hypothesis.settings.load_profile(
        os.environ.get('HYPOTHESIS_PROFILE', 'ci')
    )
