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
 * First process of the guest: load the modules in the order of their
 * names, then become the writer. No shell, so that booting is quick.
 */

#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MODULES "/modules"

static void load(const char *name)
{
	char path[512];
	int file;

	snprintf(path, sizeof(path), MODULES "/%s", name);
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0 || syscall(SYS_finit_module, file, "", 0))
		perror(path);
	close(file);
}

int main(void)
{
	struct dirent **entries;
	int count, console, i;

	mkdir("/proc", 0755);
	mkdir("/sys", 0755);
	mkdir("/dev", 0755);
	mount("proc", "/proc", "proc", 0, NULL);
	mount("sys", "/sys", "sysfs", 0, NULL);
	mount("dev", "/dev", "devtmpfs", 0, NULL);

	console = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
	for (i = 0; i < 3; i++)
		dup2(console, i);

	count = scandir(MODULES, &entries, NULL, alphasort);
	for (i = 0; i < count; i++)
		if (entries[i]->d_name[0] != '.')
			load(entries[i]->d_name);

	execl("/writer", "/writer", NULL);
	perror("/writer");
	return 1;
}
