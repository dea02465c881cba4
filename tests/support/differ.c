/*
 * Calls each function that looks up a host with every combination of arguments, and prints one line
 * per call: a plain program that does not depend on the shim. The output of two runs, in two
 * environments that should look the same, is compared line by line.
 *
 *   differ [-w NAME] PART NAME ...
 *
 * PART: flags, services, configured (what the host's own addresses decide), international, hostent,
 * or static. -w: first waits until that name is found.
 *
 * A line is `CALL = RESULT`. A list of addresses has the form "ADDRESS(node node …)|ADDRESS(…)", in
 * order; errno is shown where it matters.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <locale.h>
#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define UNKNOWN_FLAG 0x4000
#define IDN_FLAGS (AI_IDN | AI_CANONIDN)
#define SIZE_MAX_ASKED 1600 /* more than any answer needs here */
#define CANARY 0x5a
#define WAIT_SECONDS 60

static const int flag_bits[] = { AI_V4MAPPED, AI_ALL,         AI_ADDRCONFIG, AI_CANONNAME,
	                         AI_PASSIVE,  AI_NUMERICSERV, UNKNOWN_FLAG,  AI_NUMERICHOST };
#define FLAG_SETS (1u << COUNT(flag_bits))
/* Without AI_NUMERICHOST and the unknown flag, which would mask the effect of the others. */
#define FLAG_SETS_TRIED (1u << (COUNT(flag_bits) - 2))
#define FLAG_SETS_CONFIGURED 16u

static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6, AF_UNIX, 99, -1 };
#define FAMILIES_KNOWN 3

static const char *const services[] = { NULL,  "80",  "http",  "domain", "ntp",   "nosuch",
	                                "",    "0",   "-1",    "65535",  "65536", "0080",
	                                " 80", "80 ", "http ", "1x" };
static const char *const few_services[] = { NULL, "domain", "80" };

struct type {
	int type, protocol;
};

static const struct type types[] = { { 0, 0 },
	                             { SOCK_STREAM, 0 },
	                             { SOCK_DGRAM, 0 },
	                             { SOCK_RAW, 0 },
	                             { SOCK_SEQPACKET, 0 },
	                             { SOCK_RDM, 0 },
	                             { 99, 0 },
	                             { -1, 0 },
	                             { SOCK_STREAM, IPPROTO_TCP },
	                             { SOCK_STREAM, IPPROTO_UDP },
	                             { SOCK_DGRAM, IPPROTO_UDP },
	                             { SOCK_DGRAM, IPPROTO_UDPLITE },
	                             { SOCK_RAW, IPPROTO_ICMP },
	                             { SOCK_SEQPACKET, IPPROTO_SCTP },
	                             { SOCK_DCCP, IPPROTO_DCCP },
	                             { 0, IPPROTO_TCP },
	                             { 0, IPPROTO_UDP },
	                             { 0, IPPROTO_SCTP },
	                             { 0, 255 },
	                             { 0, -1 } };
#define TYPES_FEW 3

static const int services_flags[] = {
	0,      AI_PASSIVE,   AI_CANONNAME, AI_NUMERICSERV,          AI_V4MAPPED,
	AI_ALL, UNKNOWN_FLAG, IDN_FLAGS,    IDN_FLAGS | AI_CANONNAME
};

/* --- getaddrinfo ------------------------------------------------------------------------------ */

static void print_text(const char *text)
{
	if (!text)
		printf("NULL");
	else if (strlen(text) > 100)
		printf("'%.20s...%zu'", text, strlen(text));
	else
		printf("'%s'", text);
}

