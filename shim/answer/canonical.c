#include "answer/canonical.h"

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <wchar.h>

#include "shunt/table.h"

#define LABEL_MAX 63u /* characters (RFC 1035 2.3.4) */

/* RFC 3492, 5. */
enum { BASE = 36, TMIN = 1, TMAX = 26, SKEW = 38, DAMP = 700, INITIAL_BIAS = 72, INITIAL_N = 128 };

struct label {
	uint32_t characters[LABEL_MAX], count;
};

/* BASE: not a digit. */
static uint32_t digit_of(char c)
{
	unsigned char lower = shunt_lower((unsigned char)c);

	if (lower >= 'a' && lower <= 'z')
		return lower - 'a';
	return lower >= '0' && lower <= '9' ? lower - '0' + 26u : BASE;
}

static uint32_t adapt(uint32_t delta, uint32_t count, bool first)
{
	uint32_t k = 0;

	delta = first ? delta / DAMP : delta / 2;
	delta += delta / count;
	for (; delta > (BASE - TMIN) * TMAX / 2; k += BASE)
		delta /= BASE - TMIN;
	return k + (BASE - TMIN + 1) * delta / (delta + SKEW);
}

static uint32_t threshold(uint32_t k, uint32_t bias)
{
	return k <= bias + TMIN ? TMIN : k >= bias + TMAX ? TMAX : k - bias;
}

/*
 * Decodes a variable-length integer and adds it to `i`. Returns false if it is truncated or too
 * large.
 */
static bool read_number(const char **in, const char *end, uint32_t bias, uint32_t *i)
{
	uint64_t value = *i, weight = 1;

	for (uint32_t k = BASE;; k += BASE) {
		uint32_t digit = *in < end ? digit_of(*(*in)++) : BASE, t = threshold(k, bias);

		if (digit == BASE)
			return false;
		value += digit * weight;
		if (value > INT32_MAX)
			return false;
		if (digit < t)
			break;
		weight *= BASE - t;
		if (weight > INT32_MAX)
			return false;
	}
	*i = (uint32_t)value;
	return true;
}

static bool insert(struct label *label, uint32_t place, uint32_t c)
{
	/* Control characters and surrogates are not letters. */
	if (label->count == LABEL_MAX || c < 0x21 || (c >= 0x7f && c < 0xa0) || c > 0x10ffff ||
	    (c >= 0xd800 && c < 0xe000))
		return false;
	memmove(&label->characters[place + 1], &label->characters[place],
	        (label->count - place) * sizeof(label->characters[0]));
	label->characters[place] = c;
	label->count++;
	return true;
}

/* `in`: the text after "xn--". */
static bool decode(const char *in, const char *end, struct label *label)
{
	const char *basic = end;
	uint32_t n = INITIAL_N, i = 0, bias = INITIAL_BIAS, old;

	label->count = 0;
	while (basic > in && basic[-1] != '-')
		basic--;
	for (; in + 1 < basic; in++)
		if (!insert(label, label->count, (unsigned char)*in))
			return false;
	for (in = basic; in < end; i++) {
		old = i;
		if (!read_number(&in, end, bias, &i))
			return false;
		bias = adapt(i - old, label->count + 1, old == 0);
		n += i / (label->count + 1);
		i %= label->count + 1;
		if (!insert(label, i, n))
			return false;
	}
	return true;
}

/*
 * The caller provides room for MB_LEN_MAX more bytes. Returns NULL if the locale cannot encode it.
 */
static char *write_label(const struct label *label, char *out)
{
	mbstate_t state = { 0 };

	for (uint32_t i = 0; i < label->count; i++) {
		size_t size = wcrtomb(out, (wchar_t)label->characters[i], &state);

		if (size == (size_t)-1)
			return NULL;
		out += size;
	}
	return out;
}

/* Writes the labels of `name`. Returns NULL if that is impossible, or no label is encoded. */
static char *write_name(const char *name, char *out)
{
	bool any = false;

	while (out && *name) {
		size_t length = strcspn(name, ".");
		struct label label;

		if (length > 4 && length <= LABEL_MAX && strncasecmp(name, "xn--", 4) == 0) {
			out = decode(name + 4, name + length, &label) ? write_label(&label, out)
			                                              : NULL;
			any = true;
		} else {
			memcpy(out, name, length);
			out += length;
		}
		name += length;
		if (out && *name == '.')
			*out++ = *name++;
	}
	if (out)
		*out = '\0';
	return any ? out : NULL;
}

char *canonical_decode(const char *name)
{
	char *out = malloc(strlen(name) * MB_LEN_MAX + 1);

	if (out && !write_name(name, out)) {
		free(out);
		return NULL;
	}
	return out;
}
