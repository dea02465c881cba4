/*
 * A program whose lookups are interrupted: signals, jumps out of a handler, cancelled threads. See
 * guest.h.
 *
 * A jump out of malloc() would break the program itself, so jumps are made only from the library's
 * code and out of the system calls that it makes for an attach.
 */
#include "guest.h"

#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <ucontext.h>

#define TICK_US 500
#define JUMP_TICK_US 50
#define JUMPS 2000
#define JUMP_SECONDS 4 /* a slow machine makes fewer jumps */
#define CHILDREN 50
#define ROUNDS 4
#define CANCELLED 200

static sigjmp_buf place;
static volatile sig_atomic_t inside, ticks;
static uintptr_t code_start, code_end;

static void set_timer(long first_us, long every_us)
{
	const struct itimerval timer = { { 0, every_us }, { 0, first_us } };

	CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static void handle(void (*handler)(int, siginfo_t *, void *))
{
	struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };

	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
}

/* --- interrupted ------------------------------------------------------------------------------ */

static void count_tick(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	(void)context;
	ticks++;
}

static void look_up_interrupted(void)
{
	double end = guest_seconds() + GUEST_PATIENCE;

	handle(count_tick);
	set_timer(TICK_US, TICK_US);
	guest_knock();
	guest_attach();
	/* Run at least this many, and until one was interrupted. */
	do
		guest_many(500);
	while (ticks == 0 && guest_seconds() < end);
	CHECK(ticks > 0);
}

static void interrupted(const char *argument)
{
	(void)argument;
	guest_in_children(CHILDREN, look_up_interrupted);
}

/* --- jumps ------------------------------------------------------------------------------------ */

static void find_code(void)
{
	char line[512];
	unsigned long start, end;
	FILE *maps = fopen("/proc/self/maps", "re");

	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		if (strstr(line, "/libshunt.so") && strstr(line, " r-xp ") &&
		    sscanf(line, "%lx-%lx", &start, &end) == 2) {
			code_start = start;
			code_end = end;
		}
	fclose(maps);
	CHECK(code_start);
}

static uintptr_t program_counter(const ucontext_t *context)
{
#if defined(__x86_64__)
	return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__i386__)
	return (uintptr_t)context->uc_mcontext.gregs[REG_EIP];
#else
	(void)context;
	return 0;
#endif
}

/* True if the previous instruction is a system call: syscall, or int 0x80. */
static bool was_in_kernel(uintptr_t at)
{
	const unsigned char *code = (const unsigned char *)at;

	return (code[-2] == 0x0f && code[-1] == 0x05) || (code[-2] == 0xcd && code[-1] == 0x80);
}

static void jump(int number, siginfo_t *info, void *context)
{
	uintptr_t at = program_counter(context);

	(void)number;
	(void)info;
	if (!inside || !at || !((at >= code_start && at < code_end) || was_in_kernel(at)))
		return;
	inside = 0;
	siglongjmp(place, 1);
}

static void prepare_jumps(void)
{
	guest_warm_heap();
	find_code();
	handle(jump);
}

/* Returns true if look_up() was left by a jump. */
static bool jumped_out(void (*look_up)(void))
{
	if (sigsetjmp(place, 1) != 0)
		return true;
	inside = 1;
	look_up();
	inside = 0;
	return false;
}

static bool is_cancelable(void)
{
	int state, type, unused;

	CHECK(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state) == 0);
	CHECK(pthread_setcancelstate(state, &unused) == 0);
	CHECK(pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type) == 0);
	return state == PTHREAD_CANCEL_ENABLE && type == PTHREAD_CANCEL_DEFERRED;
}

/* Lookups in the seconds after a jump clean up what it left. */
static void wait_tidy(int descriptors)
{
	double end = guest_seconds() + GUEST_PATIENCE;

	guest_attach();
	while (guest_descriptors() > descriptors || !is_cancelable()) {
		CHECK(guest_seconds() < end);
		guest_many(1);
		usleep(5000);
	}
}

static void ask_once(void)
{
	CHECK(guest_ask() == GUEST_MANAGED);
}

static void jump_lookup(const char *argument)
{
	double end;
	int jumps = 0, before;

	(void)argument;
	prepare_jumps();
	guest_attach();
	before = guest_descriptors();
	end = guest_seconds() + JUMP_SECONDS;
	set_timer(JUMP_TICK_US, JUMP_TICK_US);
	while (jumps < JUMPS && guest_seconds() < end)
		jumps += jumped_out(ask_once);
	set_timer(0, 0);
	guest_many(1000);
	CHECK(guest_descriptors() == before);
	CHECK(is_cancelable());
	dprintf(STDOUT_FILENO, "%d jumps\n", jumps);
}

