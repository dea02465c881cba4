/* What the client socket counts. */
#ifndef SHUNT_PUBLISH_CLIENTS_COUNTS_H
#define SHUNT_PUBLISH_CLIENTS_COUNTS_H

#include <stdint.h>

enum clients_stage {
	CLIENTS_NEW,     /* has not sent its hello yet */
	CLIENTS_WAITING, /* has sent it, but its uid has too many connections */
	CLIENTS_SENDING, /* the welcome could not be sent yet */
	CLIENTS_HELD,    /* has its welcome; kept open until the client closes */
	CLIENTS_STAGES
};

/* Why a connection was closed without passing the table. */
enum clients_refusal {
	CLIENTS_CROWD,   /* there are too many connections */
	CLIENTS_RUBBISH, /* it did not send a hello */
	CLIENTS_SILENCE, /* it sent no hello in time */
	CLIENTS_VERSION, /* no common protocol version, as reported in the welcome */
	CLIENTS_UNSENT,  /* the kernel did not accept the welcome */
	CLIENTS_REFUSALS
};

struct clients_counts {
	unsigned stages[CLIENTS_STAGES]; /* current connections */
	uint64_t attaches;               /* since the start */
	uint64_t refusals[CLIENTS_REFUSALS];
};

#endif
