#include "probe/body.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\r\n"

bool body_search_init(struct body_search *search, const char *text, size_t limit)
{
	*search = (struct body_search){ .length = strlen(text), .left = limit };
	/* A match over a border has at most length - 1 bytes on either side. */
	search->window = malloc(2 * search->length);
	return search->window != NULL;
}

/* Keeps the last length - 1 bytes of what was kept and `data`. */
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

/* libcurl undoes it apart from the others, and it makes nothing larger. */
static bool is_chunked(const char *coding)
{
	static const char word[] = "chunked";
	size_t length = sizeof(word) - 1;

	return strncasecmp(coding, word, length) == 0 &&
	       !coding[length + strspn(coding + length, BLANKS)];
}

unsigned body_codings(const char *line, size_t size)
{
	static const char *const names[] = { "Content-Encoding:", "Transfer-Encoding:" };
	char value[256], *rest = NULL, *coding;
	unsigned count = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && !rest; i++) {
		size_t length = strlen(names[i]);

		if (size < length || strncasecmp(line, names[i], length) != 0)
			continue;
		if (size - length >= sizeof(value))
			return BODY_CODINGS_MAX + 1;
		rest = memcpy(value, line + length, size - length);
		value[size - length] = '\0';
	}
	while ((coding = strsep(&rest, ","))) {
		coding += strspn(coding, BLANKS);
		count += *coding && !is_chunked(coding);
	}
	return count;
}
