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

"""A Placement that forgets everything."""

from collections.abc import Callable

from nova.compute import provider_tree
from nova.scheduler.client import report


class Reports:
    """Stand in for nova.scheduler.client.report.SchedulerReportClient."""

    def get_provider_tree_and_ensure_root(
        self, context: object, uuid: str, name: str | None = None, **_: object
    ) -> provider_tree.ProviderTree:
        """Return a tree with that provider alone."""
        tree = provider_tree.ProviderTree()
        tree.new_root(name or uuid, uuid, generation=0)
        return tree

    #: Its name since nova 34.
    get_provider_subtree_and_ensure_root = get_provider_tree_and_ensure_root

    def get_allocations_for_resource_provider(
        self, context: object, uuid: str
    ) -> report.ProviderAllocInfo:
        """Return no allocations."""
        return report.ProviderAllocInfo(allocations={})

    def __getattr__(self, name: str) -> Callable[..., dict[str, object]]:
        """Know nothing and report nothing."""
        return lambda *_, **__: {}
