/*
 * Licensed under the Apache License, Version 2.0 (the "License"); you may
 * not use this file except in compliance with the License. You may obtain
 * a copy of the License at
 *
 *      http://www.apache.org/licenses/LICENSE-2.0
 *
 * Unless required by applicable law or agreed to in writing, software
 * distributed under the License is distributed on an "AS IS" BASIS, WITHOUT
 * WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the
 * License for the specific language governing permissions and limitations
 * under the License.
 */

/*
 * Workload of a guest whose file system holds deleted data: mount the ext4
 * of its first disk, write a file that stays (lab.live MiB) and one that is
 * deleted (lab.dead MiB), say so, and become Debian's qemu-ga.
 */

#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "parameter.h"

#define MIB (1 << 20)

static void fill(const char *path, long count, uint64_t word)
{
	static uint64_t block[MIB / sizeof(uint64_t)];
	int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	size_t i;

	while (count-- > 0) {
		for (i = 0; i < MIB / sizeof(uint64_t); i++) {
			word ^= word << 13;
			word ^= word >> 7;
			word ^= word << 17;
			block[i] = word;
		}
		if (write(file, block, MIB) != MIB)
			perror(path);
		/* The memory of the guest is small. */
		fsync(file);
		posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	}
	close(file);
}

int main(void)
{
	mkdir("/run", 0755);
	mkdir("/data", 0755);
	if (mount("/dev/vda", "/data", "ext4", 0, NULL))
		perror("/data");
	fill("/data/live", parameter("live", 0), 88172645463325252ULL);
	fill("/data/dead", parameter("dead", 0), 1234567890123456789ULL);
	unlink("/data/dead");
	sync();
	printf("READY\n");
	fflush(stdout);
	/* One that is connected and says nothing: libvirt waits for it. */
	if (parameter("agent", 0) == 2)
		open("/dev/vport0p1", O_RDWR);
	if (parameter("agent", 0) == 1)
		execl("/usr/sbin/qemu-ga", "qemu-ga", "-m", "virtio-serial",
		      "-p", "/dev/vport0p1", "-t", "/run", NULL);
	for (;;)
		pause();
}
