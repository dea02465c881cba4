#include "probe/why.h"

static const struct {
	const char *word;
	enum verdict verdict;
	enum health_side side; /* without a verdict */
} table[WHYS] = {
	[WHY_PASS] = { "pass", VERDICT_PASS },
	[WHY_REFUSED] = { "refused", VERDICT_FAIL },
	[WHY_CLOSED] = { "closed", VERDICT_FAIL },
	[WHY_TIMEOUT] = { "timeout", VERDICT_FAIL },
	[WHY_NO_ROUTE] = { "no_route", VERDICT_FAIL },
	[WHY_TLS] = { "tls", VERDICT_FAIL },
	[WHY_CERTIFICATE] = { "certificate", VERDICT_FAIL },
	[WHY_PROTOCOL] = { "protocol", VERDICT_FAIL },
	[WHY_STATUS] = { "status", VERDICT_FAIL },
	[WHY_HEADER] = { "header", VERDICT_FAIL },
	[WHY_BODY] = { "body", VERDICT_FAIL },
	[WHY_EXIT] = { "exit", VERDICT_FAIL },
	[WHY_OTHER] = { "other", VERDICT_FAIL },
	[WHY_PROGRAM] = { "program", VERDICT_NONE, SIDE_CHECK },
	[WHY_UNDECIDED] = { "undecided", VERDICT_NONE, SIDE_CHECK },
	[WHY_OWN_FAULT] = { "own_fault", VERDICT_NONE, SIDE_HOST },
	[WHY_LATE] = { "late", VERDICT_NONE, SIDE_HOST },
};

const char *probe_why_word(enum probe_why why)
{
	return table[why].word;
}

enum verdict probe_why_verdict(enum probe_why why)
{
	return table[why].verdict;
}

enum health_side probe_why_side(enum probe_why why)
{
	return table[why].side;
}
