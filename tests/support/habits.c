/* A program that misuses descriptors, limits, children, roots and libraries. See guest.h. */
#include "guest.h"

#include <dlfcn.h>
#include <linux/capability.h>
#include <nss.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define THREADS 8
#define FORKS 300
#define SIGNALS 64

extern char **environ;

static atomic_bool ending;

static void start_threads(pthread_t *threads, int count, void *(*run)(void *))
{
	atomic_store(&ending, false);
	guest_threads(threads, count, run);
}

static void end_threads(pthread_t *threads, int count)
{
	atomic_store(&ending, true);
	guest_join_threads(threads, count);
}

/*
 * --- descriptors --------------------------------------------------------------------------------
 */

static int closed_mask;

static void check_closed(void)
{
	for (int fd = 0; fd <= 2; fd++)
		CHECK(!(closed_mask & 1 << fd) || fcntl(fd, F_GETFD) < 0);
}

static void look_up_closed(void)
{
	guest_report = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, GUEST_DESCRIPTORS / 2);
	for (int fd = 0; fd <= 2; fd++)
		if (closed_mask & 1 << fd)
			close(fd);
	guest_knock();
	check_closed();
	guest_attach();
	guest_many(100);
	check_closed();
}

static void closed(const char *argument)
{
	(void)argument;
	for (closed_mask = 1; closed_mask < 8; closed_mask++)
		guest_in_children(1, look_up_closed);
}

/* Kernels before 5.9 lack close_range(). */
static void close_all(void)
{
	if (syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0) == 0)
		return;
	for (int fd = STDERR_FILENO + 1; fd < GUEST_DESCRIPTORS; fd++)
		close(fd);
}

static void *keep_closing(void *unused)
{
	while (!atomic_load(&ending))
		close_all();
	return unused;
}

static void attach_while_closing(void)
{
	pthread_t closer;

	start_threads(&closer, 1, keep_closing);
	for (int i = 0; i < 20; i++)
		guest_knock();
	end_threads(&closer, 1);
	guest_knock();
}

static void closefrom_(const char *argument)
{
	pthread_t closer;

	(void)argument;
	guest_in_children(100, attach_while_closing);
	guest_attach();
	for (int i = 0; i < 200; i++) {
		close_all();
		guest_many(1);
	}
	start_threads(&closer, 1, keep_closing);
	guest_many(2000);
	end_threads(&closer, 1);
}

/*
 * The program's descriptors must not change: none may be closed twice or mistaken for the
 * library's.
 */
static void *keep_opening(void *unused)
{
	struct stat status;

	while (!atomic_load(&ending)) {
		int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		CHECK(fd > STDERR_FILENO);
		CHECK(fstat(fd, &status) == 0 && S_ISCHR(status.st_mode));
		CHECK(close(fd) == 0);
	}
	return unused;
}

static void attach_while_opening(void)
{
	pthread_t openers[2];

	start_threads(openers, 2, keep_opening);
	guest_knock();
	guest_attach();
	end_threads(openers, 2);
}

static void reuse(const char *argument)
{
	(void)argument;
	guest_in_children(50, attach_while_opening);
}

static void nofile(const char *argument)
{
	struct rlimit old, none;

	(void)argument;
	CHECK(getrlimit(RLIMIT_NOFILE, &old) == 0);
	none = (struct rlimit){ 0, old.rlim_max };
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	for (int i = 0; i < 10; i++)
		guest_knock();
	CHECK(guest_ask() != GUEST_MANAGED);
	CHECK(setrlimit(RLIMIT_NOFILE, &old) == 0);
	guest_attach();
	CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
	guest_many(100);
}

/*
 * Count the descriptors that a program started by another thread would inherit, after each message
 * that carries a descriptor.
 */
static void cloexec(const char *argument)
{
	const int *seen = dlsym(RTLD_DEFAULT, "cloexec_seen");
	const int *inherited = dlsym(RTLD_DEFAULT, "cloexec_inherited");

	(void)argument;
	CHECK(seen && inherited);
	guest_attach();
	CHECK(*seen > 0);
	CHECK(*inherited == 0);
}

/*
 * --- what must not be noticeable ----------------------------------------------------------------
 */

struct state {
	bool open[GUEST_DESCRIPTORS];
	void (*handlers[SIGNALS])(int);
	int flags[SIGNALS];
	sigset_t mask;
	int cancel_state, cancel_type;
	unsigned long threads;
};

