/*
 * Spreads what many hosts would do at one moment: each host has its own point in a span of time,
 * always the same one. Pure.
 */
#ifndef SHUNT_POLICY_SPREAD_H
#define SHUNT_POLICY_SPREAD_H

#include <stdint.h>

/* A number that follows from both texts, whatever they are; letters of either case are equal. */
uint32_t spread_hash(const char *host, const char *record);

/* The point of this host for this record in [0, span_ms); 0 if the span is. */
uint32_t spread_point_ms(const char *host, const char *record, uint32_t span_ms);

#endif
