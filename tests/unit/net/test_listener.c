/* Listening sockets: who may replace what stands at a path. Real sockets in a folder of their own. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/net/listener.h"
#include "tests/support/unit.h"

struct place {
	char folder[32];
	char path[64];
	char lock[80];
	char error[512];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->folder, "/tmp/shunt-listen-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	snprintf(place->path, sizeof(place->path), "%s/shunt.sock", place->folder);
	snprintf(place->lock, sizeof(place->lock), "%s.lock", place->path);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	unlink(place->lock);
	/* Fails when a test left something behind that it should not. */
	assert_int_equal(rmdir(place->folder), 0);
	free(place);
	return 0;
}

static struct listener *open_type(struct place *place, int type, mode_t mode)
{
	place->error[0] = '\0';
	return listener_open(place->path, type, mode, LISTENER_OWN_GROUP, place->error,
	                     sizeof(place->error));
}

static struct listener *open_at(struct place *place)
{
	return open_type(place, SOCK_SEQPACKET, 0666);
}

static void refused(struct place *place, const char *format, ...)
{
	char wanted[512];
	va_list args;

	assert_null(open_at(place));
	va_start(args, format);
	vsnprintf(wanted, sizeof(wanted), format, args);
	va_end(args);
	assert_string_equal(place->error, wanted);
}

static bool exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0;
}

