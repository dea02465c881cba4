#include "api/trouble.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cli.h"
#include "base/human.h"

#define STRANGER "the process listening there is not shuntd"
#define TIMED_OUT "timed out (it does not answer: is it stopped?)"

int trouble_unreachable(const char *control, const char *why, char error[TROUBLE_MAX])
{
	snprintf(error, TROUBLE_MAX, "cannot reach the daemon at %s: %s", control, why);
	human_printable(error);
	return CLI_UNREACHABLE;
}

int trouble_stranger(const char *control, char error[TROUBLE_MAX])
{
	return trouble_unreachable(control, STRANGER, error);
}

static const char *connect_words(int error_number)
{
	switch (error_number) {
	case ENOENT: return "no such file (is shuntd running? see shuntd(8))";
	case ECONNREFUSED: return "nothing answers there (is shuntd running? see shuntd(8))";
	case EACCES: return "permission denied (ask the socket's owner)";
	case EAGAIN: return TIMED_OUT;
	case EPROTOTYPE: return "this is not a control socket, perhaps the clients' one";
	case ENAMETOOLONG: return "the path is too long for a socket (107 bytes at most)";
	default: return strerror(error_number);
	}
}

int trouble_connect(int error_number, const char *control, char error[TROUBLE_MAX])
{
	return trouble_unreachable(control, connect_words(error_number), error);
}

int trouble_late(const char *control, char error[TROUBLE_MAX])
{
	return trouble_unreachable(control, TIMED_OUT, error);
}

int trouble_answer(enum http_state state, const char *control, char error[TROUBLE_MAX])
{
	static const char *const words[] = {
		[HTTP_CUT] = "the connection was closed before the answer ended",
		[HTTP_BAD] = STRANGER,
		[HTTP_FULL] = "there is no memory for its answer",
	};

	return trouble_unreachable(control, words[state], error);
}

int trouble_refused(int status, const json_t *answer, const char *control, char error[TROUBLE_MAX])
{
	const char *message = json_string_value(json_object_get(answer, "error"));

	if (status < 400)
		return trouble_unreachable(control, STRANGER, error);
	snprintf(error, TROUBLE_MAX, "the daemon at %s refused: %s (HTTP status %d)", control,
	         message ? message : "it does not say why", status);
	human_printable(error);
	return CLI_REFUSED;
}
