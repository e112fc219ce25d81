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

"""The log lines of nova-compute that belong to a live migration.

A live migration has one plan id on both hosts, and before and after a restart
of nova-compute: core.model.plan_ids makes it.
"""

import collections.abc
import functools
import typing

from oslo_context import context as oslo_context
from oslo_log import log

from nova_selective_migrate import exceptions
from nova_selective_migrate import plan_log
from nova_selective_migrate.core.model import plan_ids
from nova_selective_migrate.host.journal import journal_entries

# nova.db.main.models: details of an event, message of a fault.
_LONGEST = 255
_MARK = f' {plan_ids.MARK_BEGIN}'
_Result = typing.TypeVar('_Result')


def journalled(journal: journal_entries.JournalEntries, instance: str) -> str:
    """Return the plan id of a journal's entry; empty where it has none.

    Entries of earlier releases have the request alone, or not even that.

    :param instance: UUID, the name of the entry
    """
    try:
        tree = journal.read(instance) or {}
    except exceptions.JournalFailed:
        return ''  # who reads the entry says so
    request = tree.get('request')
    return str(tree.get('plan_id') or plan_ids.of_request(request, instance))


def with_plan(text: str, context: typing.Any, instance: typing.Any) -> str:
    """Return a text of ours that nova keeps, with the plan id at its end.

    :param context: of nova's request
    """
    named = plan_ids.of_request(
        getattr(context, 'request_id', None), instance.uuid
    )
    if not named or named in text:
        return text
    return f'{text} {plan_ids.mark(named)}'


def without_plan(text: str) -> str:
    """Return a text without the plan id at its end."""
    return text.rpartition(_MARK)[0] or text


def shortened(text: str) -> str:
    """Return it so short that nova cuts nothing; the plan id stays."""
    head, found, tail = text.rpartition(_MARK)
    spare = _LONGEST - len(f'{found}{tail}'.encode())
    if not found or len(text.encode()) <= _LONGEST:
        return text
    cut = head.encode()[: spare - 3].decode(errors='ignore')
    return f'{cut}...{found}{tail}'


class MigrationLog(log.KeywordArgumentAdapter):
    """oslo.log's logger, with the plan id before the message.

    The id is the one that the call names (``plan_id=``), else that of the
    plan that the thread works on, else that of the thread's request and the
    instance of the line. nova sets the request in each of its threads.
    """

    def process(
        self, msg: typing.Any, kwargs: typing.Any
    ) -> tuple[typing.Any, typing.Any]:
        named = (
            kwargs.pop('plan_id', '')
            or plan_log.current()
            or _of_request(kwargs)
        )
        msg, kwargs = super().process(msg, kwargs)
        return f'{plan_log.prefix(named)}{msg}', kwargs


def _of_request(kwargs: typing.Any) -> str:
    instance = kwargs.get('instance')
    server = kwargs.get('instance_uuid') or getattr(instance, 'uuid', None)
    context = oslo_context.get_current()
    if context is None or server is None:
        return ''
    return plan_ids.of_request(context.request_id, str(server))


def logger(name: str) -> MigrationLog:
    """Return the logger of a module that logs of live migrations."""
    return MigrationLog(log.getLogger(name).logger, {'project': 'unknown'})


def of_request(
    method: collections.abc.Callable[..., _Result],
) -> collections.abc.Callable[..., _Result]:
    """Have all that an override of the driver does name its plan.

    :param method: of nova's driver, called with a context and an instance
    """

    @functools.wraps(method)
    def named(
        driver: typing.Any,
        context: typing.Any,
        instance: typing.Any,
        *args: typing.Any,
        **kwargs: typing.Any,
    ) -> _Result:
        request = getattr(context, 'request_id', None)
        with plan_log.working_on(plan_ids.of_request(request, instance.uuid)):
            return method(driver, context, instance, *args, **kwargs)

    return named