static void print_address(const struct addrinfo *node)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)node->ai_addr;
	const struct sockaddr_in *in = (const struct sockaddr_in *)node->ai_addr;
	bool is_ipv6 = node->ai_addr->sa_family == AF_INET6;
	char text[INET6_ADDRSTRLEN];

	if (!inet_ntop(node->ai_addr->sa_family,
	               is_ipv6 ? (const void *)&in6->sin6_addr : &in->sin_addr, text, sizeof(text)))
		abort();
	printf("%s", text);
	if (is_ipv6 && in6->sin6_scope_id)
		printf("%%%u", in6->sin6_scope_id);
}

static bool same_address(const struct addrinfo *a, const struct addrinfo *b)
{
	return a->ai_addrlen == b->ai_addrlen && a->ai_family == b->ai_family &&
	       (a->ai_family == AF_INET6
	                ? !memcmp(&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr,
	                          &((struct sockaddr_in6 *)b->ai_addr)->sin6_addr, 16)
	                : !memcmp(&((struct sockaddr_in *)a->ai_addr)->sin_addr,
	                          &((struct sockaddr_in *)b->ai_addr)->sin_addr, 4));
}

/* Port and flow are at the same offsets for both families. */
static void print_node(const struct addrinfo *node)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)node->ai_addr;

	printf("%x/%d/%d/%d/%u:%u", (unsigned)node->ai_flags, node->ai_family, node->ai_socktype,
	       node->ai_protocol, node->ai_addrlen, ntohs(in6->sin6_port));
	if (node->ai_addr->sa_family != node->ai_family ||
	    (node->ai_family == AF_INET6 && in6->sin6_flowinfo))
		printf("?");
}

static void print_list(const struct addrinfo *list)
{
	const struct addrinfo *before = NULL;
	int position = 0;

	for (const struct addrinfo *node = list; node; node = node->ai_next, position++)
		if (node->ai_canonname)
			printf("canon %d %s ", position, node->ai_canonname);
	for (const struct addrinfo *node = list; node; before = node, node = node->ai_next) {
		if (!before || !same_address(before, node)) {
			printf(before ? ")|" : "");
			print_address(node);
			printf("(");
		} else {
			printf(" ");
		}
		print_node(node);
	}
	printf(")");
}

static void look_up(const char *name, const char *service, const struct addrinfo *hints)
{
	struct addrinfo *const untouched = (struct addrinfo *)&flag_bits, *list = untouched;
	int error = getaddrinfo(name, service, hints, &list), saved = errno;

	printf("getaddrinfo ");
	print_text(name);
	printf(" ");
	print_text(service);
	if (hints)
		printf(" flags=%x family=%d type=%d/%d", (unsigned)hints->ai_flags,
		       hints->ai_family, hints->ai_socktype, hints->ai_protocol);
	printf(" = ");
	if (!error) {
		print_list(list);
		freeaddrinfo(list);
	} else {
		printf("%d", error);
		if (error == EAI_SYSTEM)
			printf(" errno %d", saved);
		if (list != untouched)
			printf(" and a list");
	}
	printf("\n");
}

static void look_up_hints(const char *name, const char *service, int flags, int family,
                          struct type type)
{
	struct addrinfo hints = { .ai_flags = flags,
		                  .ai_family = family,
		                  .ai_socktype = type.type,
		                  .ai_protocol = type.protocol };

	look_up(name, service, &hints);
}

static int flag_set(unsigned number)
{
	int flags = 0;

	for (size_t i = 0; i < COUNT(flag_bits); i++)
		if (number & 1u << i)
			flags |= flag_bits[i];
	return flags;
}

/* Look up the name with every set of flags; sets that fail early are tried with few arguments. */
static void flags(const char *name)
{
	for (unsigned set = 0; set < FLAG_SETS; set++) {
		unsigned types_tried = set < FLAG_SETS_TRIED ? TYPES_FEW : 1;

		for (size_t f = 0; f < FAMILIES_KNOWN; f++)
			for (size_t t = 0; t < types_tried; t++)
				for (size_t s = 0; s < 2; s++)
					look_up_hints(name, few_services[s], flag_set(set),
					              families[f], types[t]);
	}
}

