#include "program/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin:/usr/bin" /* the path that execvp(3) uses if PATH is not set */
/* limit of program headers that are examined; linkers create about 13 */
#define SEGMENTS_MAX 256u
#define NOTES_MAX 64u /* of one segment that are looked at */
/* limit of entries that are examined; one for each library, and some 30 others */
#define DYNAMIC_MAX 4096u
#define ASAN "libasan.so."

static int executable(const char *path)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return errno;
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	if (!S_ISREG(status.st_mode))
		return EACCES;
	return access(path, X_OK) < 0 ? errno : 0;
}

/* The first executable file wins; otherwise a refusal is more informative than an absence. */
static int search(const char *name, char path[PATH_MAX])
{
	const char *folders = getenv("PATH"), *at, *end;
	int worst = ENOENT;

	for (at = folders ? folders : DEFAULT_PATH;; at = end + 1) {
		int error, n;

		end = strchrnul(at, ':');
		n = snprintf(path, PATH_MAX, "%.*s%s%s", (int)(end - at), at, end > at ? "/" : "",
		             name);
		error = n < PATH_MAX ? executable(path) : ENAMETOOLONG;
		if (!error)
			return 0;
		if (error == EACCES || error == EISDIR)
			worst = error;
		if (!*end)
			return worst;
	}
}

int program_find(const char *name, char path[PATH_MAX])
{
	if (!*name)
		return ENOENT;
	if (!strchr(name, '/'))
		return search(name, path);
	if (snprintf(path, PATH_MAX, "%s", name) >= PATH_MAX)
		return ENAMETOOLONG;
	return executable(path);
}

/* The place of the program headers, for either width. */
struct segments {
	unsigned long long offset;
	unsigned count, size;
	bool wide;
};

/* A program header, of either width. */
struct segment {
	Elf32_Word type;
	unsigned long long offset, address, size;
};

static bool read_segments(int fd, struct segments *segments)
{
	union {
		unsigned char ident[EI_NIDENT];
		Elf32_Ehdr narrow;
		Elf64_Ehdr wide;
	} header;
	ssize_t n = pread(fd, &header, sizeof(header), 0);

	if (n < (ssize_t)sizeof(header.narrow) || memcmp(header.ident, ELFMAG, SELFMAG) != 0)
		return false;
	if (header.ident[EI_CLASS] == ELFCLASS64 && n == sizeof(header.wide))
		*segments = (struct segments){ header.wide.e_phoff, header.wide.e_phnum,
			                       header.wide.e_phentsize, true };
	else if (header.ident[EI_CLASS] == ELFCLASS32)
		*segments = (struct segments){ header.narrow.e_phoff, header.narrow.e_phnum,
			                       header.narrow.e_phentsize, false };
	else
		return false;
	return true;
}

static bool read_at(int fd, void *out, size_t size, unsigned long long offset)
{
	return pread(fd, out, size, (off_t)offset) == (ssize_t)size;
}

static bool read_segment(int fd, const struct segments *segments, unsigned i, struct segment *out)
{
	unsigned long long at = segments->offset + (unsigned long long)i * segments->size;
	Elf32_Phdr narrow;
	Elf64_Phdr wide;

	if (i >= segments->count || i >= SEGMENTS_MAX)
		return false;
	if (segments->wide && read_at(fd, &wide, sizeof(wide), at))
		*out = (struct segment){ wide.p_type, wide.p_offset, wide.p_vaddr, wide.p_filesz };
	else if (!segments->wide && read_at(fd, &narrow, sizeof(narrow), at))
		*out = (struct segment){ narrow.p_type, narrow.p_offset, narrow.p_vaddr,
			                 narrow.p_filesz };
	else
		return false;
	return true;
}

static bool find_segment(int fd, const struct segments *segments, Elf32_Word type,
                         struct segment *out)
{
	for (unsigned i = 0; read_segment(fd, segments, i, out); i++)
		if (out->type == type)
			return true;
	return false;
}

/* No statement about a file that is not a program, or whose headers cannot be read. */
static bool is_static(int fd)
{
	struct segments segments;
	struct segment segment;
	unsigned readable = 0;

	if (!read_segments(fd, &segments) || find_segment(fd, &segments, PT_INTERP, &segment))
		return false;
	while (read_segment(fd, &segments, readable, &segment))
		readable++;
	return readable == segments.count || readable == SEGMENTS_MAX;
}

/* glibc's loaders have other names. */
static bool is_musl(int fd)
{
	struct segments segments;
	struct segment interpreter;
	char name[PROGRAM_NAME_SIZE] = "";

	return read_segments(fd, &segments) &&
	       find_segment(fd, &segments, PT_INTERP, &interpreter) &&
	       pread(fd, name, sizeof(name) - 1, (off_t)interpreter.offset) > 0 &&
	       strstr(name, "/ld-musl-");
}

