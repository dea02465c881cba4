/*
 * A program that looks up names through libc, for the system tests: one question per line on
 * standard input, one answer per line on standard output. It does not depend on the shim.
 *
 *   addrinfo NAME FAMILY FLAGS       getaddrinfo()      canonical name or -, an address per node
 *   addrinfo_a NAME FAMILY FLAGS     getaddrinfo_a()    the same
 *   host NAME                        gethostbyname()    canonical name, aliases or -, addresses
 *   host2 NAME FAMILY                gethostbyname2()   the same
 *   host_r NAME SIZE                 gethostbyname_r() with a buffer of SIZE bytes
 *   host2_r NAME FAMILY SIZE         gethostbyname2_r()
 *   process                          whether it runs with raised privileges, and its descriptors
 *
 * FAMILY is 0, 4 or 6. FLAGS: c AI_CANONNAME, m AI_V4MAPPED, a AI_ALL, d AI_ADDRCONFIG, - none.
 */
#include <arpa/inet.h>
#include <dirent.h>
#include <netdb.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#define WORDS_MAX 4
#define LINE_SIZE 4096

static char line[LINE_SIZE];

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
	size_t used = strlen(line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line + used, sizeof line - used, format, arguments);
	va_end(arguments);
}

static int family_of(const char *word)
{
	return *word == '4' ? AF_INET : *word == '6' ? AF_INET6 : AF_UNSPEC;
}

static int flags_of(const char *word)
{
	return (strchr(word, 'c') ? AI_CANONNAME : 0) | (strchr(word, 'm') ? AI_V4MAPPED : 0) |
	       (strchr(word, 'a') ? AI_ALL : 0) | (strchr(word, 'd') ? AI_ADDRCONFIG : 0);
}

/* --- getaddrinfo ------------------------------------------------------------------------------ */

static const char *error_word(int error)
{
	switch (error) {
	case EAI_AGAIN: return "EAI_AGAIN";
	case EAI_FAIL: return "EAI_FAIL";
	case EAI_NONAME: return "EAI_NONAME";
	case EAI_NODATA: return "EAI_NODATA";
	case EAI_MEMORY: return "EAI_MEMORY";
	case EAI_SYSTEM: return "EAI_SYSTEM";
	default: return "EAI_OTHER";
	}
}

static void say_node(const struct addrinfo *node)
{
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)node->ai_addr;
	const struct sockaddr_in *in = (const struct sockaddr_in *)node->ai_addr;
	const void *address = node->ai_family == AF_INET6 ? (const void *)&in6->sin6_addr
	                                                  : (const void *)&in->sin_addr;
	char text[INET6_ADDRSTRLEN];

	say(" %s", inet_ntop(node->ai_family, address, text, sizeof text) ? text : "?");
	if (node->ai_family == AF_INET6 && in6->sin6_scope_id)
		say("%%%u", (unsigned)in6->sin6_scope_id);
}

static void say_list(int error, struct addrinfo *list)
{
	if (error) {
		say("%s", error_word(error));
		return;
	}
	say("%s", list->ai_canonname ? list->ai_canonname : "-");
	for (const struct addrinfo *node = list; node; node = node->ai_next)
		say_node(node);
	freeaddrinfo(list);
}

static struct addrinfo hints_of(char **words)
{
	return (struct addrinfo){ .ai_family = family_of(words[2]),
		                  .ai_flags = flags_of(words[3]),
		                  .ai_socktype = SOCK_STREAM };
}

static void ask_addrinfo(char **words)
{
	struct addrinfo hints = hints_of(words), *list = NULL;
	int error = getaddrinfo(words[1], "80", &hints, &list);

	say_list(error, list);
}

static void ask_addrinfo_a(char **words)
{
	struct addrinfo hints = hints_of(words);
	struct gaicb request = { .ar_name = words[1], .ar_service = "80", .ar_request = &hints };
	struct gaicb *requests[] = { &request };
	int error = getaddrinfo_a(GAI_WAIT, requests, 1, NULL);

	if (!error)
		error = gai_error(&request);
	say_list(error, request.ar_result);
}

