/*
 * Messages to a service manager over NOTIFY_SOCKET, as in sd_notify(3): ready, reloading, stopping, and
 * signs of life.
 *
 * systemd_new() once, before there are threads, and systemd_watch(); systemd_ready() after the start and after each
 * systemd_reloading(). All take NULL, which means no manager. They never wait: a message that finds no room is dropped; with
 * a watchdog the next sign of life says again that we are ready.
 */
#ifndef SHUNT_PROCESS_SYSTEMD_H
#define SHUNT_PROCESS_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct event_base;
struct systemd;

/* Takes its variables out of the environment. NULL where there are none, or none that is of use. */
struct systemd *systemd_new(void);
void systemd_free(struct systemd *systemd);

/* Signs of life from the loop, twice in the time that the manager gives. False with errno. */
bool systemd_watch(struct systemd *systemd, struct event_base *base);

void systemd_ready(const struct systemd *systemd);
void systemd_reloading(const struct systemd *systemd);
void systemd_stopping(const struct systemd *systemd);

/* One line for people, at any time. */
void systemd_status(const struct systemd *systemd, const char *text);

/* The values of WATCHDOG_USEC and WATCHDOG_PID, either may be NULL → microseconds; 0: the process `self` is not watched. */
uint64_t systemd_watchdog_us(const char *usec, const char *pid, pid_t self);

#endif
