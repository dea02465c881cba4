/*
 * Responses. Each function queues one response and returns the result that libmicrohttpd's access
 * handler must return.
 */
#ifndef SHUNT_CONTROL_ANSWER_H
#define SHUNT_CONTROL_ANSWER_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "report/span.h"

struct control_parts;
struct monitor;
struct request;

/* `text` is JSON; takes ownership. NULL (out of memory) closes the connection. */
enum MHD_Result answer_json(struct MHD_Connection *connection, unsigned status, char *text);

/* {"error": …}; the message is one line. */
enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));

/* 405. `allow`: the methods that the path accepts; " " if none. */
enum MHD_Result answer_not_allowed(struct MHD_Connection *connection, const char *allow,
                                   const char *message);

/* The status page. */
enum MHD_Result answer_page(struct MHD_Connection *connection);

/*
 * Produces one piece of a long response: a non-empty string, freed once it is sent; NULL if out of
 * memory. `step` counts from 0; `*last` is set with the final piece.
 */
typedef char *answer_piece(const struct control_parts *parts, struct report_span span, size_t step,
                           bool *last);

/*
 * A long response, produced as the client reads it. A reload in between aborts it. `span`: the
 * records that it covers.
 */
enum MHD_Result answer_pieces(struct request *request, const char *type, answer_piece *piece,
                              struct report_span span);

/*
 * A response whose body is produced by `read`, libmicrohttpd's content reader, in blocks of `piece`
 * bytes. `release(arg)` is called in every case, failures included.
 */
enum MHD_Result answer_stream(const struct request *request, const char *type, size_t piece,
                              MHD_ContentReaderCallback read, void *arg,
                              MHD_ContentReaderFreeCallback release);

/* The status of the record with that index. */
enum MHD_Result answer_record(struct MHD_Connection *connection, const struct monitor *monitor,
                              size_t index);

#endif
