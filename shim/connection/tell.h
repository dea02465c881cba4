/* Tells the daemon that a connection failed. */
#ifndef SHUNT_SHIM_TELL_H
#define SHUNT_SHIM_TELL_H

#include "connection/destination.h"
#include "connection/given.h"

/*
 * One datagram, if the daemon takes it at once. `error` is what connect() said; 0: not known yet.
 * The socket is closed before this returns; after a jump out of a handler that interrupts it, by the
 * thread's next attempt. Changes errno.
 */
void tell_failure(const struct given *given, const struct destination *destination, int error);

#endif