/*
 * Just after a system call has created a descriptor, only the kernel knows it, so at most one may
 * leak.
 */
static void jump_out_of_attach(void)
{
	int before = guest_descriptors();

	srand((unsigned)getpid());
	set_timer(1 + rand() % 250, 0);
	jumped_out(guest_knock);
	set_timer(0, 0);
	CHECK(guest_descriptors() <= before + 2);
	wait_tidy(before + 1);
	guest_many(10);
}

static void jump_attach(const char *argument)
{
	pid_t children[CHILDREN];

	(void)argument;
	prepare_jumps();
	for (int round = 0; round < ROUNDS; round++) {
		for (int i = 0; i < CHILDREN; i++)
			children[i] = guest_fork(jump_out_of_attach);
		for (int i = 0; i < CHILDREN; i++)
			guest_join(children[i]);
	}
}

/* The daemon sends nothing at first, so the alarm fires during the wait. */
static void jump_out_of_wait(void)
{
	double end = guest_seconds() + GUEST_PATIENCE;

	prepare_jumps();
	for (bool jumped = false; !jumped;) {
		CHECK(guest_seconds() < end);
		set_timer(30000, 0);
		jumped = jumped_out(guest_knock);
		set_timer(0, 0);
		usleep(10000);
	}
}

static void jump_wait(const char *argument)
{
	int before = guest_descriptors();

	(void)argument;
	jump_out_of_wait();
	CHECK(guest_descriptors() == before + 1);
	guest_tell("jumped");
	wait_tidy(before);
	guest_many(10);
}

/*
 * The attach's descriptor was closed along with all others, and its number has been reused for
 * another file.
 */
static void jump_reuse(const char *argument)
{
	int before = guest_descriptors(), last = GUEST_DESCRIPTORS;
	struct stat status;

	(void)argument;
	jump_out_of_wait();
	CHECK(guest_descriptors() == before + 1);
	while (fcntl(--last, F_GETFD) < 0)
		;
	CHECK(close(last) == 0 && open("/dev/null", O_RDONLY | O_CLOEXEC) == last);
	guest_tell("jumped");
	wait_tidy(before + 1);
	CHECK(fstat(last, &status) == 0 && S_ISCHR(status.st_mode));
}

/* --- cancelled -------------------------------------------------------------------------------- */

static atomic_int running;

static void *ask_until_cancelled(void *unused)
{
	atomic_fetch_add(&running, 1);
	for (;;) {
		guest_many(1);
		pthread_testcancel();
	}
	return unused;
}

/* May be cancelled anywhere, so nothing here may allocate or take a libc lock. */
static void *ask_until_killed(void *unused)
{
	int old;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	atomic_fetch_add(&running, 1);
	for (;;)
		if (guest_ask_r() != GUEST_MANAGED)
			abort();
	return unused;
}

static void cancel_one(void *(*run)(void *))
{
	pthread_t thread;
	void *result;

	atomic_store(&running, 0);
	CHECK(pthread_create(&thread, NULL, run, NULL) == 0);
	while (atomic_load(&running) == 0)
		sched_yield();
	usleep((useconds_t)(rand() % 300));
	CHECK(pthread_cancel(thread) == 0);
	CHECK(pthread_join(thread, &result) == 0);
	CHECK(result == PTHREAD_CANCELED);
}

static void cancel(const char *argument)
{
	int before = guest_descriptors();

	(void)argument;
	guest_attach();
	for (int i = 0; i < CANCELLED; i++) {
		cancel_one(ask_until_cancelled);
		cancel_one(ask_until_killed);
		guest_many(1);
	}
	CHECK(guest_descriptors() == before);
	CHECK(is_cancelable());
}

static void *knock_and_see(void *unused)
{
	atomic_fetch_add(&running, 1);
	for (;;) {
		guest_knock();
		pthread_testcancel();
	}
	return unused;
}

/* The daemon sends nothing, so most threads are cancelled during the wait. */
static void cancel_attach(const char *argument)
{
	int before = guest_descriptors();

	(void)argument;
	for (int i = 0; i < 20; i++)
		cancel_one(knock_and_see);
	CHECK(guest_descriptors() == before);
	guest_tell("cancelled");
	guest_attach();
	CHECK(guest_descriptors() == before);
	CHECK(is_cancelable());
}

int main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		{ "interrupted", interrupted },     { "jump-lookup", jump_lookup },
		{ "jump-attach", jump_attach },     { "jump-wait", jump_wait },
		{ "jump-reuse", jump_reuse },       { "cancel", cancel },
		{ "cancel-attach", cancel_attach },
	};

	return guest_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
