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

"""Make the destination as it was before a copy that did not converge."""

from nova_selective_migrate.host.journal import run as run_
from nova_selective_migrate.host.migration import conclusion
from nova_selective_migrate.host.migration import settling


def cleared(hosts: conclusion.Hosts, run: run_.Run, held: list[str]) -> bool:
    """Remove what a run has made; tell whether another one may begin.

    It may where the source has the guest, the destination has nothing of
    it, no job runs, and nothing of the run is left. An image is not used
    twice: what it holds already would survive where a copy of top images
    alone writes nothing.

    :param held: paths that this process has made
    """
    settled = settling.settle(hosts.source, hosts.destination, run.uuid)
    return settled.vacant and not hosts.clean(run, held).left
