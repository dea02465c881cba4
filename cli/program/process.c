#include "program/process.h"

#include <elf.h>
#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/human.h"

#include "shunt/protocol.h"

#define DELETED " (deleted)"
#define MEMORY "/memfd:shunt" DELETED
#define ENVIRON_MAX (4u << 20)
#define AUXV_PAIRS_MAX 64u /* some 25 are used */

/* --- the memory map --------------------------------------------------------------------------- */

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

/* Whether the file name is `name` followed by nothing but a version. */
static bool is_library(const char *path, const char *name)
{
	const char *base = strrchr(path, '/');
	size_t length = strlen(name);

	return base && strncmp(base + 1, name, length) == 0 &&
	       (base[1 + length] == '\0' || base[1 + length] == '.');
}

static void take_library(struct process_library *library, const char *path, bool replaced)
{
	snprintf(library->path, sizeof(library->path), "%s", path);
	human_printable(library->path);
	library->replaced = replaced;
}

static void read_mapping(struct process *process, unsigned long long inode, char *path)
{
	bool deleted = ends_with(path, DELETED);

	if (strcmp(path, MEMORY) == 0) {
		process->mapped = true;
		process->table = inode;
		return;
	}
	if (deleted)
		path[strlen(path) - strlen(DELETED)] = '\0';
	if (is_library(path, "libshunt.so"))
		take_library(&process->preload, path, deleted);
	else if (is_library(path, "libnss_shunt.so"))
		take_library(&process->nss, path, deleted);
}

void process_read_maps(struct process *process, FILE *maps)
{
	unsigned long long inode;
	size_t room = 0;
	char *line = NULL;
	int path;

	/* address perms offset device inode path */
	while (getline(&line, &room, maps) > 0) {
		line[strcspn(line, "\n")] = '\0';
		path = 0;
		if (sscanf(line, "%*s %*s %*s %*s %llu %n", &inode, &path) == 1 && path &&
		    line[path] == '/')
			read_mapping(process, inode, line + path);
	}
	free(line);
}

/*
 * --- the environment ----------------------------------------------------------------------------
 */

void process_take_environ(struct process *process, char *text, size_t size)
{
	const struct {
		const char *name;
		const char **value;
	} variables[] = { { "LD_PRELOAD=", &process->ld_preload },
		          { "SHUNT_DISABLE=", &process->disable },
		          { "SHUNT_FORCE=", &process->force },
		          { "SHUNT_SOCKET=", &process->socket },
		          { "GODEBUG=", &process->godebug } };

	process->environ = text;
	for (const char *entry = text; entry < text + size; entry += strlen(entry) + 1) {
		for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
			size_t length = strlen(variables[i].name);

			/* The first entry counts, as for getenv(3). */
			if (!*variables[i].value && strncmp(entry, variables[i].name, length) == 0)
				*variables[i].value = entry + length;
		}
	}
}

static void read_environ(struct process *process, FILE *file)
{
	char *text = malloc(ENVIRON_MAX + 1), *fitting;
	size_t size = text ? fread(text, 1, ENVIRON_MAX, file) : 0;

	if (!text)
		return;
	text[size] = '\0';
	fitting = realloc(text, size + 1);
	process_take_environ(process, fitting ? fitting : text, size);
}

/*
 * --- executable, table, sockets -----------------------------------------------------------------
 */

static FILE *open_part(pid_t pid, const char *part)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, part);
	return fopen(path, "re");
}

/* The next word, of the program's own width. */
static bool read_word(FILE *file, unsigned bits, uint64_t *word)
{
	uint32_t narrow;

	if (bits != 32)
		return fread(word, sizeof(*word), 1, file) == 1;
	if (fread(&narrow, sizeof(narrow), 1, file) != 1)
		return false;
	*word = narrow;
	return true;
}

static void read_auxv(struct process *process, FILE *file)
{
	uint64_t key, value;

	for (unsigned i = 0; i < AUXV_PAIRS_MAX && read_word(file, process->kind.bits, &key) &&
	                     read_word(file, process->kind.bits, &value);
	     i++)
		if (key == AT_SECURE)
			process->secure = value != 0;
}

void process_read_cgroup(struct process *process, FILE *cgroup)
{
	size_t room = 0;
	char *line = NULL;

	/* "0::PATH" is the unified hierarchy (cgroups(7)). */
	while (getline(&line, &room, cgroup) > 0) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::", 3) == 0)
			snprintf(process->cgroup, sizeof(process->cgroup), "%s", line + 3);
	}
	free(line);
	human_printable(process->cgroup);
}

