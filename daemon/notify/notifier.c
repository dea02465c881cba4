#include "notify/notifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "config/config.h"
#include "event/event.h"

static char **copy_words(const char *const *words)
{
	size_t count = 0, bytes = 0;
	char **copy, *text;

	for (; words[count]; count++)
		bytes += strlen(words[count]) + 1;
	copy = memory_calloc(1, (count + 1) * sizeof(*copy) + bytes);
	text = (char *)(copy + count + 1);
	for (size_t i = 0; i < count; i++) {
		copy[i] = text;
		text = stpcpy(text, words[i]) + 1;
	}
	return copy;
}

static bool same_words(char *const *a, const char *const *b)
{
	while (*a && *b && strcmp(*a, *b) == 0) {
		a++;
		b++;
	}
	return !*a && !*b;
}

/* An existing notifier not yet claimed: the configuration may list the same program twice. */
static struct notifier *find(struct notifier_list *list, const char *const *command)
{
	struct notifier *notifier;

	TAILQ_FOREACH (notifier, list, link) {
		if (notifier->gone && same_words(notifier->argv, command))
			return notifier;
	}
	return NULL;
}

static void claim(struct notifier_list *list, const struct notify_config *config)
{
	struct notifier *notifier = find(list, config->command);

	if (!notifier) {
		notifier = memory_calloc(1, sizeof(*notifier));
		notifier->argv = copy_words(config->command);
		TAILQ_INSERT_TAIL(list, notifier, link);
	}
	notifier->events = config->events;
	notifier->timeout_ms = config->timeout;
	notifier->gone = false;
}

void notifiers_configure(struct notifier_list *list, const struct notify_config *configs,
                         size_t count)
{
	struct notifier *notifier;

	TAILQ_FOREACH (notifier, list, link)
		notifier->gone = true;
	for (size_t i = 0; i < count; i++)
		claim(list, &configs[i]);
}

bool notifier_wants(const struct notifier *notifier, const struct event_item *event)
{
	return !notifier->gone && notifier->events & UINT32_C(1) << event->what.type;
}

static void notifier_free(struct notifier_list *list, struct notifier *notifier)
{
	TAILQ_REMOVE(list, notifier, link);
	free(notifier->argv);
	free(notifier);
}

void notifier_release(struct notifier_list *list, struct notifier *notifier)
{
	if (notifier->gone && notifier->running == 0)
		notifier_free(list, notifier);
}

void notifiers_free(struct notifier_list *list)
{
	struct notifier *notifier;

	while ((notifier = TAILQ_FIRST(list)) != NULL)
		notifier_free(list, notifier);
}
