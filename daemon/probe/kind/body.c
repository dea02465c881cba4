#include "probe/kind/body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n"

bool body_search_init(struct body_search *search, const char *text, size_t limit)
{
	*search = (struct body_search){ .length = strlen(text), .left = limit };
	/* A match across a border has at most length - 1 bytes on either side. */
	search->window = malloc(2 * search->length);
	return search->window != NULL;
}

/* Keeps the last length - 1 bytes of the bytes kept so far followed by `data`. */
static void keep_tail(struct body_search *search, const char *data, size_t size)
{
	size_t wanted = search->length - 1;
	size_t old;

	if (size >= wanted) {
		memcpy(search->window, data + size - wanted, wanted);
		search->kept = wanted;
		return;
	}
	old = search->kept < wanted - size ? search->kept : wanted - size;
	memmove(search->window, search->window + search->kept - old, old);
	memcpy(search->window + old, data, size);
	search->kept = old + size;
}

static bool spans_border(struct body_search *search, const char *text, const char *data,
                         size_t size)
{
	size_t head = size < search->length - 1 ? size : search->length - 1;

	memcpy(search->window + search->kept, data, head);
	return memmem(search->window, search->kept + head, text, search->length) != NULL;
}

bool body_search_feed(struct body_search *search, const char *text, const char *data, size_t size)
{
	size = size < search->left ? size : search->left;
	if (search->found || size == 0)
		return !search->found && search->left > 0;
	search->left -= size;
	search->found = spans_border(search, text, data, size) ||
	                memmem(data, size, text, search->length) != NULL;
	keep_tail(search, data, size);
	return !search->found && search->left > 0;
}

void body_search_free(struct body_search *search)
{
	free(search->window);
	search->window = NULL;
}

static bool is_one_of(const char *coding, const char *const *words)
{
	for (; *words; words++) {
		size_t length = strlen(*words);

		if (strncasecmp(coding, *words, length) == 0 &&
		    !coding[length + strspn(coding + length, BLANKS)])
			return true;
	}
	return false;
}

static void count(struct body_codings *codings, const char *coding, bool is_content)
{
	/* libcurl decodes the first of these separately; the others change nothing. */
	static const char *const harmless[] = { "chunked", "identity", "none", NULL };
	/* br and zstd only if libcurl supports them. */
	static const char *const known[] = { "gzip", "x-gzip", "deflate", "br", "zstd", NULL };

	if (!*coding || is_one_of(coding, harmless))
		return;
	if (is_content && !is_one_of(coding, known))
		codings->unknown++;
	else
		codings->known++;
}

void body_codings_add(struct body_codings *codings, const char *line, size_t size)
{
	static const char *const names[] = { "Content-Encoding:", "Transfer-Encoding:" };
	char value[256], *rest = NULL, *coding;
	bool is_content = false;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !rest; i++) {
		size_t length = strlen(names[i]);

		if (size < length || strncasecmp(line, names[i], length) != 0)
			continue;
		if (size - length >= sizeof(value)) {
			codings->known += BODY_CODINGS_MAX + 1;
			return;
		}
		rest = memcpy(value, line + length, size - length);
		value[size - length] = '\0';
		is_content = i == 0;
	}
	while ((coding = strsep(&rest, ",")))
		count(codings, coding + strspn(coding, BLANKS), is_content);
}
