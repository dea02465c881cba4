/*
 * What goes back over a connection. Each function queues one answer, and returns what libmicrohttpd wants to hear.
 */
#ifndef SHUNT_CONTROL_ANSWER_H
#define SHUNT_CONTROL_ANSWER_H

#include <microhttpd.h>
#include <stddef.h>

struct monitor;

/* Takes `text` over, which is JSON; NULL (no memory) closes the connection. */
enum MHD_Result answer_json(struct MHD_Connection *connection, unsigned status, char *text);

/* {"error": …} of one line. */
enum MHD_Result answer_error(struct MHD_Connection *connection, unsigned status, const char *format,
                             ...) __attribute__((format(printf, 3, 4)));

/* 405. `allow`: what the path takes; " " for nothing at all. */
enum MHD_Result answer_not_allowed(struct MHD_Connection *connection, const char *allow,
                                   const char *message);

/* The whole status, record by record. `readers`: how many connections share the loop, now and later. */
enum MHD_Result answer_status(struct MHD_Connection *connection, const struct monitor *monitor,
                              const size_t *readers);

/* The record of that index. */
enum MHD_Result answer_record(struct MHD_Connection *connection, const struct monitor *monitor,
                              size_t index);

#endif
