/*
 * Which DNS servers are asked, and how: /etc/resolv.conf as libc reads it, or the `resolvers` of the configuration.
 *
 * libc's own parser reads the file (res_ninit(), which asks no server), so that a name means to the daemon what it means to the
 * programs of this host, whatever c-ares' release knows of resolv.conf(5). Its variables LOCALDOMAIN and RES_OPTIONS count too.
 */
#ifndef SHUNT_RESOLVE_CONF_H
#define SHUNT_RESOLVE_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "config/config.h"

#define CONF_PATH "/etc/resolv.conf"
#define CONF_SERVERS_MAX 16u /* those of `resolvers`; resolv.conf gives 3 at most */
#define CONF_DOMAINS_MAX 6u  /* MAXDNSRCH */
#define CONF_DOMAIN_MAX 256u /* bytes, with the final zero */

/* Made by the functions below alone, which leave equal bytes in equal ones; copied by memcpy(). */
struct conf {
	struct resolver_address servers[CONF_SERVERS_MAX]; /* at least one */
	size_t server_count;
	/* Names with fewer dots than `ndots` are looked up below these first, all others after their own failure. */
	char domains[CONF_DOMAINS_MAX][CONF_DOMAIN_MAX];
	size_t domain_count;
	uint32_t ndots;
	uint32_t attempt_ms; /* for the first server's answer; it doubles with each round */
	uint32_t rounds;     /* through all servers */
	bool rotate;         /* each question begins with another server */
	bool tcp;            /* all questions by TCP */
	bool edns;
};

/* The servers of the configuration: exactly the names that are written, over UDP. */
void conf_of_servers(const struct resolver_address *servers, size_t count, struct conf *conf);

/* libc's default: a server on this host. */
void conf_default(struct conf *conf);

/* What CONF_PATH says now. False, and `conf` untouched, when it is not there or cannot be read; a FIFO is not waited for. */
bool conf_read(struct conf *conf);

bool conf_equal(const struct conf *a, const struct conf *b);

/* What tells that a file was edited or replaced. All zeros: there is no regular file. */
struct conf_stamp {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

struct conf_stamp conf_stamp(const struct stat *status);
bool conf_stamp_equal(const struct conf_stamp *a, const struct conf_stamp *b);

#endif
