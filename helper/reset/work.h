/*
 * The requests of one connection: each is held to the configuration, listed at once, and worked off
 * in turns at the rate that the configuration allows.
 */
#ifndef SHUNT_HELPER_RESET_WORK_H
#define SHUNT_HELPER_RESET_WORK_H

#include <stdint.h>

#include "shunt/reset.h"

struct allow;
struct diag;
struct work;

/* Sends a reply to the caller. */
typedef void work_reply(void *arg, const struct shunt_reset_reply *reply);

/* `allow` and `diag` must outlive it. */
struct work *work_new(const struct allow *allow, struct diag *diag, work_reply *reply, void *arg);
void work_free(struct work *work);

/* `request` is what was received. It replies FOUND or REFUSED. */
void work_take(struct work *work, const struct shunt_reset_request *request);

/* Resets what may be reset now, and replies DONE for what is done. */
void work_run(struct work *work, uint64_t now_ms);

/* Milliseconds until work_run() has something to do; -1: nothing is left. */
int work_wait_ms(const struct work *work);

#endif
