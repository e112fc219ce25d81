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

"""Serve a directory of one host by NFS 4.2, and mount it on others."""

from dataclasses import dataclass

from lab.hosts.lab_host import Host

#: Seconds that a server which starts waits for clients of its last run, the
#: least that there is. Nobody may open a file meanwhile.
_GRACE = 10
_START = f"""
set -e
grep -q ' /proc/fs/nfsd ' /proc/mounts && exit
modprobe -a nfsd nfsv4
mount -t nfsd nfsd /proc/fs/nfsd
mkdir -p /var/lib/nfs/rpc_pipefs /var/lib/nfs/v4recovery
touch /var/lib/nfs/etab /var/lib/nfs/rmtab
rpc.nfsd --no-nfs-version 3 --grace-time {_GRACE} --lease-time {_GRACE} 4
rpc.mountd --no-nfs-version 3
"""


@dataclass(frozen=True)
class NfsExport:
    """The directory of a host that the other hosts may mount: one a host."""

    server: Host
    directory: str

    @classmethod
    def create(
        cls, server: Host, directory: str, *options: str
    ) -> 'NfsExport':
        """Make the directory if need be, start the server, and export it.

        :param options: of exports(5), besides the usual ones
        """
        server.run(['mkdir', '-p', directory])
        server.run(['sh', '-c', _START])
        # fsid=0: it is the root of what is served, because the root of the
        # host, hostfs, cannot be.
        said = ['rw', 'sync', 'no_subtree_check', 'no_root_squash', 'fsid=0']
        said += ['insecure', *options]
        server.run(['exportfs', '-o', ','.join(said), f'*:{directory}'])
        return cls(server, directory)

    def replace(self, below: str) -> None:
        """Put an empty directory in place of one: what was there is gone."""
        path = f'{self.directory}/{below}'
        self.server.run(['rm', '-r', path])
        self.server.run(['mkdir', path])

    def withdraw(self) -> None:
        """Export it no longer."""
        self.server.run(['exportfs', '-u', f'*:{self.directory}'])
        self.server.run(['exportfs', '-f'])

    def mount(self, host: Host, where: str, below: str = '') -> None:
        """Mount it on another host.

        :param below: a directory in it, to be made where it is missing
        """
        self.server.run(['mkdir', '-p', f'{self.directory}/{below}'])
        host.run(['mkdir', '-p', where])
        host.run(
            ['mount', '-t', 'nfs', '-o', 'vers=4.2']
            + [f'{self.server.name}:/{below}', where]
        )
        # Comes back when the server lets files be opened.
        file = f'{where}/.opened-by-{host.name}'
        host.run(['sh', '-c', f'> {file} && rm {file}'])


def unmount(host: Host, where: str) -> None:
    """Unmount what a host has there, even if its server is gone."""
    host.run(['umount', '--force', '--lazy', where], check=False)
