#include "api/api.h"
#include "api/curl.h"
#include "api/trouble.h"
#include "base/cli.h"
#include "base/clock.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "shunt/protocol.h"

#define DEADLINE_MS 5000         /* over everything, retries included */
#define BODY_MAX (256u << 20)    /* bytes: many times what the largest table can tell */
#define READ_MAX 131072L         /* bytes at one time: a status of many records is long */
#define ATTEMPTS 5               /* when an answer breaks off */
#define RETRY_PAUSE_NS 20000000L /* 20 ms */

struct request {
	const char *control;
	const char *path;
	char *sent;  /* the body of a POST; NULL: a GET */
	char *error; /* TROUBLE_MAX bytes */
	uint64_t deadline_ms;
	char *body;
	size_t size, room;
	long status;
	CURLcode code;
	bool full; /* the socket's queue was */
};

static long left_ms(const struct request *request)
{
	int64_t left = (int64_t)(request->deadline_ms - clock_ms());

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
	/* One more, for a final zero. */
	if (request->size + length >= request->room) {
		room = (request->size + length + 1) * 2;
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
	curl_easy_setopt(curl, CURLOPT_BUFFERSIZE, READ_MAX);
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

static json_t *parse(const struct request *request)
{
	return json_loadb(request->body ? request->body : "", request->size, 0, NULL);
}

static int refused(const struct request *request)
{
	json_t *answer = parse(request);
	int result = trouble_refused(request->status, answer, request->control, request->error);

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

/* CLI_DONE: it has succeeded, and `body` is to be freed. */
static int perform(struct request *request)
{
	const struct timespec pause = { .tv_nsec = RETRY_PAUSE_NS };
	unsigned tries = 1;
	int result;

	if (!trouble_path_fits(request->control, request->error))
		return CLI_UNREACHABLE;
	for (;;) {
		result = attempt(request);
		if (!worth_repeating(request, tries++))
			break;
		nanosleep(&pause, NULL);
	}
	if (result == CLI_DONE && (request->status < 200 || request->status >= 300))
		result = refused(request);
	if (result != CLI_DONE)
		free(request->body);
	return result;
}

static int perform_json(struct request *request, json_t **json)
{
	int result = perform(request);

	*json = NULL;
	if (result != CLI_DONE)
		return result;
	*json = parse(request);
	if (!json_is_object(*json)) {
		json_decref(*json);
		*json = NULL;
		result = trouble_stranger(request->control, request->error);
	}
	free(request->body);
	return result;
}

static struct request get(const char *control, const char *path, char error[TROUBLE_MAX])
{
	return (struct request){ .control = control,
		                 .path = path,
		                 .error = error,
		                 .deadline_ms = clock_ms() + DEADLINE_MS };
}

int api_get(const char *control, const char *path, json_t **json, char error[TROUBLE_MAX])
{
	struct request request = get(control, path, error);

	return perform_json(&request, json);
}

int api_get_text(const char *control, const char *path, char **text, char error[TROUBLE_MAX])
{
	struct request request = get(control, path, error);
	int result = perform(&request);

	if (result != CLI_DONE)
		return result;
	if (!request.body)
		return trouble_stranger(control, error);
	request.body[request.size] = '\0';
	*text = request.body;
	return CLI_DONE;
}

int api_post(const char *control, const char *path, const json_t *body, unsigned seconds,
             json_t **json, char error[TROUBLE_MAX])
{
	struct request request = { .control = control,
		                   .path = path,
		                   .sent = body ? json_dumps(body, JSON_COMPACT) : strdup("{}"),
		                   .error = error,
		                   .deadline_ms = clock_ms() + UINT64_C(1000) * seconds };
	int result;

	if (!request.sent) {
		snprintf(error, TROUBLE_MAX, "out of memory");
		return CLI_UNREACHABLE;
	}
	result = perform_json(&request, json);
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

char *api_only(const char *path, const char *name)
{
	char *escaped = name ? curl_easy_escape(NULL, name, 0) : NULL, *whole = NULL;

	if (!name)
		return strdup(path);
	if (!escaped ||
	    asprintf(&whole, "%s%crecord=%s", path, strchr(path, '?') ? '&' : '?', escaped) < 0)
		whole = NULL;
	curl_free(escaped);
	return whole;
}