static void look_at_signals(struct state *state)
{
	struct sigaction action;

	for (int i = 1; i < SIGNALS; i++) {
		if (sigaction(i, NULL, &action) != 0)
			continue;
		state->handlers[i] = action.sa_handler;
		state->flags[i] = action.sa_flags;
	}
	CHECK(pthread_sigmask(SIG_BLOCK, NULL, &state->mask) == 0);
}

static void look_at(struct state *state)
{
	struct stat status;

	memset(state, 0, sizeof(*state));
	for (int fd = 0; fd < GUEST_DESCRIPTORS; fd++)
		state->open[fd] = fcntl(fd, F_GETFD) >= 0;
	look_at_signals(state);
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state->cancel_state);
	pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &state->cancel_type);
	CHECK(stat("/proc/self/task", &status) == 0);
	state->threads = (unsigned long)status.st_nlink;
}

static void untouched(const char *argument)
{
	static struct state before, after;

	(void)argument;
	look_at(&before);
	guest_knock();
	guest_attach();
	guest_many(100);
	look_at(&after);
	CHECK(memcmp(&before, &after, sizeof(before)) == 0);
}

static void errno_(const char *argument)
{
	struct addrinfo *list, six = { .ai_family = AF_INET6 };

	(void)argument;
	errno = 4711;
	guest_knock();
	CHECK(errno == 4711);
	guest_attach();
	errno = 4711;
	guest_many(10);
	CHECK(guest_ask_r() == GUEST_MANAGED);
	CHECK(gethostbyname(GUEST_NAME) && gethostbyname2(GUEST_NAME, AF_INET));
	CHECK(getaddrinfo(GUEST_NAME, NULL, &six, &list) == EAI_NONAME);
	errno = 4711;
	guest_many(10);
	CHECK(errno == 4711);
}

/*
 * Whatever answers at the socket, each child makes the first lookup of its process. SIGPIPE would
 * kill it.
 */
static void knocks(const char *argument)
{
	(void)argument;
	guest_in_children(20, guest_knock);
}

/* --- children --------------------------------------------------------------------------------- */

static int descriptors_before;

static void *keep_asking(void *unused)
{
	while (!atomic_load(&ending))
		guest_many(1);
	return unused;
}

static void ask_in_child(void)
{
	CHECK(guest_ask() == GUEST_MANAGED);
	CHECK(guest_ask_r() == GUEST_MANAGED);
	CHECK(guest_descriptors() == descriptors_before);
}

static void *attach_in_thread(void *unused)
{
	guest_knock();
	guest_attach();
	return unused;
}

static void fork_while_attaching(void)
{
	pthread_t threads[THREADS];
	pid_t children[4];

	guest_threads(threads, THREADS, attach_in_thread);
	for (int i = 0; i < 4; i++)
		children[i] = guest_fork(guest_attach);
	guest_join_threads(threads, THREADS);
	for (int i = 0; i < 4; i++)
		guest_join(children[i]);
}

static void fork_(const char *argument)
{
	pthread_t threads[THREADS];

	(void)argument;
	guest_in_children(10, fork_while_attaching);
	descriptors_before = guest_descriptors();
	guest_attach();
	start_threads(threads, THREADS, keep_asking);
	guest_in_children(FORKS, ask_in_child);
	end_threads(threads, THREADS);
}

static void vfork_once(bool with_exec)
{
	pid_t child = vfork();

	if (child == 0) {
		if (guest_ask_r() != GUEST_MANAGED)
			_exit(1);
		if (with_exec)
			execl("/bin/true", "true", (char *)NULL);
		_exit(with_exec ? 1 : 0);
	}
	CHECK(child > 0);
	guest_join(child);
	guest_many(1);
}

static void spawn(const char *argument)
{
	char self[] = "/proc/self/exe", word[] = "ask";
	char *words[] = { self, word, NULL };
	pthread_t threads[THREADS];
	pid_t child;

	(void)argument;
	guest_attach();
	for (int i = 0; i < 100; i++)
		vfork_once(i % 2);
	start_threads(threads, THREADS, keep_asking);
	for (int i = 0; i < 10; i++) {
		CHECK(posix_spawn(&child, self, NULL, NULL, words, environ) == 0);
		guest_join(child);
		guest_many(1);
	}
	CHECK(system("exit 0") == 0);
	end_threads(threads, THREADS);
}

/* Run by spawn: its output would be mistaken for its parent's. */
static void ask(const char *argument)
{
	(void)argument;
	guest_attach();
	_exit(0);
}

/* --- roots and namespaces --------------------------------------------------------------------- */

static void enter_root(const char *folder)
{
	SKIP_UNLESS(geteuid() == 0);
	CHECK(chroot(folder) == 0 && chdir("/") == 0);
}

