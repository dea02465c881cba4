#include "fleet/fault.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *words;
	enum fault fault;
} faults[] = {
	{ "invalid auth token", FAULT_TOKEN },
	{ "revision of auth store is old", FAULT_TOKEN },
	{ "requested lease not found", FAULT_LEASE },
	{ "has been compacted", FAULT_CHANGES },
	{ "permission denied", FAULT_PERMISSION },
	{ "database space exceeded", FAULT_SPACE },
};

enum fault fault_of(const char *error)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (strstr(error, faults[i].words))
			return faults[i].fault;
	return FAULT_MEMBER;
}
