#!/usr/bin/env bash
# libmicrohttpd 0.9.75 answers HEAD with a body, where the length is unknown: 5 bytes that the next response on the connection begins with.
#
# Seen with 0.9.75 (bookworm) and 1.0.1 (trixie): the same server, whose response comes from a callback with MHD_SIZE_UNKNOWN, is
# asked HEAD on a connection that is kept. 0.9.75 sends the last chunk, "0 CRLF CRLF", after the header of the answer to HEAD; a client
# reads it as the beginning of the next response. 1.0.1 sends the header alone, as RFC 9110 (9.3.2) has it.
# shellcheck source=findings/support.sh
. "$(dirname "$0")/support.sh"
packages bookworm libmicrohttpd12=0.9.75-6 libmicrohttpd-dev
packages trixie libmicrohttpd12t64=1.0.1-4 libmicrohttpd-dev
cat >"$work/try.c" <<'END'
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
static ssize_t more(void *arg, uint64_t at, char *to, size_t size)
{
	(void)arg, (void)size;
	if (at)
		return MHD_CONTENT_READER_END_OF_STREAM;
	memcpy(to, "ok", 2);
	return 2;
}
static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *url, const char *method, const char *version,
                              const char *data, size_t *size, void **state)
{
	struct MHD_Response *response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, more, NULL, NULL);
	enum MHD_Result result = MHD_queue_response(connection, 200, response);
	(void)arg, (void)url, (void)method, (void)version, (void)data, (void)size, (void)state;
	MHD_destroy_response(response);
	return result;
}
/* Asks, and prints how many bytes stand behind the header. */
static void ask(int fd, const char *method)
{
	char text[4096];
	size_t n = 0;
	ssize_t got;
	snprintf(text, sizeof(text), "%s / HTTP/1.1\r\nHost: a\r\n\r\n", method);
	write(fd, text, strlen(text));
	while ((got = recv(fd, text + n, sizeof(text) - 1 - n, 0)) > 0)
		n += (size_t)got;
	text[n] = '\0';
	printf("%s: begins with %.8s, %zu bytes after the header\n", method, text, n - (size_t)(strstr(text, "\r\n\r\n") + 4 - text));
}
int main(void)
{
	struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 8099, NULL, NULL, answer, NULL, MHD_OPTION_END);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(8099), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval second = { 1, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	if (!daemon || connect(fd, (struct sockaddr *)&at, sizeof(at)))
		return 1;
	ask(fd, "HEAD");
	return 0;
}
END
build microhttpd bookworm trixie
observe "$(isolated bash "$work/run" 2>&1)" 'bookworm: HEAD: begins with HTTP/1.1, 5 bytes after the header
trixie: HEAD: begins with HTTP/1.1, 0 bytes after the header'
