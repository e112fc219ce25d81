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
 * Workload of the guest. On every disk (vd?, sd?) it fills a cold area
 * once, then writes numbered 4 KiB records to a ring, each with O_DIRECT
 * and fsync, and acknowledges each on the console once it is durable:
 *
 *     DISK vda slots=1024 newest=0
 *     COLD vda blocks=1024
 *     ACK vda 1
 *
 * After a reboot it goes on from the newest record that it finds. The
 * layout is described once more, for checking it, in lab/guests/written_records.py.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "parameter.h"

#define BLOCK 4096
#define SECTOR_WORDS 64
#define SECTORS 8
#define MIB (1 << 20)
#define RING_AT MIB
#define MIX 0x9E3779B97F4A7C15ULL

static const char RING[8] = "LABRING1";
static const char COLD[8] = "LABCOLD1";

/* One write(2) for a whole line: lines of several disks do not mix. */
static void say(const char *format, ...)
{
	char line[256];
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (write(1, line, length) < 0)
		_exit(1);
}

/*
 * Every sector carries the number, so that a torn record shows, and the
 * name of the disk, so that a record on the wrong disk does.
 */
static void fill(uint64_t *block, const char *magic, uint64_t number,
		 uint64_t disk)
{
	uint64_t value = (number ^ disk) * MIX;
	int sector, word;

	for (sector = 0; sector < SECTORS; sector++)
		for (word = 0; word < SECTOR_WORDS; word++)
			block[sector * SECTOR_WORDS + word] = value + sector;
	memcpy(block, magic, 8);
	block[1] = number;
	block[2] = disk;
}

static int whole(const uint64_t *block, const char *magic, uint64_t disk)
{
	uint64_t expected[BLOCK / 8];

	fill(expected, magic, block[1], disk);
	return !memcmp(block, expected, BLOCK);
}

static void give_up(const char *name, const char *what)
{
	say("FAIL %s %s: %s\n", name, what, strerror(errno));
	_exit(1);
}

/* Number of the newest whole record in the ring, 0 if there is none. */
static uint64_t newest(int file, const char *name, uint64_t *buffer,
		       long slots, uint64_t disk)
{
	uint64_t found = 0;
	long slot, i, some;

	for (slot = 0; slot < slots; slot += some) {
		some = slots - slot < MIB / BLOCK ? slots - slot : MIB / BLOCK;
		if (pread(file, buffer, some * BLOCK,
			  RING_AT + slot * BLOCK) != some * BLOCK)
			give_up(name, "read");
		for (i = 0; i < some; i++) {
			const uint64_t *block = buffer + i * (BLOCK / 8);

			if (whole(block, RING, disk) && block[1] > found)
				found = block[1];
		}
	}
	return found;
}

static void write_cold(int file, const char *name, uint64_t *buffer,
		       uint64_t offset, long mib, uint64_t disk)
{
	long done, i;

	for (done = 0; done < mib; done++) {
		for (i = 0; i < MIB / BLOCK; i++)
			fill(buffer + i * (BLOCK / 8), COLD,
			     done * (MIB / BLOCK) + i, disk);
		if (pwrite(file, buffer, MIB, offset + done * MIB) != MIB)
			give_up(name, "cold write");
	}
	if (fsync(file))
		give_up(name, "cold sync");
	say("COLD %s blocks=%ld\n", name, mib * (MIB / BLOCK));
}

static void work(const char *name)
{
	long slots = parameter("slots", 1024);
	long stride = parameter("stride", 1);
	long interval = parameter("interval_us", 10000);
	long cold = parameter("cold_mib", 4);
	uint64_t cold_at = RING_AT + ((uint64_t)slots * BLOCK + MIB - 1) /
				     MIB * MIB;
	uint64_t size = 0, disk = 0, number;
	uint64_t *buffer;
	char path[64];
	int file;

	memcpy(&disk, name, strnlen(name, 8));
	snprintf(path, sizeof(path), "/dev/%s", name);
	file = open(path, O_RDWR | O_DIRECT);
	if (file < 0)
		give_up(name, "open");
	if (ioctl(file, BLKGETSIZE64, &size) || size < cold_at + cold * MIB) {
		errno = ENOSPC;
		give_up(name, "size");
	}
	if (posix_memalign((void **)&buffer, BLOCK, MIB))
		give_up(name, "memory");

	number = newest(file, name, buffer, slots, disk);
	say("DISK %s slots=%ld newest=%llu\n", name, slots,
	    (unsigned long long)number);
	if (!number)
		write_cold(file, name, buffer, cold_at, cold, disk);
	for (;;) {
		number++;
		fill(buffer, RING, number, disk);
		if (pwrite(file, buffer, BLOCK,
			   RING_AT + number % slots * stride % slots * BLOCK)
		    != BLOCK)
			give_up(name, "write");
		if (fsync(file))
			give_up(name, "sync");
		say("ACK %s %llu\n", name, (unsigned long long)number);
		usleep(interval);
	}
}

static int is_disk(const char *name)
{
	return strlen(name) == 3 &&
	       (!strncmp(name, "vd", 2) || !strncmp(name, "sd", 2));
}

int main(void)
{
	char started[26][2] = { 0 };
	struct dirent *entry;
	char path[64];
	DIR *directory;

	say("BOOTED\n");
	/* Again and again: SCSI disks show up when they have been probed. */
	for (;; usleep(100000)) {
		directory = opendir("/sys/block");
		while (directory && (entry = readdir(directory))) {
			char *name = entry->d_name;
			char *seen;

			if (!is_disk(name))
				continue;
			seen = &started[name[2] - 'a'][name[0] == 's'];
			snprintf(path, sizeof(path), "/dev/%.3s", name);
			if (*seen || access(path, F_OK))
				continue;
			*seen = 1;
			if (!fork())
				work(name);
		}
		closedir(directory);
	}
}
