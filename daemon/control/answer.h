/*
 * What goes back over a connection. Each function queues one answer, and returns what libmicrohttpd wants to hear.
 */
#ifndef SHUNT_CONTROL_ANSWER_H
#define SHUNT_CONTROL_ANSWER_H

#include <microhttpd.h>
#include <stdbool.h>
#include <stddef.h>

#include "report/json.h"

struct control_parts;
struct monitor;
struct request;

/* Takes `text` over, which is JSON; NULL (no memory) closes the connection. */
enum MHD_Result answer_json(struct MHD_Connection *connection, unsigned status, char *text);

/* {"error": …} of one line. */
enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));

/* 405. `allow`: what the path takes; " " for nothing at all. */
enum MHD_Result answer_not_allowed(struct MHD_Connection *connection, const char *allow,
                                   const char *message);

/* The status page. */
enum MHD_Result answer_page(struct MHD_Connection *connection);

/*
 * Makes one piece of a long answer, which is freed once it is sent: a text that is not empty, NULL: no memory. `step` counts from 0;
 * `*last` says that it ends the answer.
 */
typedef char *answer_piece(const struct control_parts *parts, struct report_span span, size_t step,
                           bool *last);

/* A long answer, made as it is read; a reload meanwhile breaks it off. `span`: the records that it is about. */
enum MHD_Result answer_pieces(struct request *request, const char *type, answer_piece *piece,
                              struct report_span span);

/*
 * Whatever `read` gives, as libmicrohttpd's content reader with `arg`, asked for `piece` bytes at a time. `release` is called
 * with `arg` whatever happens.
 */
enum MHD_Result answer_stream(const struct request *request, const char *type, size_t piece,
                              MHD_ContentReaderCallback read, void *arg,
                              MHD_ContentReaderFreeCallback release);

/* The record of that index. */
enum MHD_Result answer_record(struct MHD_Connection *connection, const struct monitor *monitor,
                              size_t index);

#endif
