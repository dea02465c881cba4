#include "report/libraries.h"

#include <ares.h>
#include <curl/curl.h>
#include <event2/event.h>
#include <gnu/libc-version.h>
#include <idn2.h>
#include <jansson.h>
#include <libconfig.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <unistring/version.h>

#define TEXT(number) #number
#define VERSION(major, minor, revision) TEXT(major) "." TEXT(minor) "." TEXT(revision)

static const char *libcurl(void)
{
	return curl_version_info(CURLVERSION_NOW)->version;
}

static const char *cares(void)
{
	return ares_version(NULL);
}

static const char *libidn2(void)
{
	return idn2_check_version(NULL);
}

static const char *libunistring(void)
{
	static char text[sizeof("255.255.255")];

	snprintf(text, sizeof(text), "%d.%d.%d", _libunistring_version >> 16 & 255,
	         _libunistring_version >> 8 & 255, _libunistring_version & 255);
	return text;
}

/* It does not tell at run time; its soname changes with each release that changes its interface. */
static const char *libconfig(void)
{
	return VERSION(LIBCONFIG_VER_MAJOR, LIBCONFIG_VER_MINOR, LIBCONFIG_VER_REVISION);
}

static const char *openssl(void)
{
	return OpenSSL_version(OPENSSL_VERSION_STRING);
}

static const struct {
	const char *name;
	const char *(*version)(void);
} libraries[] = {
	{ "libevent", event_get_version },
	{ "libcurl", libcurl },
	{ "c-ares", cares },
	{ "libidn2", libidn2 },
	{ "libunistring", libunistring },
	{ "libconfig", libconfig },
	{ "libmicrohttpd", MHD_get_version },
	{ "jansson", jansson_version_str },
	{ "OpenSSL", openssl },
	{ "glibc", gnu_get_libc_version },
};

#define COUNT (sizeof(libraries) / sizeof(libraries[0]))

void libraries_print(FILE *out)
{
	for (size_t i = 0; i < COUNT; i++)
		fprintf(out, "%s %s\n", libraries[i].name, libraries[i].version());
}

void libraries_put(struct json_out *out)
{
	json_out_open(out, "libraries", '{');
	for (size_t i = 0; i < COUNT; i++)
		json_out_text(out, libraries[i].name, libraries[i].version());
	json_out_close(out, '}');
}
