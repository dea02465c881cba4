#include "core/settings.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/hot.h"
#include "core/libc.h"
#include "shunt/protocol.h"

#define KNOWN 0x80000000u

static HOT atomic_uint known_flags; /* 0: not read yet */

/*
 * A copy, since the program may change its environment. The thread that moves the state from UNREAD
 * to READING fills it in; until it has (which may never happen after a fork or a jump) other
 * threads read the environment directly.
 */
enum { UNREAD, READING, READ };
static atomic_int socket_state;
static atomic_int force_state;
static char socket_copy[SETTINGS_SOCKET_MAX];
static char force_copy[SETTINGS_FORCE_MAX];

static bool is_set(const char *variable)
{
	const char *value = secure_getenv(variable);

	return value && *value && strcmp(value, "0") != 0;
}

static const char *read_force(void)
{
	const char *value = secure_getenv("SHUNT_FORCE");

	return value && strnlen(value, SETTINGS_FORCE_MAX) < SETTINGS_FORCE_MAX ? value : "";
}

const char *settings_force(void)
{
	int unread = UNREAD;
	const char *value;

	if (atomic_load_explicit(&force_state, memory_order_acquire) == READ)
		return force_copy;
	value = read_force();
	if (!atomic_compare_exchange_strong(&force_state, &unread, READING))
		return value;
	strcpy(force_copy, value);
	atomic_store_explicit(&force_state, READ, memory_order_release);
	return force_copy;
}

static COLD unsigned read_flags(void)
{
	unsigned flags = KNOWN;

	if (is_set("SHUNT_DISABLE") || !libc_is_ours())
		flags |= SETTINGS_DISABLED;
	if (is_set("SHUNT_DEBUG"))
		flags |= SETTINGS_DEBUG;
	if (*read_force())
		flags |= SETTINGS_FORCED;
	atomic_store_explicit(&known_flags, flags, memory_order_relaxed);
	return flags;
}

unsigned settings_flags(void)
{
	unsigned flags = atomic_load_explicit(&known_flags, memory_order_relaxed);

	return (flags ? flags : read_flags()) & ~KNOWN;
}

bool settings_are_default(void)
{
	return atomic_load_explicit(&known_flags, memory_order_relaxed) == KNOWN;
}

static void read_socket(char path[SETTINGS_SOCKET_MAX])
{
	const char *value = secure_getenv("SHUNT_SOCKET");
	size_t length;

	if (!value || !*value)
		value = SHUNT_SOCKET_PATH;
	length = strnlen(value, SETTINGS_SOCKET_MAX);
	if (length == SETTINGS_SOCKET_MAX)
		length = 0;
	memcpy(path, value, length);
	path[length] = '\0';
}

bool settings_socket(char path[SETTINGS_SOCKET_MAX])
{
	int unread = UNREAD;

	if (atomic_load_explicit(&socket_state, memory_order_acquire) == READ) {
		memcpy(path, socket_copy, SETTINGS_SOCKET_MAX);
		return *path != '\0';
	}
	read_socket(path);
	if (atomic_compare_exchange_strong(&socket_state, &unread, READING)) {
		strcpy(socket_copy, path);
		atomic_store_explicit(&socket_state, READ, memory_order_release);
	}
	return *path != '\0';
}
