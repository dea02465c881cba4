#include "base/options.h"

#include <stdio.h>
#include <string.h>

#include "base/cli.h"
#include "base/near.h"

#define ROWS_MAX 16

struct parse {
	const char *command;
	const struct option_row *rows;
	char **next; /* the argument after the current one; NULL at the end */
};

static const struct option_row *find_letter(const struct option_row *rows, char letter)
{
	for (; rows->letter || rows->name; rows++)
		if (letter && rows->letter == letter)
			return rows;
	return NULL;
}

static const struct option_row *find_name(const struct option_row *rows, const char *name,
                                          size_t length)
{
	for (; rows->letter || rows->name; rows++)
		if (rows->name && strlen(rows->name) == length &&
		    memcmp(rows->name, name, length) == 0)
			return rows;
	return NULL;
}

static bool unknown_name(const struct parse *parse, const char *name, size_t length)
{
	const char *names[ROWS_MAX], *nearest;
	char word[32];
	size_t count = 0;

	for (const struct option_row *row = parse->rows; row->letter || row->name; row++)
		if (row->name && count < ROWS_MAX)
			names[count++] = row->name;
	snprintf(word, sizeof(word), "%.*s", (int)(length < 31 ? length : 31), name);
	nearest = near_find(word, names, count);
	if (nearest)
		cli_usage(parse->command, "there is no option --%.*s; did you mean --%s?",
		          (int)length, name, nearest);
	else
		cli_usage(parse->command, "there is no option --%.*s", (int)length, name);
	return false;
}

/* `value` is the text joined to the option, or NULL. */
static bool apply(struct parse *parse, const struct option_row *row, const char *shown,
                  const char *value)
{
	const char **place = row->value;

	if (!place) {
		if (value)
			cli_usage(parse->command, "%s takes no value", shown);
		*row->flag = true;
		return !value;
	}
	if (!value && *parse->next)
		value = *parse->next++;
	if (!value || !*value) {
		cli_usage(parse->command, "%s needs a value%s", shown,
		          value ? ", and the one given is empty" : "");
		return false;
	}
	while (row->flag && *place)
		place++;
	*place = value;
	if (row->flag)
		*row->flag = true;
	return true;
}

static bool parse_long(struct parse *parse, const char *argument)
{
	const char *name = argument + 2;
	size_t length = strcspn(name, "=");
	const struct option_row *row = find_name(parse->rows, name, length);
	char shown[40];

	if (!row)
		return unknown_name(parse, name, length);
	snprintf(shown, sizeof(shown), "--%s", row->name);
	return apply(parse, row, shown, name[length] ? name + length + 1 : NULL);
}

/* "-v", "-cFILE", "-vcFILE" */
static bool parse_short(struct parse *parse, const char *argument)
{
	for (const char *letter = argument + 1; *letter; letter++) {
		const struct option_row *row = find_letter(parse->rows, *letter);
		char shown[] = { '-', *letter, '\0' };

		if (!row) {
			cli_usage(parse->command, "there is no option %s", shown);
			return false;
		}
		if (row->value)
			return apply(parse, row, shown, letter[1] ? letter + 1 : NULL);
		*row->flag = true;
	}
	return true;
}

bool options_parse(const char *command, const struct option_row *rows, bool first_ends, int argc,
                   char **argv, struct operands *operands)
{
	struct parse parse = { command, rows, argv + 1 };
	char **kept = argv + 1;

	if (argc < 1)
		parse.next = kept = argv;
	operands->list = kept;
	while (*parse.next) {
		char *argument = *parse.next++;

		if (strcmp(argument, "--") == 0)
			break;
		if (argument[0] != '-' || !argument[1]) {
			*kept++ = argument;
			if (first_ends)
				break;
		} else if (!(argument[1] == '-' ? parse_long : parse_short)(&parse, argument)) {
			return false;
		}
	}
	while (*parse.next)
		*kept++ = *parse.next++;
	*kept = NULL;
	operands->count = (int)(kept - operands->list);
	return true;
}