/* --- gethostbyname ---------------------------------------------------------------------------- */

static const char *h_error_word(int error)
{
	switch (error) {
	case NETDB_INTERNAL: return "NETDB_INTERNAL";
	case HOST_NOT_FOUND: return "HOST_NOT_FOUND";
	case TRY_AGAIN: return "TRY_AGAIN";
	case NO_RECOVERY: return "NO_RECOVERY";
	case NO_DATA: return "NO_DATA";
	default: return "h_errno";
	}
}

static void say_host(const struct hostent *host, int h_error)
{
	char text[INET6_ADDRSTRLEN];

	if (!host) {
		say("%s", h_error_word(h_error));
		return;
	}
	say("%s ", host->h_name);
	for (char **alias = host->h_aliases; *alias; alias++)
		say("%s%s", alias == host->h_aliases ? "" : ",", *alias);
	if (!*host->h_aliases)
		say("-");
	for (char **address = host->h_addr_list; *address; address++)
		say(" %s", inet_ntop(host->h_addrtype, *address, text, sizeof text) ? text : "?");
}

static void ask_host(char **words)
{
	const struct hostent *host = gethostbyname(words[1]);

	say_host(host, h_errno);
}

static void ask_host2(char **words)
{
	const struct hostent *host = gethostbyname2(words[1], family_of(words[2]));

	say_host(host, h_errno);
}

static void say_host_r(int error, const struct hostent *host, int h_error)
{
	say("%d ", error);
	say_host(host, h_error);
}

static void ask_host_r(char **words)
{
	size_t size = strtoul(words[2], NULL, 10);
	struct hostent room, *host = NULL;
	char *buffer = malloc(size + 1);
	int h_error = 0, error = gethostbyname_r(words[1], &room, buffer, size, &host, &h_error);

	say_host_r(error, host, h_error);
	free(buffer);
}

static void ask_host2_r(char **words)
{
	size_t size = strtoul(words[3], NULL, 10);
	struct hostent room, *host = NULL;
	char *buffer = malloc(size + 1);
	int h_error = 0, error = gethostbyname2_r(words[1], family_of(words[2]), &room, buffer,
	                                          size, &host, &h_error);

	say_host_r(error, host, h_error);
	free(buffer);
}

/* --- the process ------------------------------------------------------------------------------ */

static void ask_process(char **words)
{
	DIR *folder = opendir("/proc/self/fd");
	const struct dirent *entry;

	(void)words;
	say("secure=%lu descriptors=", getauxval(AT_SECURE));
	while (folder && (entry = readdir(folder)))
		if (*entry->d_name != '.' && atoi(entry->d_name) != dirfd(folder))
			say("%s,", entry->d_name);
	if (folder)
		closedir(folder);
}

static const struct {
	const char *word;
	int arguments;
	void (*ask)(char **words);
} questions[] = {
	{ "addrinfo", 3, ask_addrinfo }, { "addrinfo_a", 3, ask_addrinfo_a },
	{ "host", 1, ask_host },         { "host2", 2, ask_host2 },
	{ "host_r", 2, ask_host_r },     { "host2_r", 3, ask_host2_r },
	{ "process", 0, ask_process },
};

static void answer(char *question)
{
	char *words[WORDS_MAX + 1] = { NULL };
	int count = 0;

	for (char *word = strtok(question, " \n"); word && count < WORDS_MAX;
	     word = strtok(NULL, " \n"))
		words[count++] = word;
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++)
		if (count == questions[i].arguments + 1 && strcmp(words[0], questions[i].word) == 0)
			questions[i].ask(words);
}

int main(void)
{
	char question[LINE_SIZE];

	while (fgets(question, sizeof question, stdin)) {
		line[0] = '\0';
		answer(question);
		printf("%s\n", line);
		fflush(stdout);
	}
	return 0;
}
