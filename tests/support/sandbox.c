/* A program that restricts its system calls before its first lookup. See guest.h. */
#include "guest.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define ROWS_MAX 96
#define AGAIN 78            /* exit status of a child: the machine was too busy for it to attach */
#define ATTACH_SECONDS 0.08 /* shorter than an attach that fails because nothing answers */

/* The system calls that the library may make, in every variant that libc uses. */
static const int attach_calls[] = {
	SYS_close,        SYS_munmap,  SYS_poll,
#ifdef SYS_ppoll
	SYS_ppoll,
#endif
#ifdef SYS_ppoll_time64
	SYS_ppoll_time64,
#endif
	SYS_socket,       SYS_connect, SYS_sendmsg, SYS_recvmsg,
#ifdef SYS_socketcall
	SYS_socketcall,
#endif
	SYS_fcntl,
#ifdef SYS_fcntl64
	SYS_fcntl64,
#endif
	SYS_fstat,
#ifdef SYS_fstat64
	SYS_fstat64,
#endif
#ifdef SYS_newfstatat
	SYS_newfstatat,
#endif
#ifdef SYS_statx
	SYS_statx,
#endif
	SYS_mmap,
#ifdef SYS_mmap2
	SYS_mmap2,
#endif
};

/*
 * The system calls of this program itself: memory, output and exit, and the clock where the vDSO
 * cannot read it.
 */
static const int own_calls[] = {
	SYS_brk,
	SYS_write,
	SYS_exit_group,
	SYS_clock_gettime,
#ifdef SYS_clock_gettime64
	SYS_clock_gettime64,
#endif
	SYS_clock_nanosleep,
#ifdef SYS_clock_nanosleep_time64
	SYS_clock_nanosleep_time64,
#endif
	SYS_nanosleep,
	SYS_fcntl,
	SYS_alarm,
};

struct filter {
	struct sock_filter rows[ROWS_MAX];
	size_t count;
};

static void add(struct filter *filter, uint16_t code, uint8_t yes, uint8_t no, uint32_t value)
{
	CHECK(filter->count < ROWS_MAX);
	filter->rows[filter->count++] = (struct sock_filter){ code, yes, no, value };
}

static void add_calls(struct filter *filter, const int *calls, size_t count, uint32_t action)
{
	for (size_t i = 0; i < count; i++) {
		add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (uint32_t)calls[i]);
		add(filter, BPF_RET | BPF_K, 0, 0, action);
	}
}

static void start(struct filter *filter)
{
	filter->count = 0;
	add(filter, BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(struct seccomp_data, nr));
}

static void finish(struct filter *filter, uint32_t action)
{
	struct sock_fprog program = { .filter = filter->rows };

	add(filter, BPF_RET | BPF_K, 0, 0, action);
	program.len = (unsigned short)filter->count;
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	SKIP_UNLESS(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
}

/*
 * --- only the listed calls ----------------------------------------------------------------------
 */

static uint32_t otherwise;

/*
 * Without libc's own lookup, which would open files: until the table is mapped, only addresses are
 * looked up.
 */
static void attach_shut_off(void)
{
	struct filter filter;
	int before = guest_descriptors();
	double begin;

	guest_warm_heap();
	start(&filter);
	add_calls(&filter, attach_calls, COUNT(attach_calls), SECCOMP_RET_ALLOW);
	add_calls(&filter, own_calls, COUNT(own_calls), SECCOMP_RET_ALLOW);
	finish(&filter, otherwise);
	begin = guest_seconds();
	guest_knock();
	/*
	 * An attach that took this long may have failed; libc would then open its files for the
	 * name.
	 */
	if (guest_seconds() - begin > ATTACH_SECONDS)
		_exit(AGAIN);
	CHECK(guest_descriptors() == before);
}

static void ask_shut_off(void)
{
	attach_shut_off();
	guest_many(100);
	CHECK(guest_ask_r() == GUEST_MANAGED);
	CHECK(gethostbyname(GUEST_NAME));
}

static void only(uint32_t action)
{
	int status = 0;

	otherwise = action;
	for (int i = 0; i < 50; i++) {
		CHECK(waitpid(guest_fork(ask_shut_off), &status, 0) > 0);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != AGAIN)
			break;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status) == GUEST_SKIP)
		_exit(GUEST_SKIP);
	CHECK(status == 0);
}

static void list(const char *action)
{
	if (strcmp(action, "kill") == 0)
		only(SECCOMP_RET_KILL);
	else
		only(SECCOMP_RET_ERRNO | (strcmp(action, "EPERM") == 0 ? EPERM : ENOSYS));
}

/*
 * --- one of the listed calls is refused ---------------------------------------------------------
 */

static size_t refused;
static uint32_t refusal;

static void look_up_refused(void)
{
	struct filter filter;
	int before = guest_descriptors();

	guest_warm_heap();
	start(&filter);
	add_calls(&filter, &attach_calls[refused], 1, SECCOMP_RET_ERRNO | refusal);
	finish(&filter, SECCOMP_RET_ALLOW);
	for (int i = 0; i < 3; i++)
		guest_knock();
	CHECK(guest_descriptors() == before ||
	      guest_descriptors() == 0); /* 0: it needs fcntl() itself */
}

/* Except close(): if it is refused, nothing can be closed. */
static void refuse(const char *argument)
{
	(void)argument;
	for (refused = 1; refused < COUNT(attach_calls); refused++) {
		refusal = EPERM;
		guest_in_children(1, look_up_refused);
		refusal = ENOSYS;
		guest_in_children(1, look_up_refused);
	}
}

int main(int argc, char **argv)
{
	static const struct guest_case cases[] = { { "list", list }, { "refuse", refuse } };

	return guest_main(argc, argv, cases, COUNT(cases));
}
