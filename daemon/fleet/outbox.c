#include "fleet/outbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fleet/ask.h"
#include "fleet/fault.h"
#include "fleet/reply.h"

#define CALL_MS 1250u /* of each of the two calls */

struct outbox_order {
	struct etcd_call call;
	struct outbox *outbox;
	char *key, *value;
	fleet_done *done;
	void *arg;
	TAILQ_ENTRY(outbox_order) link;
};

void outbox_init(struct outbox *outbox, struct etcd *etcd, const char *prefix, const char *user,
                 char *const *token)
{
	*outbox = (struct outbox){ .etcd = etcd, .prefix = prefix, .user = user, .token = token };
	TAILQ_INIT(&outbox->orders);
}

static void end(struct outbox_order *order, const char *error)
{
	TAILQ_REMOVE(&order->outbox->orders, order, link);
	etcd_stop(&order->call);
	if (order->done)
		order->done(order->arg, error);
	free(order->key);
	free(order->value);
	free(order);
}

static void put(void *arg, const json_t *answer, const char *error)
{
	struct outbox_order *order = arg;
	const char *user = order->outbox->user;
	char text[FLEET_ERROR_MAX];

	(void)answer;
	if (error && fault_of(error) == FAULT_PERMISSION)
		snprintf(text, sizeof(text),
		         "etcd's user \"%s\" may give no orders; grant it the role for that, see "
		         "Fleets in shunt.conf(5)",
		         user ? user : "");
	else if (error)
		snprintf(text, sizeof(text), "%s: %s", order->call.member, error);
	end(order, error ? text : NULL);
}

static bool start_put(struct outbox_order *order, uint64_t lease)
{
	char *body = ask_put(order->key, order->value, lease);

	order->call.path = ASK_PUT_PATH;
	/* That of the lease may have been freed meanwhile. */
	order->call.token = *order->outbox->token;
	order->call.done = put;
	return etcd_ask(order->outbox->etcd, &order->call, body);
}

static void granted(void *arg, const json_t *answer, const char *error)
{
	struct outbox_order *order = arg;
	const uint64_t lease = reply_number(answer, "ID");

	if (error || !lease)
		put(order, NULL, error ? error : "it gives no lease");
	else if (!start_put(order, lease))
		put(order, NULL, order->call.error);
}

static bool start(struct outbox_order *order, const char *member, uint32_t seconds)
{
	order->call = (struct etcd_call){ .member = member,
		                          .path = ASK_GRANT_PATH,
		                          .token = *order->outbox->token,
		                          .timeout_ms = CALL_MS,
		                          .done = granted,
		                          .arg = order };
	if (seconds == 0)
		return start_put(order, 0);
	return etcd_ask(order->outbox->etcd, &order->call, ask_grant(seconds));
}

static struct outbox_order *add(struct outbox *outbox, const char *key, const char *value)
{
	struct outbox_order *order = memory_calloc(1, sizeof(*order));

	order->outbox = outbox;
	order->value = memory_strdup(value);
	order->key = memory_calloc(1, strlen(outbox->prefix) + strlen(key) + 1);
	strcpy(stpcpy(order->key, outbox->prefix), key);
	TAILQ_INSERT_TAIL(&outbox->orders, order, link);
	return order;
}

bool outbox_send(struct outbox *outbox, const char *member, const char *key, const char *value,
                 uint32_t seconds, fleet_done *done, void *arg, char error[FLEET_ERROR_MAX])
{
	struct outbox_order *order = add(outbox, key, value);

	if (!start(order, member, seconds)) {
		snprintf(error, FLEET_ERROR_MAX, "%s", order->call.error);
		end(order, NULL);
		return false;
	}
	order->done = done;
	order->arg = arg;
	return true;
}

void outbox_forget(struct outbox *outbox, const void *arg)
{
	struct outbox_order *order;

	TAILQ_FOREACH (order, &outbox->orders, link) {
		if (order->arg == arg)
			order->done = NULL;
	}
}

void outbox_end(struct outbox *outbox, const char *why)
{
	struct outbox_order *order;

	while ((order = TAILQ_FIRST(&outbox->orders)))
		end(order, why);
}
