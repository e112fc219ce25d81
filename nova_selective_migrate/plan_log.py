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

"""The plan id that each log line of a migration begins with.

One id names a migration on both hosts, in logs, journals, events and faults:
what belongs to it is found by one search.
"""

import collections.abc
import contextlib
import contextvars
import logging
import typing

from nova_selective_migrate.core.model import plan_ids

_CURRENT: contextvars.ContextVar[str] = contextvars.ContextVar(
    'plan_id', default=''
)


def prefix(plan_id: str) -> str:
    """Return how a line of a plan begins; empty where there is none."""
    return f'{plan_ids.mark(plan_id)} ' if plan_id else ''


def current() -> str:
    """Return the plan that this thread works on; empty where none is set."""
    return _CURRENT.get()


@contextlib.contextmanager
def working_on(plan_id: str) -> collections.abc.Iterator[None]:
    """Have all lines of this thread name a plan that name no other.

    An empty id changes nothing.
    """
    token = _CURRENT.set(plan_id or _CURRENT.get())
    try:
        yield
    finally:
        _CURRENT.reset(token)


def in_thread(
    run: collections.abc.Callable[..., None], plan_id: str = ''
) -> collections.abc.Callable[..., None]:
    """Return what a new thread has to run so that it names a plan.

    :param plan_id: empty for the plan that this thread works on
    """
    named = plan_id or current()

    def running(*arguments: typing.Any) -> None:
        with working_on(named):
            run(*arguments)

    return running


if typing.TYPE_CHECKING:
    _Adapter = logging.LoggerAdapter[logging.Logger]
else:  # Python 3.10 cannot subscript it.
    _Adapter = logging.LoggerAdapter


class PlanLog(_Adapter):
    """A logger whose lines begin with the plan id.

    A call may name the plan itself: ``LOG.info('...', plan_id=...)``.
    """

    def process(
        self, msg: typing.Any, kwargs: typing.Any
    ) -> tuple[typing.Any, typing.Any]:
        named = kwargs.pop('plan_id', '') or current()
        return f'{prefix(named)}{msg}', kwargs


def logger(name: str) -> PlanLog:
    """Return the logger of a module that works on migrations."""
    return PlanLog(logging.getLogger(name), {})
