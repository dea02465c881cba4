#include "report/resets.h"

#include "base/json_out.h"
#include "reset/reset.h"

static void put_order(struct json_out *out, const struct reset_order *order)
{
	json_out_open(out, NULL, '{');
	json_out_number(out, "number", order->number);
	json_out_text(out, "record", order->record);
	json_out_text(out, "endpoint", order->endpoint);
	json_out_text(out, "cause", orders_cause_word(order->cause));
	json_out_bool(out, "dry_run", order->dry_run);
	json_out_moment(out, "time", order->time);
	json_out_bool(out, "done", order->left == 0);
	json_out_number(out, "found", order->counts.found);
	json_out_number(out, "reset", order->counts.reset);
	json_out_number(out, "gone", order->counts.gone);
	json_out_number(out, "kept", order->counts.kept);
	json_out_text(out, "error", *order->error ? order->error : NULL);
	json_out_close(out, '}');
}

char *resets_report(const struct reset *reset)
{
	const struct orders_log *orders = reset ? reset_orders(reset) : NULL;
	const struct reset_order *order;
	struct json_out out = { 0 };

	json_out_open(&out, NULL, '{');
	json_out_open(&out, "resets", '[');
	if (orders) {
		TAILQ_FOREACH (order, &orders->list, link)
			put_order(&out, order);
	}
	json_out_close(&out, ']');
	json_out_close(&out, '}');
	return json_out_take(&out);
}

char *resets_report_order(const struct operate_reset *order)
{
	struct json_out out = { 0 };
	char text[ADDRESS_TEXT_MAX];

	json_out_open(&out, NULL, '{');
	json_out_number(&out, "number", order->number);
	json_out_open(&out, "left_out", '[');
	for (size_t i = 0; i < order->kept_count; i++) {
		json_out_open(&out, NULL, '{');
		json_out_text(&out, "address", address_format(&order->kept[i].address, text));
		json_out_text(&out, "record", order->kept[i].record);
		json_out_close(&out, '}');
	}
	json_out_close(&out, ']');
	json_out_close(&out, '}');
	return json_out_take(&out);
}
