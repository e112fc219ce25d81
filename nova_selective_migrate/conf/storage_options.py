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

"""What the operator declares of the storage of both hosts."""

from oslo_config import cfg

_DECLARATION_HELP = """
A prefix matches whole parts of a path, so ``/srv/a`` covers ``/srv/a/disk``
but not ``/srv/ab``. The longest prefix wins. For a network disk whose server
is on the loopback, give the beginning of its URI, such as
``nbd://127.0.0.1:10809``. A declaration decides if the hosts cannot show
whether storage is shared. If it contradicts what the hosts prove, the
migration is refused.

Possible values:

* An absolute path or a URI; repeat the option for each.

Related options:
"""

OPTIONS = [
    cfg.MultiStrOpt(
        'libvirt_shared_filesystems',
        default=[],
        help="""
The value of ``shared_filesystems`` in this host's ``qemu.conf``: paths below
which libvirt treats all files as shared, whatever their file system is.
libvirt refuses to migrate a server with a shared file on Lustre, on a FUSE
mount or on another file system that it does not know, so the plan is refused
too. You need this option only if nova-compute may not read ``qemu.conf``. It
needs libvirt 10.9 or newer.

Possible values:

* An absolute path; repeat the option for each.

Related options:

* ``shared_paths``: what the plan itself takes for shared.
""",
    ),
    cfg.MultiStrOpt(
        'shared_paths',
        default=[],
        help=f"""
Path prefixes below which disks are on storage that both hosts of a live
migration reach, so that they are never copied.
{_DECLARATION_HELP}
* ``local_paths``: the same prefix in both is a configuration error.
""",
    ),
    cfg.MultiStrOpt(
        'local_paths',
        default=[],
        help=f"""
Path prefixes below which disks are on storage of one host alone, so that a
live migration copies them.
{_DECLARATION_HELP}
* ``shared_paths``: the same prefix in both is a configuration error.
""",
    ),
]
