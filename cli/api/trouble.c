#include "api/trouble.h"

#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "base/cli.h"
#include "base/human.h"

int trouble_unreachable(const char *control, const char *why, char error[TROUBLE_MAX])
{
	snprintf(error, TROUBLE_MAX, "cannot reach the daemon at %s: %s", control, why);
	human_printable(error);
	return CLI_UNREACHABLE;
}

int trouble_stranger(const char *control, char error[TROUBLE_MAX])
{
	return trouble_unreachable(control, TROUBLE_STRANGER, error);
}

int trouble_refused(long status, const json_t *answer, const char *control, char error[TROUBLE_MAX])
{
	const char *message = json_string_value(json_object_get(answer, "error"));

	if (status < 400)
		return trouble_unreachable(control, TROUBLE_STRANGER, error);
	snprintf(error, TROUBLE_MAX, "the daemon at %s refused: %s (HTTP status %ld)", control,
	         message ? message : "it does not say why", status);
	human_printable(error);
	return CLI_REFUSED;
}

bool trouble_path_fits(const char *control, char error[TROUBLE_MAX])
{
	if (strlen(control) < sizeof(((struct sockaddr_un *)0)->sun_path))
		return true;
	trouble_unreachable(control, "the path is too long for a socket (107 bytes at most)",
	                    error);
	return false;
}
