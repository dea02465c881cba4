/* What operators order: control calls it, for a record by its index in the configuration. */
#ifndef SHUNT_MONITOR_OPERATE_H
#define SHUNT_MONITOR_OPERATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct monitor;

struct operate_order {
	const char *endpoint; /* id */
	uid_t uid;
	const char *by;     /* the user's name, or "uid 1234" */
	const char *reason; /* NULL: none; foreign text */
	uint32_t for_ms;    /* 0: without end */
	bool anyway;        /* even onto an endpoint that is down */
};

enum operate_forced { OPERATE_FORCED, OPERATE_NO_ENDPOINT, OPERATE_DOWN };

#define OPERATE_ERROR_MAX 1000

/* One that is not OPERATE_FORCED has changed nothing, and `error` is one line. */
enum operate_forced operate_force(struct monitor *monitor, size_t index,
                                  const struct operate_order *order, char error[OPERATE_ERROR_MAX]);

/* Ends an override, and the wait of a failback. */
void operate_auto(struct monitor *monitor, size_t index, const char *by);

/* Probes every address of the record afresh. Returns within how many ms the verdicts must be there, if nothing stands in the way. */
uint32_t operate_check(struct monitor *monitor, size_t index);

#endif
