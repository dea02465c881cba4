/* Does a daemon answer on the client socket, as the shim would ask it? (shunt/protocol.h) */
#ifndef SHUNT_CLI_PROGRAM_HELLO_H
#define SHUNT_CLI_PROGRAM_HELLO_H

/* NULL: it does. Else why not, in words. Takes SHUNT_ATTACH_MS at most. */
const char *hello_trouble(const char *socket_path);

#endif
