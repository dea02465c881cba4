#include "core/format.h"

static char *put_decimal(char *text, unsigned value)
{
	if (value >= 100)
		*text++ = (char)('0' + value / 100);
	if (value >= 10)
		*text++ = (char)('0' + value / 10 % 10);
	*text++ = (char)('0' + value % 10);
	return text;
}

static char *put_hex(char *text, unsigned value)
{
	static const char digits[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && value >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*text++ = digits[value >> shift & 15];
	return text;
}

const char *format_address(const struct shunt_address *address, char text[FORMAT_TEXT_MAX])
{
	const unsigned char *byte = (const unsigned char *)address->word;
	char *end = text;

	if (address->family == SHUNT_FAMILY_IPV4) {
		for (int i = 0; i < 4; i++) {
			end = put_decimal(end, byte[i]);
			*end++ = '.';
		}
	} else {
		for (int i = 0; i < 16; i += 2) {
			end = put_hex(end, (unsigned)byte[i] << 8 | byte[i + 1]);
			*end++ = ':';
		}
	}
	end[-1] = '\0';
	return text;
}
