#include "api/curl.h"
#include "api/trouble.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "shunt/version.h"

/* libcurl 7.88 takes a Unix socket whose queue is full for a connection under way; it ends at once, without an errno. */
#define QUEUE_FULL 0

#define TIMED_OUT "timed out (it does not answer: is it stopped?)"

bool api_curl_set(CURL *curl, const char *control, const char *path)
{
	char *url;

	if (asprintf(&url, "http://localhost%s", path) < 0)
		return false;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a name may be ".." */
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, control);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "shunt/" SHUNT_VERSION);
	return true;
}

static const char *connect_trouble(int error)
{
	switch (error) {
	case ENOENT: return "no such file (is shuntd running? see shuntd(8))";
	case ECONNREFUSED: return "nothing answers there (is shuntd running? see shuntd(8))";
	case EACCES: return "permission denied (ask whoever owns it)";
	case QUEUE_FULL:
	case EAGAIN: return TIMED_OUT;
	case EPROTOTYPE: return "this is not a control socket, perhaps the clients' one";
	default: return strerror(error);
	}
}

bool api_curl_is_cut(CURLcode code)
{
	return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
	       code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR;
}

static int os_error(CURL *curl)
{
	long error = 0;

	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &error);
	return (int)error;
}

bool api_curl_is_full(CURL *curl, CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT &&
	       (os_error(curl) == QUEUE_FULL || os_error(curl) == EAGAIN);
}

int api_curl_trouble(CURL *curl, CURLcode code, const char *control, char error[TROUBLE_MAX])
{
	const char *why = curl_easy_strerror(code);

	if (code == CURLE_COULDNT_CONNECT)
		why = connect_trouble(os_error(curl));
	else if (code == CURLE_OPERATION_TIMEDOUT)
		why = TIMED_OUT;
	else if (api_curl_is_cut(code))
		why = "the connection was closed before the answer ended";
	else if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
		why = TROUBLE_STRANGER;
	return trouble_unreachable(control, why, error);
}
