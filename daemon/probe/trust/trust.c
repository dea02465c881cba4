#include "probe/trust/trust.h"

#include <curl/curl.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509_vfy.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "net/stamp.h"

#define SYSTEM_BUNDLE "/etc/ssl/certs/ca-certificates.crt"
/*
 * A reload may leave a file without users. It is dropped when another file is added after this
 * time, which is longer than most intervals.
 */
#define UNUSED_US UINT64_C(3600000000)
/*
 * Delay before another attempt to read a file that could not be read, possibly for lack of a
 * descriptor.
 */
#define RETRY_US 1000000u

struct bundle {
	struct bundle *next;
	struct stamp stamp;
	X509_STORE *store; /* NULL if it could not be read */
	uint64_t used_us;
	uint64_t read_us;
	char path[];
};

struct trust {
	struct bundle *bundles;
};

struct trust *trust_new(void)
{
	return calloc(1, sizeof(struct trust));
}

static void bundle_free(struct bundle *bundle)
{
	X509_STORE_free(bundle->store);
	free(bundle);
}

void trust_free(struct trust *trust)
{
	struct bundle *bundle = trust ? trust->bundles : NULL;

	while (bundle) {
		struct bundle *next = bundle->next;

		bundle_free(bundle);
		bundle = next;
	}
	free(trust);
}

static void drop_unused(struct trust *trust, uint64_t now_us)
{
	struct bundle **link = &trust->bundles;

	while (*link) {
		struct bundle *bundle = *link;

		if (now_us - bundle->used_us <= UNUSED_US) {
			link = &bundle->next;
			continue;
		}
		*link = bundle->next;
		bundle_free(bundle);
	}
}

static struct bundle *bundle_find(struct trust *trust, const char *path)
{
	uint64_t now_us = clock_us();
	struct bundle *bundle = trust->bundles;

	while (bundle && strcmp(bundle->path, path) != 0)
		bundle = bundle->next;
	if (!bundle) {
		drop_unused(trust, now_us);
		bundle = calloc(1, sizeof(*bundle) + strlen(path) + 1);
		if (!bundle)
			return NULL;
		strcpy(bundle->path, path);
		bundle->next = trust->bundles;
		trust->bundles = bundle;
	}
	bundle->used_us = now_us;
	return bundle;
}

static X509_STORE *store_read(const char *path)
{
	X509_STORE *store = X509_STORE_new();

	if (!store)
		return NULL;
	/* As in libcurl: the trusted certificate may be a server's own, or an intermediate one. */
	if (!X509_STORE_load_file(store, path) ||
	    !X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST)) {
		X509_STORE_free(store);
		store = NULL;
	}
	ERR_clear_error();
	return store;
}

static bool is_due(const struct bundle *bundle, const struct stamp *stamp)
{
	return !stamp_equal(&bundle->stamp, stamp) ||
	       (!bundle->store && bundle->used_us - bundle->read_us > RETRY_US);
}

static const char *system_bundle(void)
{
	const curl_version_info_data *curl = curl_version_info(CURLVERSION_NOW);

	return curl->age >= CURLVERSION_SEVENTH && curl->cainfo ? curl->cainfo : SYSTEM_BUNDLE;
}

X509_STORE *trust_store(struct trust *trust, const char *file, char words[TRUST_WORDS_MAX])
{
	const char *path = file ? file : system_bundle();
	struct bundle *bundle = bundle_find(trust, path);
	struct stamp stamp;

	if (!bundle) {
		snprintf(words, TRUST_WORDS_MAX, "out of memory");
		return NULL;
	}
	if (!stamp_read(path, &stamp)) {
		snprintf(words, TRUST_WORDS_MAX, "cannot read the CA file %s: %s", path,
		         strerror(errno));
		return NULL;
	}
	if (is_due(bundle, &stamp)) {
		X509_STORE_free(bundle->store);
		bundle->store = store_read(path);
		bundle->stamp = stamp;
		bundle->read_us = bundle->used_us;
	}
	if (bundle->store && X509_STORE_up_ref(bundle->store))
		return bundle->store;
	snprintf(words, TRUST_WORDS_MAX, "no certificate can be read from the CA file %s", path);
	return NULL;
}
