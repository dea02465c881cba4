#include "fleet/etcd.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "base/printable.h"
#include "fleet/reply.h"

#include "shunt/version.h"

/* Bytes of an answer, and of a line of a stream: some hundred values of VALUE_MAX in base64. */
#define ANSWER_MAX (64u << 20)

/* Without an acknowledgement; tcp(7), TCP_USER_TIMEOUT, ends the keepalive's patience, too. */
#define SILENCE_MS 5000u

#define NO_ROOM "no memory or descriptor for a connection"

struct etcd {
	const struct fleet_config *config;
	struct transfer_loop *loop;
};

static const struct {
	CURLoption option;
	long value;
} options[] = {
	{ CURLOPT_NOSIGNAL, 1 },
	{ CURLOPT_POST, 1 },
	{ CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
	{ CURLOPT_HTTP09_ALLOWED, 0 },
	{ CURLOPT_FOLLOWLOCATION, 0 },
	{ CURLOPT_NETRC, CURL_NETRC_IGNORED },
	{ CURLOPT_CA_CACHE_TIMEOUT, 0 },
	/* A stream that falls silent ends after SILENCE_MS; calls have their own timeouts. */
	{ CURLOPT_TCP_KEEPALIVE, 1 },
	{ CURLOPT_TCP_KEEPIDLE, 3 },
	{ CURLOPT_TCP_KEEPINTVL, 1 },
	/* The thread that looks a member's name up is not waited for. */
	{ CURLOPT_QUICK_EXIT, 1 },
};

static const char *const headers[] = { "Content-Type: application/json", "Expect:",
	                               /* A member that has lost the others ends the stream. */
	                               "Grpc-Metadata-hasleader: true" };

/* --- what is received ------------------------------------------------------------------------- */

static bool found_line(void *arg, const char *text, size_t length)
{
	struct etcd_call *call = arg;
	json_t *line = reply_parse(text, length);
	const char *error = line ? reply_error(line) : "it sends something else than JSON";

	if (!error)
		error = call->line(call->arg, line);
	if (error)
		printable_clean(call->error, sizeof(call->error), error);
	json_decref(line);
	return !error;
}

static bool is_success(const struct etcd_call *call)
{
	long status = 0;

	curl_easy_getinfo(call->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	return status == 200;
}

/* The answer to a refused stream is one text, like a single answer. Called from within libcurl. */
static size_t take(char *data, size_t one, size_t size, void *arg)
{
	struct etcd_call *call = arg;
	bool good;

	(void)one;
	if (call->line && is_success(call))
		good = lines_take(&call->text, data, size, found_line, call);
	else
		good = lines_add(&call->text, data, size);
	return good ? size : 0;
}

/* --- the end of a call ------------------------------------------------------------------------ */

static void release(struct etcd_call *call)
{
	transfer_stop(call->etcd->loop, &call->transfer);
	curl_slist_free_all(call->headers);
	free(call->body);
	lines_free(&call->text);
	call->headers = NULL;
	call->body = NULL;
}

static void say(struct etcd_call *call, CURLcode code)
{
	const char *text = call->library_error;

	if (call->error[0])
		return;
	if (code == CURLE_OPERATION_TIMEDOUT)
		text = "it does not answer in time";
	else if (code == CURLE_WRITE_ERROR)
		text = "its answer is too large";
	else if (!*text)
		text = curl_easy_strerror(code);
	printable_clean(call->error, sizeof(call->error), text);
}

/* The answer, if it is one; else NULL, with the error filled. The caller drops it. */
static json_t *answer_of(struct etcd_call *call)
{
	json_t *answer = call->text.text ? reply_parse(call->text.text, call->text.length) : NULL;
	const char *error = reply_error(answer);
	long status = 0;

	curl_easy_getinfo(call->transfer.easy, CURLINFO_RESPONSE_CODE, &status);
	if (error)
		printable_clean(call->error, sizeof(call->error), error);
	else if (status != 200)
		snprintf(call->error, sizeof(call->error), "it answers with status %ld", status);
	else if (!answer)
		snprintf(call->error, sizeof(call->error), "its answer is no JSON");
	if (!call->error[0])
		return answer;
	json_decref(answer);
	return NULL;
}

static void ended(void *arg, CURLcode code)
{
	struct etcd_call *call = arg;
	json_t *answer = NULL;

	if (code != CURLE_OK)
		say(call, code);
	else if (call->line && is_success(call))
		snprintf(call->error, sizeof(call->error), "it has ended the stream");
	else
		answer = answer_of(call);
	release(call);
	call->done(call->arg, answer, answer ? NULL : call->error);
	json_decref(answer);
}

static void failed(void *arg)
{
	struct etcd_call *call = arg;

	snprintf(call->error, sizeof(call->error), NO_ROOM);
	release(call);
	call->done(call->arg, NULL, call->error);
}

/* --- calls ------------------------------------------------------------------------------------ */

static void set_secrets(CURL *easy, const struct fleet_config *config)
{
	if (config->ca_file)
		curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
	if (config->cert_file) {
		curl_easy_setopt(easy, CURLOPT_SSLCERT, config->cert_file);
		curl_easy_setopt(easy, CURLOPT_SSLKEY, config->key_file);
	}
}

static void set_headers(struct etcd_call *call, CURL *easy)
{
	char header[1024];

	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		call->headers = curl_slist_append(call->headers, headers[i]);
	if (call->token) {
		snprintf(header, sizeof(header), "Authorization: %s", call->token);
		call->headers = curl_slist_append(call->headers, header);
	}
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, call->headers);
}

static int prepare(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const unsigned silence = SILENCE_MS;

	(void)arg;
	(void)purpose;
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
	return CURL_SOCKOPT_OK;
}

static CURL *make_easy(struct etcd_call *call)
{
	CURL *easy = transfer_easy(call->etcd->loop);
	char url[512];

	if (!easy)
		return NULL;
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		curl_easy_setopt(easy, options[i].option, options[i].value);
	snprintf(url, sizeof(url), "%s%s", call->member, call->path);
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, prepare);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "shuntd/" SHUNT_VERSION);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->body);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(call->body));
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)call->timeout_ms);
	if (!call->line)
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->library_error);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	set_secrets(easy, call->etcd->config);
	set_headers(call, easy);
	return easy;
}

