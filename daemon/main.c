/*
 * shuntd: signals, reloads, and the order in which the parts start and stop. Policy is elsewhere.
 *
 * Order of start: configuration, sockets, rights, then what runs in the loop from the bottom up. stop() is its mirror.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ares.h>
#include <curl/curl.h>
#include <event2/event.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "control/control.h"
#include "monitor/monitor.h"
#include "net/listener.h"
#include "notify/notify.h"
#include "probe/connect.h"
#include "probe/exec.h"
#include "probe/http.h"
#include "probe/probe.h"
#include "probe/schedule.h"
#include "probe/tls.h"
#include "probe/trust.h"
#include "process/cmdline.h"
#include "process/spawn.h"
#include "process/systemd.h"
#include "publish/clients.h"
#include "reload/reload.h"
#include "resolve/resolve.h"
#include "state/format.h"
#include "state/state.h"

#include "shunt/protocol.h"
#include "shunt/version.h"

#define MODE_SOCKET 0666 /* everybody may attach and read */
#define DESCRIPTORS_MIN 64u

struct server {
	struct cmdline options;
	struct reload reload;
	struct event_base *base;
	struct listener *client_listener;
	struct listener *control_listener;
	int http_fd;
	int reserve; /* for clients_new(); -1: it has it */
	struct prober *prober;
	struct trust *trust;
	struct probe_http *http;
	struct probe_kind tls;
	struct spawn_user exec_user;
	struct probe_exec *exec;
	struct notify *notify;
	struct resolver *resolver;
	struct state *state;
	struct monitor *monitor;
	struct clients *clients;
	struct control *control;
	struct control *control_tcp;
	struct systemd *systemd; /* NULL: no service manager, or not ours */
	struct event *signals[3];
	struct event *reloading; /* what SIGHUP asks for */
	struct event *owner;
};

/* libevent tells of every signal, however many came while a reload took its time: one reload is enough for all of them. */
static void ask_reload(evutil_socket_t signal, short what, void *arg)
{
	struct server *server = arg;

	(void)signal;
	(void)what;
	event_active(server->reloading, EV_TIMEOUT, 0);
}

static void reload(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;
	struct reload_result result;

	(void)fd;
	(void)what;
	reload_run(&server->reload, &result);
	reload_result_free(&result);
}

/* --- start ------------------------------------------------------------------------------------- */

/*
 * A daemon that runs under the shim would be told its own answers. Whatever else is preloaded (a sanitizer, a profiler) is
 * ours to keep, but not our children's.
 */
static void leave_shim(char **argv)
{
	const char *preload = getenv("LD_PRELOAD");
	bool shimmed = preload && strstr(preload, "libshunt");
	char path[PATH_MAX];
	ssize_t length;

	unsetenv("LD_PRELOAD");
	if (!shimmed)
		return;
	length = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (length > 0) {
		path[length] = '\0';
		execv(path, argv);
	}
	fatal("cannot start without libshunt preloaded: %s", strerror(errno));
}

/* A private daemon inherits them from the service that COMMAND is, and is not what that service's manager waits for. */
static void take_notify_socket(struct server *server)
{
	server->systemd = systemd_new();
	if (!server->options.private_dir)
		return;
	systemd_free(server->systemd);
	server->systemd = NULL;
}

/* Where 0, 1 or 2 is closed, a socket would take its place and the log would be written there. These are for our children, too. */
static void fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static rlim_t raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return DESCRIPTORS_MIN;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

/* One line on a setting that turns out wrong only at start. A default has no line in the file. */
static void say_setting(const char *file, unsigned line, const char *setting, const char *error)
{
	if (line)
		fprintf(stderr, "%s:%u: %s: %s\n", file, line, setting, error);
	else
		fprintf(stderr, "%s: %s: %s\n", file, setting, error);
}

