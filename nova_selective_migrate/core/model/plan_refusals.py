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

"""Why the whole plan is refused.

The codes are a contract; ``doc/source/reference/reason-codes.rst`` lists them.
"""

from nova_selective_migrate.core.model import refusal_reasons


class PlanRefusal(refusal_reasons.RefusalReason):
    """The whole guest is refused, for another reason than one disk."""

    DESTINATION_FULL = (
        'destination-full',
        'The destination has too little room for what is to be copied.',
        'make room there, or migrate to another host',
    )
    INSTANCE_DIRECTORY_EXISTS = (
        'instance-directory-exists',
        "The destination has the instance's directory already, and it is "
        'not ours to overwrite.',
        'look what it holds and move it away; it may be left over from an '
        'earlier migration or evacuation',
    )
    VOLUME_WITHOUT_DISK = (
        'volume-without-disk',
        'The block device mapping has a volume that no disk of the '
        'domain shows.',
        'detach the volume in nova, or attach it to the domain again',
    )
    DOMAIN_NOT_ACTIVE = (
        'domain-not-active',
        'Only a running or paused guest can be live-migrated.',
        'in nova, start the server, or move it offline; on the command line, '
        'start the guest, with virsh start --paused where nothing of it is to '
        'run before it has moved',
    )
    ACTIVE_JOB = (
        'active-job',
        'Another job runs on the guest, such as a migration, a save or a '
        'backup.',
        'wait for it; look with virsh domjobinfo',
    )
    ACTIVE_BLOCK_JOB = (
        'active-block-job',
        'libvirt migrates no guest while a block job runs.',
        'wait for the job; virsh blockjob --info shows how far it is',
    )
    SNAPSHOTS = (
        'snapshots',
        'libvirt migrates no guest that has snapshots.',
        'merge or delete those that are not needed any more with virsh '
        'snapshot-delete, or shut the guest down to move its images with '
        'all that is in them',
    )
    FILES_LEFT_BEHIND = (
        'files-left-behind',
        'The guest has a directory of its host as a file system, and nothing '
        'shows that the destination has the same: libvirt moves the guest '
        'without the files.',
        'put the directory on storage that both hosts reach and, where '
        'nothing can show that, declare it in shared_paths; or unmount it '
        'in the guest and detach it',
    )
    DEVICE_NOT_MIGRATABLE = (
        'device-not-migratable',
        'The guest has a device that belongs to this host, or that libvirt '
        'does not migrate.',
        'detach it before the migration, or shut the guest down to move it',
    )
    PAUSED_SINCE_MIGRATION = (
        'paused-since-migration',
        'The guest is paused and no disk has served a request here, so it '
        'may have come here paused; QEMU before 10.0 then crashes in the '
        'next migration that leaves a disk uncopied.',
        'resume the guest before the migration',
    )
    TLS_UNPREPARED = (
        'tls-unprepared',
        'TLS is asked for, and the source has no certificates for it.',
        'give both hosts ca-cert.pem, server-cert.pem, server-key.pem, '
        'client-cert.pem and client-key.pem in the directory that qemu.conf '
        'names, /etc/pki/qemu by default, or migrate without TLS on a network '
        'of its own',
    )
    TLS_UNUSABLE = (
        'tls-unusable',
        "TLS is asked for, and the source's certificates for it would be "
        'rejected.',
        'give the source a client-cert.pem of the same authority as '
        "ca-cert.pem, and valid today, with its key, in its qemu.conf's "
        'directory of certificates, or migrate without TLS on a network of '
        'its own',
    )
    TUNNELLED = (
        'tunnelled',
        'Disks cannot be copied through a tunnelled migration.',
        'migrate without the tunnel; use native TLS instead',
    )
    TOO_MANY_PARAMETERS = (
        'too-many-parameters',
        'libvirt passes at most 64 parameters, and each disk to copy is one.',
        'detach disks, or move some to shared storage',
    )
    DISKS_URI_UNUSABLE = (
        'disks-uri-unusable',
        'What the destination is to listen on for disks cannot be used.',
        'name tcp://address[:port] or unix:///path, with neither a port '
        'for disks nor, for a unix socket, TLS',
    )
    OPTIONS_CONFLICT = (
        'options-conflict',
        'Options for memory and definitions do not go together.',
        'leave out one of them, or add the one that is named',
    )
    NOT_THIN = (
        'not-thin',
        'The copy may take more room than its data, and it was asked not to.',
        'upgrade libvirt to 10.9 or newer on both hosts, or migrate with '
        'thin = auto',
    )
    BANDWIDTH_TOO_SMALL = (
        'bandwidth-too-small',
        'libvirt before 11.3 gives every disk at least 1 MiB/s: the disks '
        'together would take more than the limit.',
        'allow at least as many MiB/s as disks are copied, or upgrade libvirt '
        'on the source',
    )
    KNOWN_BAD_VERSION = (
        'known-bad-version',
        'This release of libvirt or QEMU is known to break a migration '
        'that copies disks.',
        'upgrade it',
    )
    # The destination does not take the guest, whatever its storage is.
    EMULATOR_MISSING = (
        'emulator-missing',
        'The destination has no usable QEMU at the path that the guest names.',
        'install it there, or make a link of that name to the QEMU that is '
        'there',
    )
    MACHINE_UNSUPPORTED = (
        'machine-unsupported',
        "QEMU at the destination does not know the guest's machine type.",
        'upgrade QEMU there, or migrate to a host that has it',
    )
    ACCELERATOR_MISSING = (
        'accelerator-missing',
        'The destination does not support the hypervisor that the guest '
        'runs with.',
        'enable virtualization in its firmware and load the kernel module '
        'of KVM there, or migrate to another host',
    )
    CPU_INCOMPATIBLE = (
        'cpu-incompatible',
        "The destination's CPU lacks what the guest's has.",
        'migrate to a host with that or a newer CPU, or start the guest '
        'with a CPU model that both hosts have',
    )
    DEVICE_UNSUPPORTED = (
        'device-unsupported',
        'QEMU at the destination does not have a device of the guest.',
        'install the package that has it there, migrate to another host, or '
        'start the guest without it',
    )
    NETWORK_MISSING = (
        'network-missing',
        'A network interface of the guest is connected to what the '
        'destination does not have.',
        'make or start it there under the same name, with virsh net-start '
        'or as that host makes its bridges',
    )
    GUEST_AT_DESTINATION = (
        'guest-at-destination',
        'The destination has a guest with this UUID that is not off.',
        'look at both hosts before anything else: one may be left from an '
        'earlier migration, and both may write to the same disks',
    )
    NAME_TAKEN = (
        'name-taken',
        "Another domain of the destination has the guest's name or UUID.",
        'give that domain another name with virsh domrename, or another UUID '
        'if it is a clone of this guest',
    )
    DESTINATION_MEMORY = (
        'destination-memory',
        'The destination has too little memory for the guest.',
        'make room there, or migrate to another host',
    )
    HUGE_PAGES_MISSING = (
        'huge-pages-missing',
        'The guest is in huge pages, and the destination has too few.',
        'have more made there with virsh allocpages, or migrate to another '
        'host',
    )
    PORT_UNREACHABLE = (
        'port-unreachable',
        'The source does not reach a port of the destination that the '
        'migration needs.',
        "open it in the destination's firewall for the source",
    )
    PORT_TAKEN = (
        'port-taken',
        'Something listens already on a port that was named for the '
        'migration.',
        'name another one, or none: the destination chooses one that is free',
    )


#: What libvirt would find itself before the guest has stopped, or at worst
#: the destination's kernel: of these an operator may know better.
ACCEPTABLE = (
    PlanRefusal.EMULATOR_MISSING,
    PlanRefusal.MACHINE_UNSUPPORTED,
    PlanRefusal.ACCELERATOR_MISSING,
    PlanRefusal.CPU_INCOMPATIBLE,
    PlanRefusal.DEVICE_UNSUPPORTED,
    PlanRefusal.NETWORK_MISSING,
    PlanRefusal.TLS_UNUSABLE,
    PlanRefusal.DESTINATION_MEMORY,
    PlanRefusal.HUGE_PAGES_MISSING,
    PlanRefusal.PORT_UNREACHABLE,
)