static void chroot_before(const char *folder)
{
	enter_root(folder);
	for (int i = 0; i < 10; i++)
		guest_knock();
	CHECK(guest_ask() == GUEST_PASSED);
}

/*
 * The table is replaced after chroot, where the new one cannot be mapped: the old one stays in use.
 */
static void chroot_after(const char *folder)
{
	guest_attach();
	enter_root(folder);
	guest_many(100);
	guest_tell("inside");
	for (int i = 0; i < 300; i++) {
		guest_many(1);
		usleep(1000);
	}
}

static void hide(const char *folder)
{
	SKIP_UNLESS(unshare(CLONE_NEWNS) == 0);
	CHECK(mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("none", folder, "tmpfs", 0, NULL) == 0);
}

static void hidden_before(const char *folder)
{
	hide(folder);
	for (int i = 0; i < 10; i++)
		guest_knock();
	CHECK(guest_ask() == GUEST_PASSED);
}

static void hidden_after(const char *folder)
{
	guest_attach();
	hide(folder);
	guest_many(100);
}

/* The largest possible step back: times set by the old clock are far ahead of the new one. */
static void turn_clock_back(void)
{
	int fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);

	CHECK(fd >= 0);
	CHECK(dprintf(fd, "monotonic -%ld 0", (long)guest_seconds() - 1) > 0);
	close(fd);
}

static void clock_(const char *argument)
{
	(void)argument;
	CHECK(guest_ask() == GUEST_PASSED);
	SKIP_UNLESS(unshare(CLONE_NEWTIME) == 0);
	turn_clock_back();
	guest_tell("back");
	guest_in_children(1, guest_attach);
}

/*
 * The daemon exits meanwhile: its heartbeat as seen on the old clock must not keep it alive on the
 * new one.
 */
static void wait_passed(void)
{
	double end = guest_seconds() + GUEST_PATIENCE;

	while (guest_ask() != GUEST_PASSED) {
		CHECK(guest_seconds() < end);
		usleep(5000);
	}
}

static void clock_alone(const char *argument)
{
	(void)argument;
	guest_attach();
	SKIP_UNLESS(unshare(CLONE_NEWTIME) == 0);
	turn_clock_back();
	guest_tell("back");
	guest_in_children(1, wait_passed);
}

/* Look up only on request. */
static void rare(const char *argument)
{
	(void)argument;
	guest_attach();
	guest_tell("attached");
	CHECK(dprintf(STDOUT_FILENO, "%s\n", guest_ask() == GUEST_MANAGED ? "managed" : "passed") >
	      0);
}

/* --- memory ----------------------------------------------------------------------------------- */

#define SMALL (1ul << 20)
#define HALF (100ul << 20) /* enough to reserve addresses, but not to map the table there */

static rlim_t memlock;

/* With CAP_IPC_LOCK there is no limit. */
static void limit_memory(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];
	struct rlimit limit;

	CHECK(syscall(SYS_capget, &header, data) == 0);
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	CHECK(syscall(SYS_capset, &header, data) == 0);
	CHECK(getrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	limit.rlim_cur = memlock < limit.rlim_max ? memlock : limit.rlim_max;
	CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
}

static void lock_little(void)
{
	limit_memory();
	SKIP_UNLESS(mlockall(MCL_FUTURE) == 0);
	for (int i = 0; i < 10; i++)
		guest_knock();
	CHECK(guest_ask() != GUEST_MANAGED);
	CHECK(munlockall() == 0);
	guest_attach();
	guest_many(10);
}

static void lock_all(void)
{
	const struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	if (setrlimit(RLIMIT_MEMLOCK, &limit) != 0 || mlockall(MCL_CURRENT | MCL_FUTURE) != 0)
		return; /* not permitted for every user */
	guest_attach();
	guest_many(10);
}

static void mlock_(const char *argument)
{
	(void)argument;
	guest_warm_heap();
	memlock = SMALL;
	guest_in_children(1, lock_little);
	memlock = HALF;
	guest_in_children(1, lock_little);
	guest_in_children(1, lock_all);
}

/* Keep looking up until end of input. */
static void live(const char *name)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	for (int i = 0; i < 1000; i++)
		guest_look_up(name, GUEST_ADDRESS);
	CHECK(dprintf(STDOUT_FILENO, "ready\n") > 0);
	while (poll(&input, 1, 1) == 0)
		guest_look_up(name, GUEST_ADDRESS);
}

/* --- libraries -------------------------------------------------------------------------------- */

