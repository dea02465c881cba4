/* Whether a daemon answers on the client socket to the shim's hello (shunt/protocol.h). */
#ifndef SHUNT_CLI_PROGRAM_HELLO_H
#define SHUNT_CLI_PROGRAM_HELLO_H

/* Returns NULL if it does, otherwise the reason. Takes at most SHUNT_ATTACH_MS. */
const char *hello_trouble(const char *socket_path);

#endif
