#include "serve/sandbox.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- capabilities ----------------------------------------------------------------------------- */

bool sandbox_capabilities(const int *keep, size_t count)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	for (size_t i = 0; i < count; i++) {
		data[CAP_TO_INDEX(keep[i])].permitted |= CAP_TO_MASK(keep[i]);
		data[CAP_TO_INDEX(keep[i])].effective |= CAP_TO_MASK(keep[i]);
	}
	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	return syscall(SYS_capset, &header, data) == 0;
}

/* --- system calls ----------------------------------------------------------------------------- */

/* Of the processor that this is built for; 0: numbers of calls are looked at alone. */
#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__i386__)
#define ARCHITECTURE AUDIT_ARCH_I386
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__arm__)
#define ARCHITECTURE AUDIT_ARCH_ARM
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__s390x__)
#define ARCHITECTURE AUDIT_ARCH_S390X
#else
#define ARCHITECTURE 0
#endif

static const int common[] = {
	__NR_read,
	__NR_write,
	__NR_writev,
	__NR_close,
	__NR_sendto,
	__NR_sendmsg,
	__NR_recvfrom,
	__NR_recvmsg,
	__NR_brk,
	__NR_munmap,
	__NR_mremap,
	__NR_madvise,
	__NR_futex,
	__NR_getpid,
	__NR_gettid,
	__NR_clock_gettime,
	__NR_ppoll,
	__NR_rt_sigreturn,
	__NR_rt_sigprocmask,
	__NR_restart_syscall,
	__NR_exit,
	__NR_exit_group,
#ifdef __SANITIZE_ADDRESS__
	__NR_sigaltstack, /* which it calls before what does not return */
#endif
#ifdef __NR_poll
	__NR_poll,
#endif
#ifdef __NR_send
	__NR_send,
#endif
#ifdef __NR_recv
	__NR_recv,
#endif
#ifdef __NR_socketcall
	__NR_socketcall, /* how 32-bit glibc sends; which of its calls is not to be seen here */
#endif
#ifdef __NR_sigreturn
	__NR_sigreturn,
#endif
#ifdef __NR_clock_gettime64
	__NR_clock_gettime64,
#endif
#ifdef __NR_ppoll_time64
	__NR_ppoll_time64,
#endif
#ifdef __NR_futex_time64
	__NR_futex_time64,
#endif
};

#ifdef __NR_mmap2
#define MAP_CALL __NR_mmap2
#else
#define MAP_CALL __NR_mmap
#endif

#define COMMON (sizeof(common) / sizeof(common[0]))
#define FILTER_MAX (2 * (COMMON + SANDBOX_CALLS_MAX) + 16)

struct program {
	struct sock_filter code[FILTER_MAX];
	unsigned short length;
};

static void add(struct program *program, struct sock_filter step)
{
	program->code[program->length++] = step;
}

static void load(struct program *program, size_t offset)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

static void give(struct program *program, uint32_t result)
{
	add(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, result));
}

static void allow(struct program *program, int call)
{
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1));
	give(program, SECCOMP_RET_ALLOW);
}

#define DENY (SECCOMP_RET_ERRNO | EPERM)

/* A call of another architecture, or of x86's x32, has a number that means something else. */
static void check_architecture(struct program *program)
{
	if (!ARCHITECTURE)
		return;
	load(program, offsetof(struct seccomp_data, arch));
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 1, 0));
	give(program, SECCOMP_RET_KILL_PROCESS);
}

/* mmap() without PROT_EXEC; the low half of the third argument has it. */
static void allow_memory(struct program *program)
{
	const size_t half = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? sizeof(uint32_t) : 0;

	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MAP_CALL, 0, 4));
	load(program, offsetof(struct seccomp_data, args[2]) + half);
	add(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1));
	give(program, DENY);
	give(program, SECCOMP_RET_ALLOW);
}

bool sandbox_enter(const int *calls, size_t count)
{
	struct program program = { .length = 0 };
	struct sock_fprog filter = { .filter = program.code };

	if (count > SANDBOX_CALLS_MAX) {
		errno = EINVAL;
		return false;
	}
	check_architecture(&program);
	load(&program, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < COMMON; i++)
		allow(&program, common[i]);
	for (size_t i = 0; i < count; i++)
		allow(&program, calls[i]);
	allow_memory(&program);
	give(&program, DENY);
	filter.len = program.length;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0) == 0;
}