/* -1, with one line said, when it cannot be. */
static int listen_tcp(const struct config *config)
{
	struct sockaddr_storage address;
	socklen_t size = address_to_sockaddr(&config->http_address.address,
	                                     config->http_address.port, &address);
	int fd = socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char error[CONFIG_ERROR_MAX];
	int one = 1;

	if (fd >= 0)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (fd >= 0 && bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 64) == 0)
		return fd;
	snprintf(error, sizeof(error), "cannot listen on %s: %s; choose another address or port",
	         config->http, strerror(errno));
	say_setting(config->http_file, config->http_line, "http", error);
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool open_sockets(struct server *server, const struct config *config)
{
	char error[CONFIG_ERROR_MAX];

	server->client_listener = listener_open(server->reload.socket_path, SOCK_SEQPACKET,
	                                        MODE_SOCKET, error, sizeof(error));
	if (!server->client_listener) {
		say_setting(config->socket_file, config->socket_line, "socket", error);
		return false;
	}
	server->control_listener = listener_open(server->reload.control_path, SOCK_STREAM,
	                                         MODE_SOCKET, error, sizeof(error));
	if (!server->control_listener) {
		say_setting(config->control_file, config->control_line, "control", error);
		return false;
	}
	if (config->http)
		server->http_fd = listen_tcp(config);
	return !config->http || server->http_fd >= 0;
}

/* A daemon without it works as well, until it is started again. As root still, since the folder may have to be made. */
static void open_state(struct server *server, const struct config *config)
{
	const struct passwd *user = config->user ? getpwnam(config->user) : NULL;
	char error[CONFIG_ERROR_MAX];

	if (!config->state_dir)
		return;
	server->state = state_open(config->state_dir, user ? user->pw_uid : geteuid(),
	                           user ? user->pw_gid : getegid(), error, sizeof(error));
	if (server->state)
		return;
	if (config->state_dir_line)
		log_warning("%s:%u: state_dir: %s: %s", config->state_dir_file,
		            config->state_dir_line, config->state_dir, error);
	else
		log_warning("%s: state_dir: %s: %s", config->state_dir_file, config->state_dir,
		            error);
}

/* What another life left; NULL: nothing. */
static struct saved *read_state(const struct state *state)
{
	char boot[FORMAT_BOOT_MAX];
	struct saved *saved;
	const char *why;
	size_t size;
	char *text = state ? state_read(state, &size) : NULL;

	if (!text)
		return NULL;
	saved = format_parse(text, size, format_boot(boot), clock_boot_ms(), &why);
	free(text);
	if (!saved)
		state_set_aside(state, why);
	return saved;
}

/* Gives up root's rights for good, groups first. The control socket is the user's group's, whose members may change things. */
static bool become(const struct config *config)
{
	const struct passwd *user;
	char error[CONFIG_ERROR_MAX];

	if (!config->user)
		return true;
	user = getpwnam(config->user);
	if (user && geteuid() == user->pw_uid && getegid() == user->pw_gid)
		return true;
	if (user && lchown(config->control, (uid_t)-1, user->pw_gid) == 0 &&
	    setgroups(0, NULL) == 0 && setgid(user->pw_gid) == 0 && setuid(user->pw_uid) == 0)
		return true;
	if (!user)
		snprintf(error, sizeof(error),
		         "there is no user \"%s\"; create it or remove the line", config->user);
	else
		snprintf(error, sizeof(error),
		         "cannot become \"%s\": %s; start as root or remove the line", config->user,
		         strerror(errno));
	say_setting(config->user_file, config->user_line, "user", error);
	return false;
}

static bool choose_exec_user(struct server *server, const struct config *config)
{
	char error[CONFIG_ERROR_MAX];

	if (reload_exec_user(&server->reload, config, &server->exec_user, error))
		return true;
	fprintf(stderr, "%s\n", error);
	return false;
}

static void harden(void)
{
	umask(0177);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);  /* ignored, it would take our children's ends from us */
	signal(SIGHUP, SIG_IGN);   /* until the loop takes it */
	unsetenv("SSLKEYLOGFILE"); /* libcurl would write our TLS secrets there */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	/* Leak checkers look at their own process through ptrace. */
	prctl(PR_SET_DUMPABLE, 0);
#endif
}

/* Whoever started us may be gone; then there is nobody to tell. */
static void tell_starter(struct cmdline *options, const char *what)
{
	if (options->ready_fd < 0)
		return;
	if (write(options->ready_fd, what, 1) < 0)
		log_debug("nobody waits for this daemon: %s", strerror(errno));
	close(options->ready_fd);
	options->ready_fd = -1;
}

static void table_settled(void *arg)
{
	struct server *server = arg;
	int null;

	systemd_status(server->systemd, RELOAD_ANSWERING);
	if (server->options.ready_fd < 0)
		return;
	tell_starter(&server->options, CMDLINE_READY);
	if (server->options.verbose)
		return;
	/* From here on the terminal is COMMAND's. */
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, STDERR_FILENO);
		close(null);
	}
}

