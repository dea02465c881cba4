/*
 * libcurl's multi interface driven by libevent: one multi handle and one event loop.
 *
 * libcurl specifies the descriptors to watch: the sockets of transfers, those of connections that
 * it is still closing after their transfer has ended, and its own pipes or eventfds, for internal
 * easy handles (8.12 and newer). Each descriptor has an event; only libcurl knows which transfer it
 * belongs to.
 *
 * The http probes and each session with etcd have a struct transfer_loop, which they free after its
 * last transfer. libcurl is started with the first easy handle: with the libraries behind it, it takes
 * 2 MB, and most probes do without. Everything runs in the loop's thread. Callbacks are called when
 * libcurl has returned, never from within it, so they may stop and free any transfer.
 */
#ifndef SHUNT_NET_TRANSFER_H
#define SHUNT_NET_TRANSFER_H

#include <curl/curl.h>
#include <stdbool.h>
#include <sys/queue.h>

struct event_base;
struct transfer_loop;

/*
 * Embedded in its owner's struct. The owner sets the first four fields, the easy handle by
 * transfer_easy(), and all of its options except CURLOPT_PRIVATE.
 */
struct transfer {
	CURL *easy; /* NULL: none */
	/* The transfer has ended. */
	void (*done)(void *arg, CURLcode code);
	/*
	 * The transfer cannot continue on this host: a descriptor cannot be watched, or memory has
	 * run out.
	 */
	void (*failed)(void *arg);
	void *arg;
	/* Private to transfer.c. */
	TAILQ_ENTRY(transfer) link;
	bool is_running;
	bool is_lost; /* a call of failed() is pending */
};

/* Returns NULL if out of memory. */
struct transfer_loop *transfer_loop_new(struct event_base *base);
/* NULL is allowed. */
void transfer_loop_free(struct transfer_loop *loop);

/*
 * A new easy handle for a transfer in this loop, owned by the caller until it is given to
 * transfer_stop(). Returns NULL if libcurl cannot start, for lack of memory or descriptors.
 */
CURL *transfer_easy(struct transfer_loop *loop);

/*
 * Starts the transfer: either done() or failed() is called later, unless transfer_stop() is called
 * first. Returns false if it cannot start, for lack of memory or because a descriptor cannot be
 * watched. In both cases transfer_stop() must be called.
 */
bool transfer_start(struct transfer_loop *loop, struct transfer *transfer);

/* Frees the easy handle, whether the transfer is running, has ended or was never started. */
void transfer_stop(struct transfer_loop *loop, struct transfer *transfer);

#endif
