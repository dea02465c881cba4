#include "door/kernel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "door/refusal.h"

/* The program of bpf/, as clang compiled it. */
__asm__(".section .rodata\n"
        ".balign 8\n"
        "kernel_object: .incbin \"" SHUNT_DOOR_OBJECT "\"\n"
        "kernel_object_end: .balign 8\n"
        "kernel_object_size: .quad kernel_object_end - kernel_object\n"
        ".previous\n");
extern const unsigned char kernel_object[] __attribute__((visibility("hidden")));
extern const uint64_t kernel_object_size __attribute__((visibility("hidden")));

enum { CONNECT4, CONNECT6, PROGRAMS };

static const char *const program_names[PROGRAMS] = { "door_connect4", "door_connect6" };

struct kernel {
	int answers; /* the map */
};

struct kernel_door {
	struct bpf_object *object;
	struct bpf_program *programs[PROGRAMS];
	struct bpf_link *links[PROGRAMS]; /* NULL: not attached */
	int rewritten;                    /* the map; owned by `object` */
};

/* --- the map ---------------------------------------------------------------------------------- */

static int be_silent(enum libbpf_print_level level, const char *format, va_list arguments)
{
	(void)level;
	(void)format;
	(void)arguments;
	return 0;
}

struct kernel *kernel_new(char error[SHUNT_DOOR_TEXT_MAX])
{
	const struct bpf_map_create_opts options = { .sz = sizeof(options),
		                                     .map_flags = BPF_F_NO_PREALLOC };
	struct kernel *kernel = malloc(sizeof(*kernel));

	libbpf_set_print(be_silent);
	if (!kernel) {
		refusal_words(REFUSAL_MAP, ENOMEM, error);
		return NULL;
	}
	kernel->answers =
	        bpf_map_create(BPF_MAP_TYPE_HASH, "door_answers", sizeof(struct shunt_door_place),
	                       sizeof(struct shunt_door_place), SHUNT_DOOR_MAP_MAX, &options);
	if (kernel->answers >= 0)
		return kernel;
	refusal_words(REFUSAL_MAP, errno, error);
	free(kernel);
	return NULL;
}

void kernel_free(struct kernel *kernel)
{
	if (!kernel)
		return;
	close(kernel->answers);
	free(kernel);
}

bool kernel_put(struct kernel *kernel, const struct shunt_door_place *from,
                const struct shunt_door_place *to)
{
	return bpf_map_update_elem(kernel->answers, from, to, BPF_ANY) == 0;
}

bool kernel_drop(struct kernel *kernel, const struct shunt_door_place *from)
{
	return bpf_map_delete_elem(kernel->answers, from) == 0 || errno == ENOENT;
}

void kernel_sweep(struct kernel *kernel,
                  bool (*keep)(const void *arg, const struct shunt_door_place *from),
                  const void *arg)
{
	struct shunt_door_place place, next;
	bool more = bpf_map_get_next_key(kernel->answers, NULL, &next) == 0;

	/* The key after one that is gone would be the first again. */
	while (more) {
		place = next;
		more = bpf_map_get_next_key(kernel->answers, &place, &next) == 0;
		if (!keep(arg, &place))
			kernel_drop(kernel, &place);
	}
}

/* --- a door's programs ------------------------------------------------------------------------ */

/* Its map of answers becomes that of all doors. */
static bool load(struct kernel_door *door, const struct kernel *kernel)
{
	struct bpf_map *answers = bpf_object__find_map_by_name(door->object, "door_answers");

	if (!answers || bpf_map__reuse_fd(answers, kernel->answers) != 0 ||
	    bpf_object__load(door->object) != 0)
		return false;
	door->rewritten = bpf_object__find_map_fd_by_name(door->object, "door_rewritten");
	for (size_t i = 0; i < PROGRAMS; i++) {
		door->programs[i] =
		        bpf_object__find_program_by_name(door->object, program_names[i]);
		if (!door->programs[i])
			return false;
	}
	return door->rewritten >= 0;
}

struct kernel_door *kernel_load(struct kernel *kernel, char error[SHUNT_DOOR_TEXT_MAX])
{
	const struct bpf_object_open_opts options = { .sz = sizeof(options),
		                                      .object_name = "shunt_door" };
	struct kernel_door *door = calloc(1, sizeof(*door));

	if (!door) {
		refusal_words(REFUSAL_PROGRAM, ENOMEM, error);
		return NULL;
	}
	door->object = bpf_object__open_mem(kernel_object, kernel_object_size, &options);
	if (door->object && load(door, kernel))
		return door;
	refusal_words(REFUSAL_PROGRAM, errno, error);
	kernel_unload(door);
	return NULL;
}

void kernel_unload(struct kernel_door *door)
{
	if (!door)
		return;
	kernel_detach(door);
	bpf_object__close(door->object);
	free(door);
}

bool kernel_attach(struct kernel_door *door, int cgroup, char error[SHUNT_DOOR_TEXT_MAX])
{
	for (size_t i = 0; i < PROGRAMS; i++) {
		door->links[i] = bpf_program__attach_cgroup(door->programs[i], cgroup);
		if (door->links[i])
			continue;
		refusal_words(REFUSAL_LINK, errno, error);
		kernel_detach(door);
		return false;
	}
	return true;
}

void kernel_detach(struct kernel_door *door)
{
	for (size_t i = 0; i < PROGRAMS; i++) {
		bpf_link__destroy(door->links[i]);
		door->links[i] = NULL;
	}
}

uint64_t kernel_rewritten(const struct kernel_door *door)
{
	int processors = libbpf_num_possible_cpus();
	uint64_t *counts = processors > 0 ? calloc((size_t)processors, sizeof(*counts)) : NULL;
	uint64_t sum = 0;
	uint32_t first = 0;

	if (counts && bpf_map_lookup_elem(door->rewritten, &first, counts) == 0) {
		for (int i = 0; i < processors; i++)
			sum += counts[i];
	}
	free(counts);
	return sum;
}
