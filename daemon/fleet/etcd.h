/*
 * Calls of etcd's HTTP gateway by libcurl, without waiting for any.
 *
 * The session makes one struct etcd for its members. Each call is a struct that the caller owns and
 * keeps until it has ended or was stopped.
 */
#ifndef SHUNT_FLEET_ETCD_H
#define SHUNT_FLEET_ETCD_H

#include <curl/curl.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "fleet/lines.h"
#include "net/transfer.h"

#define ETCD_ERROR_MAX 224u

struct event_base;
struct etcd;

struct etcd_call {
	/* The caller sets these: */
	const char *member; /* URL */
	const char *path;
	const char *token;   /* NULL: none */
	uint32_t timeout_ms; /* of the whole; of the connection only, for a stream */
	/*
	 * It has ended: `answer`, or `error` in one line. A stream never ends without an error. The call
	 * may be made anew or freed in it.
	 */
	void (*done)(void *arg, const json_t *answer, const char *error);
	/*
	 * NULL for a single answer. Else called for each line of a stream from within libcurl: it must
	 * not make or stop a call. Returns NULL, or why the stream is to end.
	 */
	const char *(*line)(void *arg, const json_t *line);
	void *arg;
	/* Private to etcd.c. */
	struct etcd *etcd;
	struct transfer transfer;
	struct curl_slist *headers;
	char *body;
	struct lines text;          /* what has been received */
	char error[ETCD_ERROR_MAX]; /* the last one */
	char library_error[CURL_ERROR_SIZE];
};

/* `config` must outlive it. NULL if out of memory. */
struct etcd *etcd_new(struct event_base *base, const struct fleet_config *config);
/* All calls must have ended or been stopped. NULL is allowed. */
void etcd_free(struct etcd *etcd);

/*
 * Takes ownership of `body`. done() is called later, unless etcd_stop() is called first. Returns false,
 * with the call's `error` filled, if the call cannot be made.
 */
bool etcd_ask(struct etcd *etcd, struct etcd_call *call, char *body);

/* No effect on a call that was never made or has ended. */
void etcd_stop(struct etcd_call *call);

bool etcd_is_asking(const struct etcd_call *call);

/* For the end of the daemon: waits for the answer, for `timeout_ms` at most, and ignores it. */
void etcd_tell(struct etcd *etcd, const char *member, const char *token, const char *path,
               char *body, uint32_t timeout_ms);

#endif
