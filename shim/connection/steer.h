/*
 * What happens to a connect() towards an address that this process was given for a name.
 *
 *   given → is it TCP? → attach → table_route() → choice → libc's connect(), again if it fails
 *
 * Nothing here allocates or takes a lock, and it may run in a handler of a signal. The socket stays
 * the program's: no option, flag or binding of it changes.
 */
#ifndef SHUNT_SHIM_STEER_H
#define SHUNT_SHIM_STEER_H

#include <sys/socket.h>

/*
 * As connect(2). What is not TCP over IPv4 or IPv6, or leads to an address that was not given, goes
 * to libc with its arguments untouched.
 */
int steer_connect(int fd, const struct sockaddr *address, socklen_t size);

#endif