static void stop_loop(evutil_socket_t fd, short what, void *arg)
{
	struct server *server = arg;

	(void)fd;
	(void)what;
	event_base_loopexit(server->base, NULL);
}

static bool catch_signals(struct server *server)
{
	server->signals[0] = evsignal_new(server->base, SIGTERM, stop_loop, server);
	server->signals[1] = evsignal_new(server->base, SIGINT, stop_loop, server);
	server->signals[2] = evsignal_new(server->base, SIGHUP, ask_reload, server);
	server->reloading = event_new(server->base, -1, 0, reload, server);
	if (!server->reloading)
		return false;
	for (size_t i = 0; i < 3; i++) {
		if (!server->signals[i] || event_add(server->signals[i], NULL) < 0)
			return false;
	}
	if (server->options.owner_fd < 0)
		return true;
	server->owner =
	        event_new(server->base, server->options.owner_fd, EV_READ, stop_loop, server);
	return server->owner && event_add(server->owner, NULL) == 0;
}

/* Timers to the millisecond (libevent's usual clock is as coarse as the kernel's tick), whatever the environment says. */
static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base = NULL;

	if (config && event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER |
	                                                    EVENT_BASE_FLAG_IGNORE_ENV) == 0)
		base = event_base_new_with_config(config);
	if (config)
		event_config_free(config);
	return base;
}

/* What libevent says of itself; the calls that fail say it again, in our words. */
static void log_libevent(int severity, const char *text)
{
	(void)severity;
	log_debug("libevent: %s", text);
}

static struct metrics_sources make_sources(const struct server *server)
{
	return (struct metrics_sources){
		.monitor = server->monitor,
		.probes = prober_tally(server->prober),
		.clients = clients_counts(server->clients),
		.reloads = &server->reload.history,
		.notify = server->notify,
		.state = server->state ? state_counts(server->state) : NULL,
		.started = server->reload.history.last,
	};
}

static bool start_control(struct server *server)
{
	struct control_parts parts = { .base = server->base,
		                       .monitor = server->monitor,
		                       .reload = &server->reload,
		                       .metrics = make_sources(server),
		                       .fd = listener_fd(server->control_listener),
		                       .is_private = server->options.private_dir };

	server->reload.monitor = server->monitor;
	server->reload.resolver = server->resolver;
	server->reload.exec = server->exec;
	server->reload.notify = server->notify;
	server->reload.systemd = server->systemd;
	server->control = control_new(&parts);
	parts.fd = server->http_fd;
	parts.tcp = true;
	if (server->http_fd >= 0)
		server->control_tcp = control_new(&parts);
	return server->control && (server->http_fd < 0 || server->control_tcp);
}

/* What runs in the loop, from the bottom up. Takes the configuration over. */
static bool start(struct server *server, struct config *config, unsigned probes)
{
	struct monitor_parts parts = { .settled = table_settled, .arg = server };

	event_set_log_callback(log_libevent);
	server->base = base_new();
	server->prober = server->base ? prober_new(server->base, probes) : NULL;
	server->trust = server->prober ? trust_new() : NULL;
	server->http = server->trust ? probe_http_new(server->base, server->trust) : NULL;
	server->tls = probe_tls_kind(server->trust);
	server->exec = server->http ? probe_exec_new(server->base, &server->exec_user) : NULL;
	server->notify = server->exec ? notify_new(server->base) : NULL;
	if (server->notify)
		server->resolver =
		        resolve_new(server->base, config->resolvers, config->resolver_count);
	if (!server->resolver) {
		config_free(config);
		return false;
	}
	notify_configure(server->notify, config->notify, config->notify_count, &server->exec_user);
	parts.base = server->base;
	parts.prober = server->prober;
	parts.resolver = server->resolver;
	parts.kinds[CHECK_HTTP] = probe_http_kind(server->http);
	parts.kinds[CHECK_HTTPS] = probe_https_kind(server->http);
	parts.kinds[CHECK_TCP] = &probe_tcp;
	parts.kinds[CHECK_TLS] = &server->tls;
	parts.kinds[CHECK_EXEC] = probe_exec_kind(server->exec);
	parts.state = server->state;
	parts.saved = read_state(server->state);
	server->monitor = monitor_new(&parts);
	if (!monitor_load(server->monitor, config)) {
		config_free(config);
		return false;
	}
	server->clients = clients_new(server->base, listener_fd(server->client_listener),
	                              server->reserve, monitor_table, server->monitor);
	server->reserve = -1;
	if (server->state &&
	    !state_start(server->state, server->base, monitor_state, server->monitor))
		return false;
	return start_control(server) && catch_signals(server) &&
	       systemd_watch(server->systemd, server->base);
}

