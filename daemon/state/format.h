/*
 * A state file's text, understood: what another life of this daemon knew. Says nothing of what to make of it (monitor_state).
 *
 *   {"alive": "…", "version": 1, "boot": "…",
 *    "records": {"www.example.com": {"active": "secondary", "since": 1764043200, "endpoint": "secondary", "override": {…}}, …},
 *    "up": ["1234567890abcdef", …], "down": […]}
 *
 * Health is kept by a hash of the target's key, which has the address and every option of the check in it: what is defined otherwise
 * is another target. It holds for SAVED_FRESH_MS after the last sign of life, in the same boot; the rest holds for ever.
 */
#ifndef SHUNT_STATE_FORMAT_H
#define SHUNT_STATE_FORMAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "policy/health.h"

#define SAVED_VERSION 1
#define SAVED_FRESH_MS 60000u
#define SAVED_BOOT_MAX 40
#define SAVED_KEY_MAX 17

struct saved;

/* This boot's id; "" where the kernel does not say. */
const char *saved_boot(char boot[SAVED_BOOT_MAX]);

/* What a target's key is called in the file. Returns `text`. */
const char *saved_key(const char *key, char text[SAVED_KEY_MAX]);

/* `now_ms`: CLOCK_BOOTTIME. NULL: the text is damaged, and `*why` says how. */
struct saved *saved_parse(const char *text, size_t size, const char *boot, uint64_t now_ms,
                          const char **why);
/* NULL is taken. */
void saved_free(struct saved *saved);

/* Of the same boot: times of CLOCK_BOOTTIME in it mean what they say. */
bool saved_same_boot(const struct saved *saved);
/* And so recent that health still holds. */
bool saved_is_fresh(const struct saved *saved);

/* HEALTH_UNKNOWN where it is not known, or no longer. */
enum health_state saved_health(const struct saved *saved, const char *key);

/* All records: an object by lower-case name; each member is an object. */
const json_t *saved_records(const struct saved *saved);

#endif
