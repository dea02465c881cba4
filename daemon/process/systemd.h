/*
 * Messages to a service manager over NOTIFY_SOCKET, as in sd_notify(3): ready, reloading, stopping,
 * and watchdog messages.
 *
 * Call systemd_new() once, before there are threads, and systemd_watch(); then systemd_ready()
 * after the start and after each systemd_reloading(). All functions accept NULL, which means that
 * there is no manager. They never block: a message that does not fit the socket's buffer is
 * dropped; with a watchdog, the next watchdog message also repeats the ready state.
 */
#ifndef SHUNT_PROCESS_SYSTEMD_H
#define SHUNT_PROCESS_SYSTEMD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct event_base;
struct systemd;

/* Removes its variables from the environment. Returns NULL if there are none, or no usable ones. */
struct systemd *systemd_new(void);
void systemd_free(struct systemd *systemd);

/*
 * Sends watchdog messages from the loop, at half the interval that the manager requires. Returns
 * false with errno on failure.
 */
bool systemd_watch(struct systemd *systemd, struct event_base *base);

void systemd_ready(const struct systemd *systemd);
void systemd_reloading(const struct systemd *systemd);
void systemd_stopping(const struct systemd *systemd);

/* Sets the one-line status shown to people; may be called at any time. */
void systemd_status(const struct systemd *systemd, const char *text);

/*
 * Converts the values of WATCHDOG_USEC and WATCHDOG_PID, either of which may be NULL, to
 * microseconds; 0: the process `self` is not watched.
 */
uint64_t systemd_watchdog_us(const char *usec, const char *pid, pid_t self);

#endif