static void all_services(const char *name)
{
	for (size_t s = 0; s < COUNT(services); s++) {
		look_up(name, services[s], NULL);
		for (size_t f = 0; f < COUNT(families); f++)
			for (size_t t = 0; t < COUNT(types); t++)
				for (size_t i = 0; i < COUNT(services_flags); i++)
					look_up_hints(name, services[s], services_flags[i],
					              families[f], types[t]);
	}
}

/* Names in the locale's encoding, and canonical names in it. */
static void international(const char *name)
{
	static const int with[] = { 0, AI_CANONNAME, AI_PASSIVE, AI_V4MAPPED | AI_ALL,
		                    AI_ADDRCONFIG };
	static const int idn[] = { 0, AI_IDN, AI_CANONIDN, AI_IDN | AI_CANONIDN };

	for (size_t i = 0; i < COUNT(with) * COUNT(idn); i++)
		for (size_t f = 0; f < FAMILIES_KNOWN; f++)
			for (size_t t = 0; t < TYPES_FEW; t++)
				for (size_t s = 0; s < COUNT(few_services); s++)
					look_up_hints(name, few_services[s],
					              with[i / COUNT(idn)] | idn[i % COUNT(idn)],
					              families[f], types[t]);
}

static void configured(const char *name)
{
	for (size_t s = 0; s < COUNT(few_services); s++) {
		look_up(name, few_services[s], NULL);
		for (unsigned set = 0; set < FLAG_SETS_CONFIGURED; set++)
			for (size_t f = 0; f < FAMILIES_KNOWN; f++)
				for (size_t t = 0; t < TYPES_FEW; t++)
					look_up_hints(name, few_services[s],
					              flag_set(set) | AI_ADDRCONFIG, families[f],
					              types[t]);
	}
}

/* --- gethostbyname ---------------------------------------------------------------------------- */

static void print_hostent(const struct hostent *host)
{
	char text[INET6_ADDRSTRLEN];

	printf("%s type %d length %d aliases", host->h_name, host->h_addrtype, host->h_length);
	for (char **alias = host->h_aliases; *alias; alias++)
		printf(" %s", *alias);
	printf(" addresses ");
	for (char **address = host->h_addr_list; *address; address++)
		printf("%s%s", address == host->h_addr_list ? "" : "|",
		       inet_ntop(host->h_addrtype, *address, text, sizeof(text)));
}

static void print_static(const struct hostent *host, int h_error)
{
	printf(" = ");
	if (host)
		print_hostent(host);
	else
		printf("NULL h_errno %d", h_error);
	printf("\n");
}

static void by_name(const char *name, const int *family)
{
	const struct hostent *host = family ? gethostbyname2(name, *family) : gethostbyname(name);
	int h_error = h_errno;

	printf("gethostbyname%s ", family ? "2" : "");
	print_text(name);
	if (family)
		printf(" %d", *family);
	print_static(host, h_error);
}

struct reply {
	int error, saved, h_error;
	struct hostent host, *result;
	char *memory; /* what it points to, followed by a guard byte that must not change */
};

/* A buffer of exactly `size` bytes at an unaligned address, followed by a canary. */
static void ask(const char *name, const int *family, size_t size, char *memory, struct reply *reply)
{
	*reply = (struct reply){ .h_error = 4711, .result = &reply->host, .memory = memory + 1 };
	memset(memory, CANARY, size + 2);
	errno = 0;
	reply->error = family ? gethostbyname2_r(name, *family, &reply->host, reply->memory, size,
	                                         &reply->result, &reply->h_error)
	                      : gethostbyname_r(name, &reply->host, reply->memory, size,
	                                        &reply->result, &reply->h_error);
	reply->saved = errno;
	if (reply->memory[size] != CANARY)
		printf("OVERRUN at size %zu ", size);
}

