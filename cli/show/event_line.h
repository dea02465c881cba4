/* Formats an event of /v1/events as a line. */
#ifndef SHUNT_CLI_SHOW_EVENT_LINE_H
#define SHUNT_CLI_SHOW_EVENT_LINE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * "2026-11-27T03:02:11Z www.example.com: primary 192.0.2.10: up -> down: connection refused", made
 * printable. With a `width` other than 0: without the date, and cut to that number of columns.
 */
void event_line_print(const json_t *event, bool colours, size_t width, FILE *out);

#endif
