#include "config/name.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/memory.h"

#include "shunt/table.h"

#define LABEL_MAX 63u /* RFC 1035 2.3.4 */

size_t config_name_length(const char *name)
{
	size_t length = strlen(name);

	return length > 0 && name[length - 1] == '.' ? length - 1 : length;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_character(char c)
{
	unsigned char lower = shunt_lower((unsigned char)c);

	return (lower >= 'a' && lower <= 'z') || is_digit(c) || c == '-' || c == '_';
}

static const char *label_fault(const char *label, size_t length)
{
	if (length == 0)
		return "has two dots in a row or one in front; remove a dot";
	for (size_t i = 0; i < length; i++) {
		if (label[i] == '*')
			return "is a wildcard; list each host name";
		if (!is_name_character(label[i]))
			return "is no host name; use letters, digits, \"-\", \"_\" and single dots";
	}
	return length > LABEL_MAX ? "has a label longer than 63 characters; shorten it" : NULL;
}

/* Decimal, or hexadecimal as accepted by inet_aton(3). */
static bool is_number(const char *label, size_t length)
{
	bool hex = length > 2 && label[0] == '0' && shunt_lower((unsigned char)label[1]) == 'x';

	for (size_t i = hex ? 2 : 0; i < length; i++) {
		unsigned char lower = shunt_lower((unsigned char)label[i]);

		if (!is_digit(label[i]) && !(hex && lower >= 'a' && lower <= 'f'))
			return false;
	}
	return true;
}

static bool is_address(const char *name, size_t length)
{
	char text[ADDRESS_TEXT_MAX];
	struct address address;

	if (length >= sizeof(text))
		return false;
	memcpy(text, name, length);
	text[length] = '\0';
	return address_parse(text, &address);
}

const char *config_name_fault(const char *name, size_t length)
{
	const char *label = name, *end = name + length, *dot, *fault;

	if (length == 0)
		return "is empty; write a host name";
	if (length > SHUNT_NAME_MAX)
		return "is longer than 253 characters; shorten it";
	if (is_address(name, length))
		return "is an IP address; write a host name";
	for (;; label = dot + 1) {
		dot = memchr(label, '.', (size_t)(end - label));
		fault = label_fault(label, (size_t)((dot ? dot : end) - label));
		if (fault || !dot)
			break;
	}
	if (!fault && is_number(label, (size_t)(end - label)))
		fault = "ends in a number, which programs take for an IP address; write a host "
		        "name";
	return fault;
}

/* --- the set: open addressing, at most half full ---------------------------------------------- */

struct slot {
	const char *name; /* NULL if the slot is free */
	const void *owner;
};

struct config_names {
	struct slot *slots;
	size_t room; /* number of slots; a power of two */
	size_t count;
};

struct config_names *config_names_new(void)
{
	struct config_names *names = memory_calloc(1, sizeof(*names));

	names->room = 64;
	names->slots = memory_calloc(names->room, sizeof(*names->slots));
	return names;
}

void config_names_free(struct config_names *names)
{
	if (!names)
		return;
	free(names->slots);
	free(names);
}

/* The slot that holds `name`, or the free one where it belongs. */
static struct slot *find_slot(struct config_names *names, const char *name)
{
	size_t i = shunt_name_hash(0, name, (uint32_t)strlen(name));

	for (;; i++) {
		struct slot *slot = &names->slots[i & (names->room - 1)];

		if (!slot->name || strcasecmp(slot->name, name) == 0)
			return slot;
	}
}

static void grow(struct config_names *names)
{
	struct slot *old = names->slots;
	size_t room = names->room;

	names->room *= 2;
	names->slots = memory_calloc(names->room, sizeof(*names->slots));
	for (size_t i = 0; i < room; i++) {
		if (old[i].name)
			*find_slot(names, old[i].name) = old[i];
	}
	free(old);
}

const void *config_names_add(struct config_names *names, const char *name, const void *owner)
{
	struct slot *slot = find_slot(names, name);

	if (slot->name)
		return slot->owner;
	*slot = (struct slot){ name, owner };
	if (++names->count > names->room / 2)
		grow(names);
	return NULL;
}
