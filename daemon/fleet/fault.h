/* What etcd means by an error: it has no numbers for most of them, so its words are compared. */
#ifndef SHUNT_FLEET_FAULT_H
#define SHUNT_FLEET_FAULT_H

/* The words are those of etcd 3.4 and 3.5 (rpctypes/error.go). */
enum fault {
	FAULT_MEMBER, /* anything else: another member may do better */
	/* The same member answers if it is asked otherwise: with a new one of these. */
	FAULT_TOKEN,
	FAULT_LEASE,
	FAULT_CHANGES, /* those since the revision have been compacted */
	/* No member would answer otherwise. */
	FAULT_PERMISSION,
	FAULT_SPACE /* the database is full */
};

enum fault fault_of(const char *error);

#endif