bool process_lists_nss(FILE *nsswitch)
{
	size_t room = 0;
	char *line = NULL, *rest, *word;
	bool listed = false;

	while (getline(&line, &room, nsswitch) > 0) {
		line[strcspn(line, "#\n")] = '\0';
		rest = line + strspn(line, " \t");
		if (strncmp(rest, "hosts:", 6) != 0)
			continue;
		for (rest += 6; (word = strsep(&rest, " \t[]"));)
			listed |= strcmp(word, "shunt") == 0;
	}
	free(line);
	return listed;
}

/* Where the library looks for the daemon, as seen by the process. */
static enum process_socket compare_socket(const struct process *process, const char *daemon_socket)
{
	const char *named = process->socket && *process->socket && !process->secure
	                            ? process->socket
	                            : SHUNT_SOCKET_PATH;
	char path[PATH_MAX];
	struct stat its, daemons;

	snprintf(path, sizeof(path), "/proc/%d/%s/%s", (int)process->pid,
	         *named == '/' ? "root" : "cwd", named);
	if (stat(path, &its) < 0)
		return PROCESS_SOCKET_ABSENT;
	if (stat(daemon_socket, &daemons) < 0)
		return strcmp(named, daemon_socket) == 0 ? PROCESS_SOCKET_SAME
		                                         : PROCESS_SOCKET_OTHER;
	return its.st_dev == daemons.st_dev && its.st_ino == daemons.st_ino ? PROCESS_SOCKET_SAME
	                                                                    : PROCESS_SOCKET_OTHER;
}

/* Returns false and sets errno if the program cannot be named. */
static bool read_program(struct process *process)
{
	char path[64];
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)process->pid);
	length = readlink(path, process->program, sizeof(process->program) - 1);
	if (length < 0)
		return false;
	process->program[length] = '\0';
	human_printable(process->program);
	/* The kind of a program that can be executed but not read stays unknown. */
	if (!program_read(path, &process->kind))
		process->kind = (struct program_kind){ 0 };
	return true;
}

static void read_parts(struct process *process, const char *daemon_socket)
{
	const struct {
		const char *part;
		void (*read)(struct process *process, FILE *file);
	} parts[] = { { "maps", process_read_maps },
		      { "environ", read_environ },
		      { "auxv", read_auxv },
		      { "cgroup", process_read_cgroup } };
	FILE *file;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		file = open_part(process->pid, parts[i].part);
		if (file) {
			parts[i].read(process, file);
			fclose(file);
		}
	}
	file = open_part(process->pid, "root/etc/nsswitch.conf");
	if (file) {
		process->nss_listed = process_lists_nss(file);
		fclose(file);
	}
	process->socket_is = compare_socket(process, daemon_socket);
}

static bool fail(const struct process *process, int error, char text[PROCESS_ERROR_MAX])
{
	const struct passwd *user = getpwuid(process->uid);

	if (error == EACCES || error == EPERM)
		snprintf(text, PROCESS_ERROR_MAX,
		         "process %d cannot be inspected: it belongs to %s%s; run this as root or "
		         "as that user",
		         (int)process->pid, user ? "" : "another user", user ? user->pw_name : "");
	else if (error == ENOENT)
		snprintf(text, PROCESS_ERROR_MAX,
		         "process %d has ended, or is a kernel thread: it makes no lookups",
		         (int)process->pid);
	else
		snprintf(text, PROCESS_ERROR_MAX, "process %d: %s", (int)process->pid,
		         strerror(error));
	return false;
}

bool process_read(struct process *process, pid_t pid, const char *daemon_socket,
                  char error[PROCESS_ERROR_MAX])
{
	char path[64];
	struct stat status;

	*process = (struct process){ .pid = pid };
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	if (stat(path, &status) < 0) {
		snprintf(error, PROCESS_ERROR_MAX, "there is no process %d", (int)pid);
		return false;
	}
	process->uid = status.st_uid;
	if (!read_program(process))
		return fail(process, errno, error);
	read_parts(process, daemon_socket);
	return true;
}

bool process_is_denied(pid_t pid)
{
	char path[64], program[2];

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	return readlink(path, program, sizeof(program)) < 0 && (errno == EACCES || errno == EPERM);
}

void process_free(struct process *process)
{
	free(process->environ);
}
