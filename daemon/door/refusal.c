#include "door/refusal.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "door/cgroup.h"

struct refusal {
	int error;
	const char *words[REFUSAL_LINK + 1]; /* NULL: as for an unknown error */
};

#define NO_RIGHT                                                                                   \
	"the kernel permits no BPF (EPERM): the helper needs CAP_BPF and CAP_NET_ADMIN, a filter " \
	"of system calls that has bpf, and a kernel that is not locked down"
#define OLD_KERNEL "this kernel has no BPF at connect(): it needs Linux 5.8 with CONFIG_CGROUP_BPF"
#define NO_BPF "this kernel has no BPF (ENOSYS): it needs CONFIG_BPF_SYSCALL"

static const struct refusal refusals[] = {
	{ EPERM,
	  { NO_RIGHT, NO_RIGHT,
	    "the kernel permits no program here (EPERM): the helper needs CAP_NET_ADMIN, and a "
	    "program on a cgroup above may forbid others" } },
	{ EACCES, { NO_RIGHT, NO_RIGHT, NO_RIGHT } },
	{ ENOSYS, { NO_BPF, NO_BPF, NO_BPF } },
	{ EINVAL, { NULL, OLD_KERNEL, OLD_KERNEL } },
	{ EBADF, { NULL, NULL, "this is no cgroup of version 2" } },
	{ E2BIG, { NULL, NULL, "64 programs are attached to this cgroup: no more is possible" } },
};

const char *refusal_words(enum refusal_step step, int error, char text[SHUNT_DOOR_TEXT_MAX])
{
	static const char *const what[] = { "a map", "the program", "attaching the program" };

	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		if (refusals[i].error == error && refusals[i].words[step]) {
			snprintf(text, SHUNT_DOOR_TEXT_MAX, "%s", refusals[i].words[step]);
			return text;
		}
	}
	snprintf(text, SHUNT_DOOR_TEXT_MAX, "the kernel refuses %s: %s", what[step],
	         strerror(error));
	return text;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* The shortest program there is: return 1. Returns 0 or an errno. */
static int try_program(void)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attributes = {
		.prog_type = BPF_PROG_TYPE_CGROUP_SOCK_ADDR,
		.expected_attach_type = BPF_CGROUP_INET4_CONNECT,
		.insn_cnt = 2,
		.insns = (uintptr_t)code,
		.license = (uintptr_t) "MIT",
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof(attributes));

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

bool refusal_expects_none(char text[SHUNT_DOOR_TEXT_MAX])
{
	int error;

	if (!cgroup_root()) {
		snprintf(text, SHUNT_DOOR_TEXT_MAX, "%s", CGROUP_NONE);
		return false;
	}
	error = geteuid() == 0 ? try_program() : 0;
	if (error != 0)
		refusal_words(REFUSAL_PROGRAM, error, text);
	return error == 0;
}
