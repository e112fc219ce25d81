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

/* What the lab asks of a program, on the command line of the kernel. */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Value of lab.KEY on the kernel's command line. */
static long parameter(const char *key, long otherwise)
{
	static char line[4096];
	char wanted[64];
	char *found;
	int file = open("/proc/cmdline", O_RDONLY);
	ssize_t length = read(file, line, sizeof(line) - 1);

	close(file);
	line[length > 0 ? length : 0] = 0;
	snprintf(wanted, sizeof(wanted), " lab.%s=", key);
	found = strstr(line, wanted);
	return found ? atol(found + strlen(wanted)) : otherwise;
}
