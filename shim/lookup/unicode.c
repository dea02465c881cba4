#include "lookup/unicode.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

struct text {
	char *bytes;
	uint32_t length, size;
};

static int put(struct text *text, uint32_t byte)
{
	if (text->length >= text->size)
		return 0;
	text->bytes[text->length++] = (char)byte;
	return 1;
}

static int put_character(struct text *text, uint32_t c)
{
	if (c < 0x80)
		return put(text, c);
	if (c < 0x800)
		return put(text, 0xc0 | c >> 6) && put(text, 0x80 | (c & 0x3f));
	if (c < 0x10000)
		return put(text, 0xe0 | c >> 12) && put(text, 0x80 | (c >> 6 & 0x3f)) &&
		       put(text, 0x80 | (c & 0x3f));
	return put(text, 0xf0 | c >> 18) && put(text, 0x80 | (c >> 12 & 0x3f)) &&
	       put(text, 0x80 | (c >> 6 & 0x3f)) && put(text, 0x80 | (c & 0x3f));
}

/* Ideographic, fullwidth and halfwidth ideographic full stop. */
static wint_t fold(wchar_t c)
{
	return c == 0x3002 || c == 0xff0e || c == 0xff61 ? L'.' : towlower((wint_t)c);
}

/* glibc's wide characters are those of ISO 10646 in every locale. */
static int fold_all(const char *name, struct text *text)
{
	mbstate_t state = { 0 };
	size_t size, left = strlen(name);
	wchar_t c;

	for (; left > 0; name += size, left -= size) {
		size = mbrtowc(&c, name, left, &state);
		if (size == 0 || size > left || !put_character(text, (uint32_t)fold(c)))
			return 0;
	}
	return 1;
}

uint32_t unicode_fold(const char *name, char *out, uint32_t size)
{
	struct text text = { .bytes = out, .size = size };
	int saved = errno, good;

	/* Longer in the locale's encoding than any name that fits: no lookup needed. */
	good = strnlen(name, 4 * (size_t)size + 2) <= 4 * (size_t)size && fold_all(name, &text);
	errno = saved;
	if (!good)
		return 0;
	return text.length > 0 && out[text.length - 1] == '.' ? text.length - 1 : text.length;
}
