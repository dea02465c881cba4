#include "api/ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "base/cli.h"

#define SECONDS 5
#define NOT_FOUND 404

static int out_of_memory(void)
{
	cli_error("out of memory");
	return CLI_OUTPUT;
}

int ask_post(const char *control, const char *name, const char *behind, const json_t *body,
             json_t **answer)
{
	char *path = api_record(name, behind), error[TROUBLE_MAX];
	int result;

	if (!path)
		return out_of_memory();
	result = api_post(api_control(control), path, body, SECONDS, answer, error);
	free(path);
	if (result != CLI_DONE)
		cli_error("%s", error);
	return result;
}

int ask_order(const char *control, const char *name, const char *behind, json_t *body,
              const char *words, json_t **answer)
{
	int result;

	if (!body) {
		cli_error("%s must be text in UTF-8", words);
		return CLI_USAGE;
	}
	result = ask_post(control, name, behind, body, answer);
	json_decref(body);
	return result;
}

/* Frees `path`, which may be NULL. */
static int get(const char *control, char *path, json_t **answer)
{
	char error[TROUBLE_MAX];
	int result;

	if (!path)
		return out_of_memory();
	result = api_get(api_control(control), path, answer, error);
	free(path);
	if (result != CLI_DONE)
		cli_error("%s", error);
	return result;
}

int ask_record(const char *control, const char *name, json_t **answer)
{
	return get(control, api_record(name, ""), answer);
}

int ask_resets(const char *control, json_t **answer)
{
	return get(control, strdup("/v1/resets"), answer);
}

int ask_fleet(const char *control, const char *name, json_t **answer)
{
	return get(control, api_only("/v1/fleet", name), answer);
}

int ask_status(const char *control, const char *name, json_t **status)
{
	return get(control, api_only("/v1/status", name), status);
}

int ask_status_text(const char *control, const char *name, char **text)
{
	char *path = api_only("/v1/status", name), error[TROUBLE_MAX];
	int result;

	if (!path)
		return out_of_memory();
	result = api_get_text(api_control(control), path, text, error);
	free(path);
	if (result != CLI_DONE)
		cli_error("%s", error);
	return result;
}

int ask_head(const char *control, json_t **status, char error[TROUBLE_MAX])
{
	return api_get(api_control(control), "/v1/status?records=none", status, error);
}

bool ask_is_foreign(const char *control, const char *name)
{
	char *path = api_record(name, ""), error[TROUBLE_MAX];
	int status = 0;

	if (path)
		api_look(api_control(control), path, &status, error);
	free(path);
	return status == NOT_FOUND;
}

int ask_listing(const char *control, const char *name, struct listing *listing,
                char error[TROUBLE_MAX])
{
	char *path = api_only("/v1/status?format=tsv", name), *text;
	int result;

	if (!path) {
		snprintf(error, TROUBLE_MAX, "out of memory");
		return CLI_OUTPUT;
	}
	result = api_get_text(control, path, &text, error);
	free(path);
	if (result == CLI_DONE && !listing_read(listing, text))
		result = trouble_stranger(control, error);
	return result;
}