static bool too_small(const struct reply *reply)
{
	return reply->error == ERANGE && reply->saved == ERANGE &&
	       reply->h_error == NETDB_INTERNAL && !reply->result;
}

static void print_reply(const struct reply *reply)
{
	if (reply->error)
		printf("%d errno %d h_errno %d", reply->error, reply->saved, reply->h_error);
	else if (!reply->result)
		printf("0 h_errno %d", reply->h_error);
	else
		print_hostent(reply->result);
	if (reply->result && (reply->error || reply->result->h_addr_list == NULL))
		printf(" and a result");
}

/*
 * Every size from 0 to one that suffices. The size that suffices may differ between
 * implementations; but all smaller ones must be refused, and all larger ones accepted.
 */
static void by_name_r(const char *name, const int *family)
{
	static _Alignas(16) char memory[SIZE_MAX_ASKED + 2];
	bool fitted = false;
	struct reply reply;

	printf("gethostbyname%s_r ", family ? "2" : "");
	print_text(name);
	if (family)
		printf(" %d", *family);
	printf(" = ");
	for (size_t size = 0; size < SIZE_MAX_ASKED; size += size < 600 ? 1 : 97) {
		ask(name, family, size, memory, &reply);
		if (fitted && too_small(&reply))
			printf("TOO SMALL AGAIN at size %zu ", size);
		if (size == 0 && !too_small(&reply))
			printf("FITS IN NOTHING ");
		fitted = !too_small(&reply);
	}
	ask(name, family, SIZE_MAX_ASKED, memory, &reply);
	print_reply(&reply);
	printf("\n");
}

static void hostent(const char *name)
{
	by_name(name, NULL);
	by_name_r(name, NULL);
	for (size_t f = 0; f < COUNT(families); f++) {
		/* glibc 2.36 aborts on it: an assertion in its reader of /etc/hosts. */
		if (families[f] == AF_UNSPEC)
			continue;
		by_name(name, &families[f]);
		by_name_r(name, &families[f]);
	}
}

/*
 * Each of the two functions has a static result of its own; a failed call sets h_errno, a
 * successful one does not.
 */
static void places(const char *name)
{
	const struct hostent *one, *two, *three;

	h_errno = 0;
	one = gethostbyname(name);
	two = gethostbyname2(name, AF_INET);
	printf("places of ");
	print_text(name);
	printf(" = %s, %s, ", one ? "found" : "NULL",
	       !two         ? "NULL"
	       : one == two ? "shared"
	                    : "own");
	three = gethostbyname(name);
	printf("%s", !three ? "NULL" : one == three ? "kept" : "another");
	print_static(two, h_errno);
}

/* --- main ------------------------------------------------------------------------------------- */

static const struct {
	const char *word;
	void (*run)(const char *name);
} parts[] = { { "flags", flags },           { "services", all_services },
	      { "configured", configured }, { "international", international },
	      { "hostent", hostent },       { "static", places } };

/* The first lookup attaches within a time limit, so a machine that stalls may need another one. */
static bool wait_found(const char *name)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME };
	struct addrinfo *list;

	for (int i = 0; i < WAIT_SECONDS * 10; i++) {
		if (getaddrinfo(name, NULL, &hints, &list) == 0) {
			freeaddrinfo(list);
			return true;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 100000000 }, NULL);
	}
	return false;
}

int main(int count, char **arguments)
{
	int option;

	setlocale(LC_CTYPE, "");
	while ((option = getopt(count, arguments, "w:")) != -1) {
		if (option != 'w' || !wait_found(optarg))
			return 1;
	}
	for (size_t i = 0; optind < count && i < COUNT(parts); i++)
		if (!strcmp(arguments[optind], parts[i].word))
			for (int name = optind + 1; name < count; name++)
				parts[i].run(!strcmp(arguments[name], "NULL") ? NULL
				                                              : arguments[name]);
	return fflush(stdout) == 0 ? 0 : 1;
}