static int socket_at(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	strcpy(address.sun_path, path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static int connect_to(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	strcpy(address.sun_path, path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

static void opens_with_its_mode_and_leaves_nothing(void **state)
{
	static const struct {
		int type;
		mode_t mode;
	} cases[] = { { SOCK_SEQPACKET, 0666 }, { SOCK_STREAM, 0660 }, { SOCK_STREAM, 0600 } };
	struct place *place = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		mode_t mask = umask(0022);
		struct listener *listener = open_type(place, cases[i].type, cases[i].mode);
		struct stat status;
		int fd;

		assert_int_equal(umask(mask), 0022);
		assert_string_equal(place->error, "");
		assert_non_null(listener);
		assert_int_equal(lstat(place->path, &status), 0);
		assert_true(S_ISSOCK(status.st_mode));
		assert_int_equal(status.st_mode & 07777, cases[i].mode);
		assert_int_equal(lstat(place->lock, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
		assert_true(fcntl(listener_fd(listener), F_GETFD) & FD_CLOEXEC);
		assert_true(fcntl(listener_fd(listener), F_GETFL) & O_NONBLOCK);
		fd = connect_to(place->path, cases[i].type);
		assert_true(fd >= 0);
		close(fd);
		listener_close(listener);
		assert_false(exists(place->path));
		assert_false(exists(place->lock));
	}
}

/* A child takes the socket and dies without a word. */
static void crash(struct place *place)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(open_at(place) ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(exists(place->path));
	assert_true(exists(place->lock));
}

static void a_dead_daemons_socket_is_replaced(void **state)
{
	struct place *place = *state;
	struct listener *listener;
	int fd;

	crash(place);
	assert_int_equal(connect_to(place->path, SOCK_SEQPACKET), -1);
	listener = open_at(place);
	assert_string_equal(place->error, "");
	assert_non_null(listener);
	fd = connect_to(place->path, SOCK_SEQPACKET);
	assert_true(fd >= 0);
	close(fd);
	listener_close(listener);
}

static void a_live_daemon_keeps_its_socket(void **state)
{
	struct place *place = *state;
	struct listener *listener = open_at(place);
	struct stat before, after;
	int fd;

	assert_non_null(listener);
	assert_int_equal(lstat(place->path, &before), 0);
	refused(place, "%s: is in use by a live daemon, process %d; stop it or choose another path",
	        place->path, (int)getpid());
	assert_int_equal(lstat(place->path, &after), 0);
	assert_true(before.st_ino == after.st_ino);
	assert_true(exists(place->lock));
	fd = connect_to(place->path, SOCK_SEQPACKET);
	assert_true(fd >= 0);
	close(fd);
	listener_close(listener);
}

/* Somebody who knows nothing of our lock file. */
static void whoever_answers_is_left_alone(void **state)
{
	static const int types[] = { SOCK_SEQPACKET, SOCK_STREAM };
	struct place *place = *state;

	for (size_t i = 0; i < 2; i++) {
		int fd = socket_at(place->path, types[i]);

		if (types[i] == SOCK_SEQPACKET)
			refused(place,
			        "%s: is in use by a live daemon, process %d; stop it or choose "
			        "another path",
			        place->path, (int)getpid());
		else
			refused(place,
			        "%s: is in use by a live daemon; stop it or choose another path",
			        place->path);
		assert_true(exists(place->path));
		assert_false(exists(place->lock));
		close(fd);
		unlink(place->path);
	}
}

static void a_full_backlog_is_a_sign_of_life(void **state)
{
	struct place *place = *state;
	int fd = socket_at(place->path, SOCK_SEQPACKET), clients[8], count = 0;

	while (count < 8 && (clients[count] = connect_to(place->path, SOCK_SEQPACKET)) >= 0)
		count++;
	assert_in_range(count, 1, 7);
	refused(place, "%s: is in use by a live daemon; stop it or choose another path",
	        place->path);
	while (count > 0)
		close(clients[--count]);
	close(fd);
}

static void what_is_no_socket_is_left_alone(void **state)
{
	struct place *place = *state;
	int fd = open(place->path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	close(fd);
	refused(place, "%s: is not a socket; remove it or choose another path", place->path);
	unlink(place->path);
	assert_int_equal(symlink("/dev/null", place->path), 0);
	refused(place, "%s: is not a socket; remove it or choose another path", place->path);
	unlink(place->path);
	assert_int_equal(mkdir(place->path, 0700), 0);
	refused(place, "%s: is not a socket; remove it or choose another path", place->path);
	assert_int_equal(rmdir(place->path), 0);
	assert_false(exists(place->lock));
}

static void a_lock_that_is_no_file_is_refused(void **state)
{
	struct place *place = *state;
	char target[96];

	snprintf(target, sizeof(target), "%s/target", place->folder);
	assert_int_equal(symlink(target, place->lock), 0);
	refused(place, "%s: %s is not a regular file; remove it or choose another path",
	        place->path, place->lock);
	assert_false(exists(target));
	unlink(place->lock);
	assert_int_equal(mkfifo(place->lock, 0600), 0);
	refused(place, "%s: %s is not a regular file; remove it or choose another path",
	        place->path, place->lock);
	unlink(place->lock);
	assert_int_equal(mkdir(place->lock, 0700), 0);
	refused(place, "%s: %s is not a regular file; remove it or choose another path",
	        place->path, place->lock);
	assert_int_equal(rmdir(place->lock), 0);
}

static void a_folder_that_is_missing_is_named(void **state)
{
	struct place *place = *state, other = *place;

	snprintf(other.path, sizeof(other.path), "%s/none/shunt.sock", place->folder);
	refused(&other, "%s: the folder %s/none does not exist; create it or choose another path",
	        other.path, place->folder);
	snprintf(other.path, sizeof(other.path), "%s/file/shunt.sock", place->folder);
	snprintf(other.lock, sizeof(other.lock), "%s/file", place->folder);
	close(open(other.lock, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	refused(&other, "%s: %s is not a folder; choose another path", other.path, other.lock);
	unlink(other.lock);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	struct place *place = *state;
	char path[160], error[512];
	struct listener *listener;

	memset(path, 'x', sizeof(path));
	memcpy(path, place->folder, strlen(place->folder));
	path[strlen(place->folder)] = '/';
	path[108] = '\0';
	assert_null(
	        listener_open(path, SOCK_STREAM, 0600, LISTENER_OWN_GROUP, error, sizeof(error)));
	assert_non_null(strstr(error, "is too long for a socket, 108 characters of at most 107; "
	                              "choose a shorter path"));
	path[107] = '\0';
	listener = listener_open(path, SOCK_STREAM, 0600, LISTENER_OWN_GROUP, error, sizeof(error));
	assert_non_null(listener);
	listener_close(listener);
	assert_false(exists(path));
}

static void another_ones_socket_is_not_removed(void **state)
{
	struct place *place = *state;
	struct listener *listener = open_at(place);
	int fd;

	assert_non_null(listener);
	unlink(place->path);
	fd = socket_at(place->path, SOCK_STREAM);
	listener_close(listener);
	assert_true(exists(place->path));
	assert_false(exists(place->lock));
	close(fd);
}

/* The lock file of a daemon that ends is removed under those who have just opened it. */
static void a_removed_lock_file_is_nobodys(void **state)
{
	struct place *place = *state;
	struct listener *listener = open_at(place), *second;
	struct stat old, new;

	assert_non_null(listener);
	assert_int_equal(lstat(place->lock, &old), 0);
	unlink(place->lock);
	unlink(place->path);
	second = open_at(place);
	assert_non_null(second);
	listener_close(listener);
	assert_true(exists(place->path));
	assert_int_equal(lstat(place->lock, &new), 0);
	assert_true(old.st_ino != new.st_ino);
	listener_close(second);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(opens_with_its_mode_and_leaves_nothing),
		TEST(a_dead_daemons_socket_is_replaced),
		TEST(a_live_daemon_keeps_its_socket),
		TEST(whoever_answers_is_left_alone),
		TEST(a_full_backlog_is_a_sign_of_life),
		TEST(what_is_no_socket_is_left_alone),
		TEST(a_lock_that_is_no_file_is_refused),
		TEST(a_folder_that_is_missing_is_named),
		TEST(a_path_that_is_too_long_is_refused),
		TEST(another_ones_socket_is_not_removed),
		TEST(a_removed_lock_file_is_nobodys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