/* Without our handlers, another one would end us at once: before the state is written and the sockets are removed. */
static void block_signals(void)
{
	sigset_t ours;

	sigemptyset(&ours);
	sigaddset(&ours, SIGTERM);
	sigaddset(&ours, SIGINT);
	sigaddset(&ours, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &ours, NULL);
}

/* The mirror of the start; takes a server that started only in part. */
static void stop(struct server *server)
{
	block_signals();
	for (size_t i = 0; i < 3; i++) {
		if (server->signals[i])
			event_free(server->signals[i]);
	}
	if (server->reloading)
		event_free(server->reloading);
	if (server->owner)
		event_free(server->owner);
	if (server->control_tcp)
		control_free(server->control_tcp);
	if (server->control)
		control_free(server->control);
	if (server->clients)
		clients_free(server->clients);
	if (server->state)
		state_free(server->state);
	if (server->monitor)
		monitor_free(server->monitor);
	if (server->resolver)
		resolve_free(server->resolver);
	notify_free(server->notify);
	probe_exec_free(server->exec);
	if (server->http)
		probe_http_free(server->http);
	trust_free(server->trust);
	if (server->prober)
		prober_free(server->prober);
	systemd_free(server->systemd);
	if (server->base)
		event_base_free(server->base);
	if (server->http_fd >= 0)
		close(server->http_fd);
	if (server->reserve >= 0)
		close(server->reserve);
	if (server->control_listener)
		listener_close(server->control_listener);
	if (server->client_listener)
		listener_close(server->client_listener);
	if (server->options.private_dir)
		rmdir(server->options.private_dir);
	reload_free(&server->reload);
	libevent_global_shutdown();
	ares_library_cleanup();
	curl_global_cleanup();
}

static int serve(struct server *server, struct config *config)
{
	rlim_t descriptors = raise_descriptor_limit();
	size_t records = config->record_count;

	harden();
	server->reserve = clients_reserve();
	if (!open_sockets(server, config)) {
		config_free(config);
		return 1;
	}
	open_state(server, config);
	if (!become(config) || !choose_exec_user(server, config)) {
		config_free(config);
		return 1;
	}
	systemd_status(server->systemd, "starting: waits for the first verdict of every check");
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != 0 ||
	    ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
		fatal("libcurl or c-ares cannot start");
	if (!start(server, config, probe_schedule_in_flight(descriptors))) {
		log_error("cannot start: %s", strerror(errno));
		return 1;
	}
	malloc_trim(0); /* the text of the configuration was several times what is kept of it */
	log_info("shuntd " SHUNT_VERSION " answers %zu %s on %s", records, reload_noun(records),
	         server->reload.socket_path);
	systemd_ready(server->systemd);
	event_base_dispatch(server->base);
	systemd_stopping(server->systemd);
	notify_finish(server->notify);
	log_info("ends");
	return 0;
}

int main(int argc, char **argv)
{
	struct server server = { .http_fd = -1, .reserve = -1 };
	char error[CONFIG_ERROR_MAX];
	struct config *config;
	int status;

	fill_standard_descriptors();
	leave_shim(argv);
	cmdline_parse(argc, argv, &server.options);
	take_notify_socket(&server);
	config = reload_read(server.options.file, error);
	if (!config) {
		fprintf(stderr, "%s\n", error);
		tell_starter(&server.options, CMDLINE_FAILED);
		return 1;
	}
	if (server.options.test) {
		printf("%s: good: %zu %s\n", server.options.file, config->record_count,
		       reload_noun(config->record_count));
		config_free(config);
		return 0;
	}
	if (server.options.verbose)
		log_set_level(LOG_LEVEL_DEBUG);
	else if (server.options.private_dir)
		log_set_level(LOG_LEVEL_ERROR);
	reload_init(&server.reload, &server.options, config);
	reload_keep(&server.reload, config);
	status = serve(&server, config);
	if (status != 0)
		tell_starter(&server.options, CMDLINE_FAILED);
	stop(&server);
	return status;
}
