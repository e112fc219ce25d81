#!/bin/bash
# The first program of a host with a kernel of its own. Its root is the
# namespace of that host, through hostfs: what that has of its own, such as
# /etc/hosts and /etc/libvirt, is here too. What a kernel has to have for
# itself is mounted over it. In the environment, from the kernel's command
# line: LAB_NAME, LAB_ADDRESSES, LAB_PYTHON, LAB_AGENT, LAB_PORT.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/ LC_ALL=C.UTF-8
mount -t proc proc /proc
mount -t sysfs sysfs /sys
grep -q ' /dev devtmpfs ' /proc/mounts || mount -t devtmpfs dev /dev
exec < /dev/null > /dev/console 2>&1
set -e
hostname "$LAB_NAME"
mount -t tmpfs -o mode=755 tmpfs /run
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -p /run/lock /run/lvm /run/udev /run/libvirt
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
ln -s fd/0 /dev/stdin
ln -s fd/1 /dev/stdout
ln -s fd/2 /dev/stderr
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
# What others look at from outside is not to stay in this page cache.
echo 10 > /proc/sys/vm/dirty_writeback_centisecs
echo 10 > /proc/sys/vm/dirty_expire_centisecs

modprobe -a overlay dm-mod loop
# Disks of its own, sparse: for files, and two to make volume groups of. Not
# what this kernel has of its own, files outside: those stall under load.
mkdir -p /run/disks
mount -t tmpfs -o size=100% tmpfs /run/disks
for number in 0 1 2; do
    truncate -s 3G /run/disks/$number
    losetup --direct-io=on /dev/loop$number /run/disks/$number
done
mkfs.ext4 -q -m 0 -E nodiscard /dev/loop0
# Not all of /var: others see the host's log, and what libvirt knows of QEMU
# is kept.
for tree in etc var/lib; do
    over=/run/over/${tree//\//-}
    mkdir -p $over $over.work
    mount -t overlay -o \
        lowerdir=/$tree,upperdir=$over,workdir=$over.work overlay /$tree
done
mount -t tmpfs -o mode=755 tmpfs /mnt
mount -t ext4 /dev/loop0 /var/lib/libvirt
mkdir -p /var/lib/libvirt/images /mnt/shared

ip link set lo up
for address in ${LAB_ADDRESSES//,/ }; do
    ip address add "$address/24" dev vec0
done
ip link set vec0 up
/lib/systemd/systemd-udevd --daemon --children-max=2
udevadm trigger --type=devices --subsystem-match=block

# Should it end, there is nothing to stay for. What loses its parent is
# reaped here.
"$LAB_PYTHON" -I -S "$LAB_AGENT" "$LAB_PORT" &
set +e
wait $!
echo o > /proc/sysrq-trigger
sleep 60
