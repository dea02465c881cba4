#include "publish/allowance.h"

#define ONE 1000u /* a report, in a bucket */

static void fill(struct allowance_bucket *bucket, uint32_t a_second, uint32_t most, uint64_t now_ms)
{
	uint64_t passed = bucket->filled_ms ? now_ms - bucket->filled_ms : UINT32_MAX;
	uint64_t left;

	if (passed > UINT32_MAX)
		passed = UINT32_MAX;
	left = bucket->left + passed * a_second;
	bucket->left = left > (uint64_t)most * ONE ? most * ONE : (uint32_t)left;
	bucket->filled_ms = now_ms;
}

/* That of the uid; else the one that was used longest ago, emptied for it. */
static struct allowance_bucket *bucket_of(struct allowance *allowance, uid_t uid)
{
	struct allowance_bucket *oldest = &allowance->uids[0];

	for (size_t i = 0; i < ALLOWANCE_UIDS; i++) {
		struct allowance_bucket *bucket = &allowance->uids[i];

		if (bucket->filled_ms && bucket->uid == uid)
			return bucket;
		if (bucket->filled_ms < oldest->filled_ms)
			oldest = bucket;
	}
	*oldest = (struct allowance_bucket){ .uid = uid };
	return oldest;
}

bool allowance_take(struct allowance *allowance, uid_t uid, uint64_t now_ms)
{
	struct allowance_bucket *bucket = bucket_of(allowance, uid);

	fill(bucket, ALLOWANCE_A_SECOND, ALLOWANCE_BURST, now_ms);
	fill(&allowance->total, ALLOWANCE_TOTAL, ALLOWANCE_TOTAL, now_ms);
	if (bucket->left < ONE || allowance->total.left < ONE)
		return false;
	bucket->left -= ONE;
	allowance->total.left -= ONE;
	return true;
}