/* The result of a lookup in a library's constructor. */
static void constructed(const char *argument)
{
	const int *answer = dlsym(RTLD_DEFAULT, "constructor_answer");

	(void)argument;
	CHECK(answer && *answer == GUEST_MANAGED);
	guest_many(10);
}

/* A library that looks up names within the connect() of others. */
static void reentered(const char *argument)
{
	const int *calls = dlsym(RTLD_DEFAULT, "reentered_calls");

	(void)argument;
	CHECK(calls);
	guest_knock();
	guest_attach();
	guest_many(10);
	CHECK(*calls > 0);
}

/*
 * An allocator that looks up names: the first lookup of the process is made inside it, later ones
 * while libc builds an answer.
 */
static void allocator(const char *argument)
{
	enum { QUIET, KNOCKS, ASKS };
	volatile int *mode = dlsym(RTLD_DEFAULT, "allocator_mode");
	const int *lookups = dlsym(RTLD_DEFAULT, "allocator_lookups");
	const int *allocations = dlsym(RTLD_DEFAULT, "allocator_allocations");
	void *volatile block;

	(void)argument;
	CHECK(mode && lookups && allocations);
	*mode = KNOCKS;
	block = malloc(1);
	free(block);
	*mode = QUIET;
	guest_attach();
	*mode = ASKS;
	guest_many(100);
	*mode = QUIET;
	CHECK(*lookups > 100);
	CHECK(*allocations == 0);
}

static enum guest_answer ask_plugin(const char *path, int flags)
{
	void *plugin = dlopen(path, RTLD_NOW | RTLD_LOCAL | flags);
	int (*look_up)(void) = plugin ? (int (*)(void))dlsym(plugin, "plugin_ask") : NULL;
	enum guest_answer answer;

	CHECK(look_up);
	answer = (enum guest_answer)look_up();
	CHECK(dlclose(plugin) == 0);
	return answer;
}

static void plugin(const char *path)
{
	guest_attach();
	CHECK(ask_plugin(path, RTLD_DEEPBIND) ==
	      GUEST_PASSED); /* libc's own function: preloading has no effect */
	CHECK(ask_plugin(path, 0) == GUEST_MANAGED);
	guest_many(10);
}

/* An NSS module that looks up names. */
static void module(const char *argument)
{
	double end = guest_seconds() + GUEST_PATIENCE;

	(void)argument;
	CHECK(__nss_configure_lookup("hosts", "shunttest files") == 0);
	while (guest_look_up("asks.test", GUEST_ADDRESS) != GUEST_MANAGED) {
		CHECK(guest_seconds() < end);
		usleep(5000);
	}
	for (int i = 0; i < 100; i++)
		CHECK(guest_look_up("asks.test", GUEST_ADDRESS) == GUEST_MANAGED);
	guest_many(10);
}

static unsigned count_tables(void)
{
	char line[512];
	unsigned count = 0;
	FILE *maps = fopen("/proc/self/maps", "re");

	CHECK(maps);
	while (fgets(line, sizeof(line), maps))
		count += strstr(line, "/memfd:") != NULL;
	fclose(maps);
	return count;
}

/* Not preloaded, but loaded and unloaded by the program. */
static void reopen(const char *path)
{
	for (int i = 0; i < 100; i++) {
		void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
		struct hostent *(*look_up)(const char *) =
		        library ? (struct hostent * (*)(const char *))
		                          dlsym(library, "gethostbyname")
		                : NULL;

		CHECK(look_up && look_up(GUEST_NAME));
		CHECK(dlclose(library) == 0);
		CHECK(guest_ask() == GUEST_PASSED);
	}
	CHECK(count_tables() <= 1);
}

int main(int argc, char **argv)
{
	static const struct guest_case cases[] = {
		{ "closed", closed },
		{ "closefrom", closefrom_ },
		{ "reuse", reuse },
		{ "nofile", nofile },
		{ "cloexec", cloexec },
		{ "untouched", untouched },
		{ "errno", errno_ },
		{ "knocks", knocks },
		{ "fork", fork_ },
		{ "spawn", spawn },
		{ "ask", ask },
		{ "chroot-before", chroot_before },
		{ "chroot-after", chroot_after },
		{ "hidden-before", hidden_before },
		{ "hidden-after", hidden_after },
		{ "clock", clock_ },
		{ "clock-alone", clock_alone },
		{ "rare", rare },
		{ "mlock", mlock_ },
		{ "live", live },
		{ "constructed", constructed },
		{ "reentered", reentered },
		{ "allocator", allocator },
		{ "plugin", plugin },
		{ "module", module },
		{ "reopen", reopen },
	};

	return guest_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