/* Whether a segment of notes has one of Go's linker (ELF gABI, "Note Section"). */
static bool has_go_note(int fd, const struct segment *notes)
{
	struct {
		Elf32_Word name_size, size, type;
		char name[4];
	} note;
	unsigned long long at = 0;

	for (unsigned i = 0; i < NOTES_MAX && at + sizeof(note) <= notes->size; i++) {
		if (!read_at(fd, &note, sizeof(note), notes->offset + at))
			return false;
		if (note.name_size == sizeof(note.name) && memcmp(note.name, "Go\0", 4) == 0)
			return true;
		at += 12 + (((unsigned long long)note.name_size + 3) & ~3ull) +
		      (((unsigned long long)note.size + 3) & ~3ull);
	}
	return false;
}

static bool is_go(int fd)
{
	struct segments segments;
	struct segment segment;

	if (!read_segments(fd, &segments))
		return false;
	for (unsigned i = 0; read_segment(fd, &segments, i, &segment); i++)
		if (segment.type == PT_NOTE && has_go_note(fd, &segment))
			return true;
	return false;
}

static unsigned bits_of(int fd)
{
	struct segments segments;

	if (!read_segments(fd, &segments))
		return 0;
	return segments.wide ? 64 : 32;
}

bool program_read(const char *path, struct program_kind *kind)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0)
		return false;
	*kind = (struct program_kind){ .bits = bits_of(fd),
		                       .is_static = is_static(fd),
		                       .is_musl = is_musl(fd),
		                       .is_go = is_go(fd) };
	close(fd);
	return true;
}

/* --- what it is linked with ------------------------------------------------------------------- */

struct dynamic {
	unsigned long long tag, value;
};

static bool read_dynamic(int fd, const struct segments *segments, const struct segment *section,
                         unsigned i, struct dynamic *out)
{
	size_t size = segments->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	unsigned long long at = section->offset + (unsigned long long)i * size;
	Elf64_Dyn wide;
	Elf32_Dyn narrow;

	if (i >= DYNAMIC_MAX || i >= section->size / size)
		return false;
	if (segments->wide && read_at(fd, &wide, sizeof(wide), at))
		*out = (struct dynamic){ (unsigned long long)wide.d_tag, wide.d_un.d_val };
	else if (!segments->wide && read_at(fd, &narrow, sizeof(narrow), at))
		*out = (struct dynamic){ (unsigned long long)narrow.d_tag, narrow.d_un.d_val };
	else
		return false;
	return out->tag != DT_NULL;
}

/* The offset of the string table in the file; 0: none. */
static unsigned long long find_names(int fd, const struct segments *segments,
                                     const struct segment *section)
{
	struct dynamic entry = { DT_NULL, 0 };
	struct segment part;

	for (unsigned i = 0; read_dynamic(fd, segments, section, i, &entry); i++)
		if (entry.tag == DT_STRTAB)
			break;
	if (entry.tag != DT_STRTAB)
		return 0;
	for (unsigned i = 0; read_segment(fd, segments, i, &part); i++)
		if (part.type == PT_LOAD && entry.value >= part.address &&
		    entry.value - part.address < part.size)
			return part.offset + (entry.value - part.address);
	return 0;
}

static bool read_name(int fd, unsigned long long offset, char name[PROGRAM_NAME_SIZE])
{
	ssize_t n = pread(fd, name, PROGRAM_NAME_SIZE, (off_t)offset);

	return n > 0 && memchr(name, '\0', (size_t)n);
}

static bool find_asan(int fd, char name[PROGRAM_NAME_SIZE])
{
	struct segments segments;
	struct segment section;
	struct dynamic entry;
	unsigned long long names;

	if (!read_segments(fd, &segments) || !find_segment(fd, &segments, PT_DYNAMIC, &section))
		return false;
	names = find_names(fd, &segments, &section);
	for (unsigned i = 0; names && read_dynamic(fd, &segments, &section, i, &entry); i++)
		if (entry.tag == DT_NEEDED && read_name(fd, names + entry.value, name) &&
		    strncmp(name, ASAN, sizeof(ASAN) - 1) == 0 && !strpbrk(name, " :/$"))
			return true;
	return false;
}

bool program_asan(const char *path, char name[PROGRAM_NAME_SIZE])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	bool found;

	if (fd < 0)
		return false;
	found = find_asan(fd, name);
	close(fd);
	return found;
}

/*
 * --- whether the library can be loaded into it --------------------------------------------------
 */

/* The loader ignores LD_PRELOAD if executing the file raises privileges (AT_SECURE, ld.so(8)). */
static bool raises_privileges(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return false;
	return ((status.st_mode & S_ISUID) && status.st_uid != getuid()) ||
	       ((status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) &&
	        status.st_gid != getgid()) ||
	       (getuid() != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0);
}

const char *program_beyond_reach(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const char *why = NULL;

	if (fd < 0)
		return NULL;
	if (raises_privileges(fd))
		why = "it runs with raised privileges (set-user-ID, set-group-ID or capabilities)";
	else if (is_static(fd))
		why = "it is statically linked";
	close(fd);
	return why;
}
