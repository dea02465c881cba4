#include "api.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <time.h>

#include "cli.h"
#include "words.h"

#include "shunt/protocol.h"
#include "shunt/version.h"

#define DEADLINE_MS 5000         /* over everything, retries included */
#define BODY_MAX (256u << 20)    /* bytes: many times what the largest table can tell */
#define ATTEMPTS 5               /* when an answer breaks off */
#define RETRY_PAUSE_NS 20000000L /* 20 ms */

/* libcurl 7.88 takes a Unix socket whose queue is full for a connection under way; it ends at once, without an errno. */
#define QUEUE_FULL 0

#define STRANGER "what answers there is not shuntd"
#define TIMED_OUT "timed out (it does not answer: is it stopped?)"

struct request {
	const char *control;
	const char *path;
	char *sent;  /* the body of a POST; NULL: a GET */
	char *error; /* API_ERROR_MAX bytes */
	long long deadline_ms;
	char *body;
	size_t size, room;
	long status;
	long os_error;
};

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long left_ms(const struct request *request)
{
	long long left = request->deadline_ms - now_ms();

	return left > 0 ? (long)left : 0;
}

const char *api_control(const char *given)
{
	const char *named = getenv("SHUNT_CONTROL");

	if (given)
		return given;
	return named && *named ? named : SHUNT_CONTROL_PATH;
}

static int unreachable(struct request *request, const char *why)
{
	snprintf(request->error, API_ERROR_MAX, "cannot reach the daemon at %s: %s",
	         request->control, why);
	words_printable(request->error);
	return CLI_UNREACHABLE;
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

static size_t keep_body(char *data, size_t size, size_t count, void *arg)
{
	struct request *request = arg;
	size_t length = size * count, room;
	char *grown;

	if (length > BODY_MAX - request->size)
		return 0;
	if (request->size + length > request->room) {
		room = (request->size + length) * 2;
		grown = realloc(request->body, room);
		if (!grown)
			return 0;
		request->body = grown;
		request->room = room;
	}
	memcpy(request->body + request->size, data, length);
	request->size += length;
	return length;
}

static CURLcode transfer(struct request *request, CURL *curl)
{
	char *url;
	CURLcode code;

	if (asprintf(&url, "http://localhost%s", request->path) < 0)
		return CURLE_OUT_OF_MEMORY;
	curl_easy_setopt(curl, CURLOPT_URL, url);
	free(url);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L); /* a name may be ".." */
	if (request->sent)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->sent);
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, request->control);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, "shunt/" SHUNT_VERSION);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms(request) + 1);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &request->status);
	curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &request->os_error);
	return code;
}

/* A reload cuts an answer short: its two halves would not belong together. */
static bool is_cut_short(CURLcode code)
{
	return code == CURLE_PARTIAL_FILE || code == CURLE_RECV_ERROR ||
	       code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR;
}

static bool is_queue_full(const struct request *request, CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT &&
	       (request->os_error == QUEUE_FULL || request->os_error == EAGAIN);
}

static int transfer_trouble(struct request *request, CURLcode code)
{
	if (code == CURLE_COULDNT_CONNECT)
		return unreachable(request, connect_trouble((int)request->os_error));
	if (code == CURLE_OPERATION_TIMEDOUT)
		return unreachable(request, TIMED_OUT);
	if (is_cut_short(code))
		return unreachable(request, "the connection was closed before the answer ended");
	if (code == CURLE_UNSUPPORTED_PROTOCOL || code == CURLE_WEIRD_SERVER_REPLY)
		return unreachable(request, STRANGER);
	return unreachable(request, curl_easy_strerror(code));
}

static int attempt(struct request *request, CURLcode *code)
{
	CURL *curl = curl_easy_init();

	request->size = 0;
	*code = curl ? transfer(request, curl) : CURLE_OUT_OF_MEMORY;
	curl_easy_cleanup(curl);
	return *code == CURLE_OK ? CLI_DONE : transfer_trouble(request, *code);
}

static bool path_fits(const char *control)
{
	return strlen(control) < sizeof(((struct sockaddr_un *)0)->sun_path);
}

static int refused(struct request *request, const json_t *answer)
{
	const char *message = json_string_value(json_object_get(answer, "error"));

	snprintf(request->error, API_ERROR_MAX, "the daemon at %s refused: %s (HTTP status %ld)",
	         request->control, message ? message : "it does not say why", request->status);
	words_printable(request->error);
	return CLI_REFUSED;
}

static int understand(struct request *request, json_t **json)
{
	json_t *answer = json_loadb(request->body ? request->body : "", request->size, 0, NULL);
	int result;

	if (request->status >= 200 && request->status < 300 && json_is_object(answer)) {
		*json = answer;
		return CLI_DONE;
	}
	result = request->status >= 400 ? refused(request, answer) : unreachable(request, STRANGER);
	json_decref(answer);
	return result;
}

/* A POST is said once: what became of the first is not known. */
static bool worth_repeating(const struct request *request, CURLcode code, unsigned tries)
{
	if (is_queue_full(request, code))
		return left_ms(request) > 0;
	return !request->sent && is_cut_short(code) && tries < ATTEMPTS;
}

static int perform(struct request *request, json_t **json)
{
	const struct timespec pause = { .tv_nsec = RETRY_PAUSE_NS };
	unsigned tries = 1;
	CURLcode code;
	int result;

	*json = NULL;
	if (!path_fits(request->control))
		return unreachable(request,
		                   "the path is too long for a socket (107 bytes at most)");
	for (;;) {
		result = attempt(request, &code);
		if (!worth_repeating(request, code, tries++))
			break;
		nanosleep(&pause, NULL);
	}
	if (result == CLI_DONE)
		result = understand(request, json);
	free(request->body);
	return result;
}

int api_get(const char *control, const char *path, json_t **json, char error[API_ERROR_MAX])
{
	struct request request = { .control = control,
		                   .path = path,
		                   .error = error,
		                   .deadline_ms = now_ms() + DEADLINE_MS };

	return perform(&request, json);
}

int api_post(const char *control, const char *path, const json_t *body, unsigned seconds,
             json_t **json, char error[API_ERROR_MAX])
{
	struct request request = { .control = control,
		                   .path = path,
		                   .sent = body ? json_dumps(body, JSON_COMPACT) : strdup("{}"),
		                   .error = error,
		                   .deadline_ms = now_ms() + 1000LL * seconds };
	int result;

	if (!request.sent) {
		snprintf(error, API_ERROR_MAX, "out of memory");
		return CLI_UNREACHABLE;
	}
	result = perform(&request, json);
	free(request.sent);
	return result;
}

char *api_record(const char *name, const char *behind)
{
	char *escaped = curl_easy_escape(NULL, name, 0), *path = NULL;

	if (!escaped || asprintf(&path, "/v1/records/%s%s", escaped, behind) < 0)
		path = NULL;
	curl_free(escaped);
	return path;
}