bool etcd_ask(struct etcd *etcd, struct etcd_call *call, char *body)
{
	call->etcd = etcd;
	call->body = body;
	call->headers = NULL;
	call->text = (struct lines){ .max = ANSWER_MAX };
	call->error[0] = call->library_error[0] = '\0';
	call->transfer = (struct transfer){ .done = ended, .failed = failed, .arg = call };
	call->transfer.easy = make_easy(call);
	if (call->transfer.easy && transfer_start(etcd->loop, &call->transfer))
		return true;
	snprintf(call->error, sizeof(call->error), NO_ROOM);
	release(call);
	return false;
}

void etcd_stop(struct etcd_call *call)
{
	if (etcd_is_asking(call))
		release(call);
}

bool etcd_is_asking(const struct etcd_call *call)
{
	return call->body != NULL;
}

static size_t ignore(char *data, size_t one, size_t size, void *arg)
{
	(void)data;
	(void)arg;
	return one * size;
}

void etcd_tell(struct etcd *etcd, const char *member, const char *token, const char *path,
               char *body, uint32_t timeout_ms)
{
	struct etcd_call call = { .member = member,
		                  .path = path,
		                  .token = token,
		                  .timeout_ms = timeout_ms,
		                  .etcd = etcd,
		                  .body = body };
	CURL *easy = make_easy(&call);

	if (easy) {
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, ignore);
		curl_easy_perform(easy);
		curl_easy_cleanup(easy);
	}
	curl_slist_free_all(call.headers);
	free(body);
}

struct etcd *etcd_new(struct event_base *base, const struct fleet_config *config)
{
	struct etcd *etcd = memory_calloc(1, sizeof(*etcd));

	etcd->config = config;
	etcd->loop = transfer_loop_new(base);
	if (etcd->loop)
		return etcd;
	free(etcd);
	return NULL;
}

void etcd_free(struct etcd *etcd)
{
	if (!etcd)
		return;
	transfer_loop_free(etcd->loop);
	free(etcd);
}
