/*
 * What most lookups need stands together, and apart from the rest. A program that does other work between two lookups has
 * little of either left in its processor's caches.
 */
#ifndef SHUNT_SHIM_HOT_H
#define SHUNT_SHIM_HOT_H

/* State that every lookup reads and hardly any writes. It stays its file's own; buffers would put pages between. */
#define HOT __attribute__((section("shunt_hot")))

/* A function that most lookups do not call. */
#define COLD __attribute__((noinline, cold))

#endif
