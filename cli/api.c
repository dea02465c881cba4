#include "api.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api_curl.h"
#include "cli.h"
#include "clock.h"

#include "shunt/protocol.h"

#define DEADLINE_MS 5000         /* over everything, retries included */
#define BODY_MAX (256u << 20)    /* bytes: many times what the largest table can tell */
#define ATTEMPTS 5               /* when an answer breaks off */
#define RETRY_PAUSE_NS 20000000L /* 20 ms */

struct request {
	const char *control;
	const char *path;
	char *sent;  /* the body of a POST; NULL: a GET */
	char *error; /* API_ERROR_MAX bytes */
	long long deadline_ms;
	char *body;
	size_t size, room;
	long status;
	CURLcode code;
	bool full; /* the socket's queue was */
};

static long left_ms(const struct request *request)
{
	long long left = request->deadline_ms - clock_ms();

	return left > 0 ? (long)left : 0;
}

const char *api_control(const char *given)
{
	const char *named = getenv("SHUNT_CONTROL");

	if (given)
		return given;
	return named && *named ? named : SHUNT_CONTROL_PATH;
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
	CURLcode code;

	if (!api_curl_set(curl, request->control, request->path))
		return CURLE_OUT_OF_MEMORY;
	if (request->sent)
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->sent);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, request);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, left_ms(request) + 1);
	code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &request->status);
	return code;
}

static int attempt(struct request *request)
{
	CURL *curl;
	int result = CLI_DONE;

	/* No TLS is spoken here, and OpenSSL takes its time to start. */
	curl_global_init(CURL_GLOBAL_NOTHING);
	curl = curl_easy_init();
	request->size = 0;
	request->code = curl ? transfer(request, curl) : CURLE_OUT_OF_MEMORY;
	request->full = curl && api_curl_is_full(curl, request->code);
	if (request->code != CURLE_OK)
		result = api_curl_trouble(curl, request->code, request->control, request->error);
	curl_easy_cleanup(curl);
	return result;
}

static int understand(struct request *request, json_t **json)
{
	json_t *answer = json_loadb(request->body ? request->body : "", request->size, 0, NULL);
	int result;

	if (request->status >= 200 && request->status < 300 && json_is_object(answer)) {
		*json = answer;
		return CLI_DONE;
	}
	result = api_curl_refused(request->status, answer, request->control, request->error);
	json_decref(answer);
	return result;
}

/* A POST is said once: what became of the first is not known. */
static bool worth_repeating(const struct request *request, unsigned tries)
{
	if (request->full)
		return left_ms(request) > 0;
	/* A reload cuts an answer short: its two halves would not belong together. */
	return !request->sent && api_curl_is_cut(request->code) && tries < ATTEMPTS;
}

static int perform(struct request *request, json_t **json)
{
	const struct timespec pause = { .tv_nsec = RETRY_PAUSE_NS };
	unsigned tries = 1;
	int result;

	*json = NULL;
	if (!api_curl_fits(request->control, request->error))
		return CLI_UNREACHABLE;
	for (;;) {
		result = attempt(request);
		if (!worth_repeating(request, tries++))
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
		                   .deadline_ms = clock_ms() + DEADLINE_MS };

	return perform(&request, json);
}

int api_post(const char *control, const char *path, const json_t *body, unsigned seconds,
             json_t **json, char error[API_ERROR_MAX])
{
	struct request request = { .control = control,
		                   .path = path,
		                   .sent = body ? json_dumps(body, JSON_COMPACT) : strdup("{}"),
		                   .error = error,
		                   .deadline_ms = clock_ms() + 1000LL * seconds };
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
