#include "config/read/key.h"

#include <openssl/sha.h>
#include <string.h>

#include "base/arena.h"
#include "net/tls_library.h"

/* SHA-256 of "-": of no secrets. OpenSSL is not started for that. */
#define DIGEST_OF_NONE "3973e022e93220f9212c18d0d0c543ae7c309e46640da93a4a0314de999f5112"

/* A string that may be absent and may contain any character; its length comes first. */
static const char *key_text(struct arena *arena, const char *text)
{
	return text ? arena_printf(arena, "%zu:%s", strlen(text), text) : "-";
}

static const char *key_ranges(struct arena *arena, const struct status_range *ranges, size_t count)
{
	const char *key = "";

	for (size_t i = 0; i < count; i++)
		key = arena_printf(arena, "%s%s%u-%u", key, i ? "," : "", ranges[i].first,
		                   ranges[i].last);
	return key;
}

static const char *key_statuses(struct arena *arena, const struct check *check)
{
	return key_ranges(arena, check->expect_status, check->expect_status_count);
}

static const char *key_list(struct arena *arena, const struct status_list *list)
{
	return key_ranges(arena, list->ranges, list->count);
}

static const char *key_hash(struct arena *arena, const char *text)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	const char *hex = "";

	tls_library_start();
	SHA256((const unsigned char *)text, strlen(text), digest);
	for (size_t i = 0; i < sizeof(digest); i++)
		hex = arena_printf(arena, "%s%02x", hex, digest[i]);
	return hex;
}

/*
 * For data that may be secret: a password cannot be recovered from the key, but a different
 * password gives a different key.
 */
static const char *key_digest(struct arena *arena, const struct check *check)
{
	const char *text;

	if (!check->credentials && check->header_count == 0)
		return DIGEST_OF_NONE;
	text = key_text(arena, check->credentials);
	for (size_t i = 0; i < check->header_count; i++)
		text = arena_printf(arena, "%s %s", text, key_text(arena, check->headers[i]));
	return key_hash(arena, text);
}

static const char *key_source(struct arena *arena, const struct check *check)
{
	char text[ADDRESS_TEXT_MAX];

	if (!check->source.family)
		return key_text(arena, check->source_interface);
	return key_text(arena, address_format(&check->source, text));
}

static const char *key_command(struct arena *arena, const struct check *check)
{
	const char *key = "";

	for (size_t i = 0; check->command && check->command[i]; i++)
		key = arena_printf(arena, "%s%s", key, key_text(arena, check->command[i]));
	return key;
}

/*
 * The children's keys are hashed to a fixed length: with nested calculated checks their length
 * would be unbounded.
 */
static const char *key_children(struct arena *arena, const struct check *check)
{
	const char *hash = "";

	for (size_t i = 0; i < check->of_count; i++)
		hash = key_hash(arena, arena_printf(arena, "%s %s", hash, check->of[i]->key));
	return arena_printf(arena, "%s/%u", hash, check->at_least);
}

/* Options that older versions do not have add nothing unless they are set: the state of a previous run is found by its key. */
static const char *key_later(const struct check *check)
{
	return check->watch ? " watch" : "";
}

const char *config_key_make(struct arena *arena, const struct check *check)
{
	return arena_printf(
	        arena,
	        "%s port=%u path=%s host=%s method=%s headers=%s status=%s header=%s body=%s/%u "
	        "verify=%d ca=%s sni=%s cert=%s/%s/%u source=%s interval=%u fast=%u down=%u "
	        "timeout=%u/%u fall=%u rise=%u invert=%d disabled=%d command=%s exit=%s/%s of=%s%s",
	        check_type_words[check->type], check->port, key_text(arena, check->path),
	        key_text(arena, check->host), check->method, key_digest(arena, check),
	        key_statuses(arena, check), key_text(arena, check->expect_header),
	        key_text(arena, check->expect_body), check->body_limit, check->tls_verify,
	        key_text(arena, check->ca_file), key_text(arena, check->sni),
	        key_text(arena, check->client_cert), key_text(arena, check->client_key),
	        check->cert_warning, key_source(arena, check), check->interval,
	        check->fast_interval, check->down_interval, check->timeout, check->connect_timeout,
	        check->rules.fall, check->rules.rise, check->invert, check->disabled,
	        key_command(arena, check), key_list(arena, &check->pass_status),
	        key_list(arena, &check->none_status), key_children(arena, check), key_later(check));
}
