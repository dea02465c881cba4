/* Does a daemon answer on the client socket, as the shim would ask it? (shunt/protocol.h) */
#ifndef SHUNT_CLI_PROGRAM_HELLO_H
#define SHUNT_CLI_PROGRAM_HELLO_H

/* Returns NULL if it does, otherwise the reason. Takes SHUNT_ATTACH_MS at most. */
const char *hello_trouble(const char *socket_path);

#endif
