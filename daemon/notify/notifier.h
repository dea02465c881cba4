/* The configured notify programs: which exist, and what each wants. */
#ifndef SHUNT_NOTIFY_NOTIFIER_H
#define SHUNT_NOTIFY_NOTIFIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct event_item;
struct notify_config;

/* The owner of the items pending for it. */
struct notifier {
	TAILQ_ENTRY(notifier) link;
	char **argv; /* one block of memory */
	uint32_t events;
	uint32_t timeout_ms;
	unsigned running; /* changed by the caller */
	bool gone;        /* removed from the configuration; kept until its deliveries end */
};

TAILQ_HEAD(notifier_list, notifier);

/*
 * Marks notifiers that are not in `configs` as gone, and adds those that are new. A notifier with
 * the same arguments as before stays the same one.
 */
void notifiers_configure(struct notifier_list *list, const struct notify_config *configs,
                         size_t count);
bool notifier_wants(const struct notifier *notifier, const struct event_item *event);
/* Frees it if it is gone and nothing is running. */
void notifier_release(struct notifier_list *list, struct notifier *notifier);
void notifiers_free(struct notifier_list *list);

#endif
