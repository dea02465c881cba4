/*
 * libcurl's multi interface driven by libevent: one multi handle and one loop of events.
 *
 * libcurl names the descriptors that it wants watched: the sockets of transfers, those of
 * connections that it still closes after their transfer has ended, and pipes or eventfds of its
 * own, for easy handles of its own (8.12 and newer). Each descriptor has an event; which transfer
 * it belongs to is libcurl's business.
 *
 * The probes make one struct transfer_loop and free it after the last transfer. Everything runs in
 * the loop's thread. Callbacks are made when libcurl has returned, never from within it, so that
 * they may stop and free any transfer.
 */
#ifndef SHUNT_NET_TRANSFER_H
#define SHUNT_NET_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct transfer_loop;

/*
 * Part of its owner's struct; the owner sets the first four fields, and the easy handle's options
 * but CURLOPT_PRIVATE.
 */
struct transfer {
	CURL *easy; /* NULL: none */
	/* The transfer has ended. */
	void (*done)(void *arg, CURLcode code);
	/* This host cannot go on with it: a descriptor cannot be watched, or memory is out. */
	void (*failed)(void *arg);
	void *arg;
	/* transfer.c's own. */
	TAILQ_ENTRY(transfer) link;
	bool is_running;
	bool is_lost; /* failed() is due */
};

/* NULL: libcurl cannot start. curl_global_init() has been called. */
struct transfer_loop *transfer_loop_new(struct event_base *base);
/* NULL is taken. */
void transfer_loop_free(struct transfer_loop *loop);

/*
 * Begins it: one of done() and failed() is called, later, unless transfer_stop() comes first.
 * False: it cannot begin, for lack of memory or of a descriptor that can be watched. Either way to
 * be stopped.
 */
bool transfer_start(struct transfer_loop *loop, struct transfer *transfer);

/* Frees the easy handle, whether the transfer is running, has ended or has never begun. */
void transfer_stop(struct transfer_loop *loop, struct transfer *transfer);

#endif
