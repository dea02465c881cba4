#include "config/read/notify.h"

#include "base/arena.h"
#include "base/near.h"
#include "config/read/command.h"
#include "event/type.h"

#define ALL_EVENTS (UINT32_MAX >> (32 - EVENT_TYPES))

static bool fail_type(const struct config_reader *reader, const struct tree *value,
                      const char *word)
{
	struct near near;

	near_init(&near, word);
	for (unsigned i = 0; i < EVENT_TYPES; i++)
		near_offer(&near, event_word((enum event_type)i));
	if (near.best)
		return config_fail(reader, value,
		                   "\"%.64s\" is no type of events; did you mean \"%s\"?", word,
		                   near.best);
	return config_fail(reader, value,
	                   "\"%.64s\" is no type of events; write one of those in "
	                   "shunt.conf(5), as in events = [ \"answer\", \"isolated\" ]",
	                   word);
}

static bool read_events(const struct config_group *group, uint32_t *events)
{
	const struct tree *values = group->values[OPT_NOTIFY_EVENTS];
	enum event_type type;
	size_t count;

	*events = values ? 0 : ALL_EVENTS;
	if (!config_value_list(group, OPT_NOTIFY_EVENTS, &count))
		return false;
	for (size_t i = 0; values && i < count; i++) {
		const struct tree *value = values->elements[i];
		const char *word = config_value_text(group->reader, value);

		if (!word)
			return false;
		if (!event_find(word, &type))
			return fail_type(group->reader, value, word);
		*events |= UINT32_C(1) << type;
	}
	return true;
}

static bool read_one(struct config_reader *reader, const struct tree *setting,
                     struct notify_config *notify)
{
	struct config_group group;

	return config_group_open(reader, setting, SCOPE_NOTIFY, &group) &&
	       config_command_read(&group, OPT_NOTIFY_COMMAND,
	                           "the program to run, as in command = [ "
	                           "\"/usr/local/bin/page\", \"--urgent\" ]",
	                           &notify->command) &&
	       read_events(&group, &notify->events) &&
	       config_value_duration(&group, OPT_NOTIFY_TIMEOUT, &notify->timeout);
}

bool config_notify_read(const struct config_group *file, struct config *config)
{
	const struct tree *setting = file->values[OPT_FILE_NOTIFY];
	struct notify_config *notify;

	if (setting && !tree_may_hold_groups(setting))
		return config_fail(
		        file->reader, setting,
		        "must be a list of groups; write ( { command = [ \"...\" ]; } )");
	if (!config_value_list(file, OPT_FILE_NOTIFY, &config->notify_count))
		return false;
	notify = arena_alloc(file->reader->arena, config->notify_count, sizeof(*notify));
	config->notify = notify;
	for (size_t i = 0; setting && i < config->notify_count; i++) {
		if (!read_one(file->reader, setting->elements[i], &notify[i]))
			return false;
	}
	return true;
}
