/*
 * Keeps what most lookups need together, and apart from the rest. A program that does other work
 * between two lookups keeps little of either in the processor's caches.
 */
#ifndef SHUNT_SHIM_HOT_H
#define SHUNT_SHIM_HOT_H

/*
 * State that every lookup reads and hardly any writes. It remains private to its file; buffers
 * would put pages in between.
 */
#define HOT __attribute__((section("shunt_hot")))

/* A function that most lookups do not call. */
#define COLD __attribute__((noinline, cold))

#endif
