/*
 * The state file's format: all code that writes and parses it. The selection of data to save, and
 * its use, are in monitor/persist.
 *
 *   {"alive": "…", "version": 1, "boot": "…",
 *    "records": {"www.example.com": {"active": "secondary", "since": 1764043200,
 *                                    "endpoint": "secondary", "override": {…}}, …},
 *    "up": ["1234567890abcdef", …], "down": […]}
 *
 * Health is stored under the target's key, a hash of the address and every option of
 * the check: a check with other options is another target. Health is valid for FORMAT_FRESH_MS
 * after the last stamp, in the same boot; the rest does not expire.
 */
#ifndef SHUNT_STATE_FORMAT_H
#define SHUNT_STATE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>
#include <time.h>

#include "policy/health.h"

#define FORMAT_VERSION 1
#define FORMAT_FRESH_MS 60000u
#define FORMAT_BOOT_MAX 40

/*
 * Strings are never NULL; "" means none. Strings that were read come from outside, and are valid as
 * long as the struct saved.
 */
struct format_override {
	const char *endpoint; /* id */
	uid_t uid;
	const char *by, *reason;
	time_t since, until;  /* wall clock; `until` is 0 without a time limit */
	uint64_t deadline_ms; /* CLOCK_BOOTTIME; 0: no time limit */
};

struct format_record {
	const char *name;
	const char *active;   /* the answer: an endpoint's id, "dns" or "fail" */
	time_t since;         /* wall clock; 0 if unknown */
	const char *endpoint; /* the endpoint elected last, if that is not the primary; else "" */
	uint64_t returns;     /* as in struct election */
	uint64_t returned_ms; /* CLOCK_MONOTONIC of the same boot */
	bool overridden;
	struct format_override override; /* if there is one */
};

/* The id of this boot; "" if the kernel does not provide one. */
const char *format_boot(char boot[FORMAT_BOOT_MAX]);

/* The key under which the file knows a target: a hash of what identifies it, joined by spaces. */
uint64_t format_key(const char *const *parts, size_t count);

/*
 * To write a file: call format_begin(); format_record() for each record; then, for HEALTH_UP and
 * after it for HEALTH_DOWN, format_health_begin() and format_health_key() for each target with that
 * health; finally format_end(). `first` is true for the first element of its list. Errors are kept
 * in `out`.
 */
void format_begin(FILE *out, uint64_t alive_ms);
void format_record(FILE *out, const struct format_record *record, bool first);
void format_health_begin(FILE *out, enum health_state state);
void format_health_key(FILE *out, uint64_t key, bool first);
void format_end(FILE *out);

struct saved;

/* `now_ms`: CLOCK_BOOTTIME. Returns NULL if the text is damaged, with the reason in `*why`. */
struct saved *format_parse(const char *text, size_t size, const char *boot, uint64_t now_ms,
                           const char **why);
/* NULL is allowed. */
void format_free(struct saved *saved);

/* Whether it was saved in this boot, so that its CLOCK_BOOTTIME values apply. */
bool format_same_boot(const struct saved *saved);
/* Whether, in addition, it is recent enough for health to be valid. */
bool format_is_fresh(const struct saved *saved);

/* HEALTH_UNKNOWN if the health was not saved, or is no longer valid. */
enum health_state format_health(const struct saved *saved, uint64_t key);

typedef void format_record_found(void *arg, const struct format_record *record);
/* Calls `found` for each record. */
void format_each(const struct saved *saved, format_record_found *found, void *arg);

/*
 * Finds the record with that name, in any case. If there is none, returns false and all of
 * `*record` is empty.
 */
bool format_find(const struct saved *saved, const char *name, struct format_record *record);

#endif
