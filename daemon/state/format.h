/*
 * The state file's format: the only place that writes and reads it. What is saved, and what is made of it, is monitor/persist's.
 *
 *   {"alive": "…", "version": 1, "boot": "…",
 *    "records": {"www.example.com": {"active": "secondary", "since": 1764043200, "endpoint": "secondary", "override": {…}}, …},
 *    "up": ["1234567890abcdef", …], "down": […]}
 *
 * Health is kept by a hash of the target's key, which has the address and every option of the check in it: what is defined otherwise
 * is another target. It holds for FORMAT_FRESH_MS after the last sign of life, in the same boot; the rest holds for ever.
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
#define FORMAT_KEY_MAX 17

/* Texts are never NULL: "" is none. When read they are foreign, and valid as long as what was read. */
struct format_override {
	const char *endpoint; /* id */
	uid_t uid;
	const char *by, *reason;
	time_t since, until;  /* wall clock; until 0: without end */
	uint64_t deadline_ms; /* CLOCK_BOOTTIME; 0: without end */
};

struct format_record {
	const char *name;
	const char *active;   /* what answers: an endpoint's id, "dns" or "fail" */
	time_t since;         /* wall clock; 0: not known */
	const char *endpoint; /* elected last, if that is not the primary: else "" */
	uint64_t returns;     /* as in struct election */
	uint64_t returned_ms; /* CLOCK_MONOTONIC of the same boot */
	bool overridden;
	struct format_override override; /* if overridden */
};

/* This boot's id; "" where the kernel does not say. */
const char *format_boot(char boot[FORMAT_BOOT_MAX]);

/* What a target's key is called in the file. Returns `text`. */
const char *format_key(const char *key, char text[FORMAT_KEY_MAX]);

/*
 * Writing: format_begin(), format_record() for each record; for HEALTH_UP and then HEALTH_DOWN format_health_begin() and
 * format_health_key() for each target that is so; format_end(). `first` is true for the first of its list. Errors stay in `out`.
 */
void format_begin(FILE *out, uint64_t alive_ms);
void format_record(FILE *out, const struct format_record *record, bool first);
void format_health_begin(FILE *out, enum health_state state);
void format_health_key(FILE *out, const char *key, bool first);
void format_end(FILE *out);

struct saved;

/* `now_ms`: CLOCK_BOOTTIME. NULL: the text is damaged, and `*why` says how. */
struct saved *format_parse(const char *text, size_t size, const char *boot, uint64_t now_ms,
                           const char **why);
/* Takes NULL. */
void format_free(struct saved *saved);

/* Saved in this boot: its times of CLOCK_BOOTTIME are ours. */
bool format_same_boot(const struct saved *saved);
/* So recent, besides, that health still holds. */
bool format_is_fresh(const struct saved *saved);

/* HEALTH_UNKNOWN where it is not known, or no longer. */
enum health_state format_health(const struct saved *saved, const char *key);

typedef void format_record_found(void *arg, const struct format_record *record);
/* Calls `found` for each record. */
void format_each(const struct saved *saved, format_record_found *found, void *arg);

/* The record of that name, in any case. False: there is none, and all of `*record` is empty. */
bool format_find(const struct saved *saved, const char *name, struct format_record *record);

#endif
