/*
 * A plain program for any C library, compiler and tool: calls every function for every name, prints
 * the results, and frees each list, once as a whole and once in two parts.
 *
 * plain [-w ADDRESS] NAME ...    -w: first looks up the first NAME until it has that address,
 *                                for at most a minute
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *text_of(int family, const void *address)
{
	static char text[INET6_ADDRSTRLEN];

	return inet_ntop(family, address, text, sizeof(text)) ? text : "?";
}

static void say_list(const struct addrinfo *list)
{
	for (const struct addrinfo *at = list; at; at = at->ai_next) {
		const void *address =
		        at->ai_family == AF_INET
		                ? (const void *)&((const struct sockaddr_in *)at->ai_addr)->sin_addr
		                : (const void *)&((const struct sockaddr_in6 *)at->ai_addr)
		                          ->sin6_addr;

		printf(" %s/%d/%d/%x/%s", text_of(at->ai_family, address), at->ai_socktype,
		       at->ai_protocol, (unsigned)at->ai_flags,
		       at->ai_canonname ? at->ai_canonname : "-");
	}
}

static void free_in_two(struct addrinfo *list)
{
	struct addrinfo *rest = list->ai_next;

	list->ai_next = NULL;
	if (rest)
		freeaddrinfo(rest);
	freeaddrinfo(list);
}

static void ask_addrinfo(const char *name, const struct addrinfo *hints, const char *service,
                         void (*release)(struct addrinfo *))
{
	struct addrinfo *list = NULL;
	int error = getaddrinfo(name, service, hints, &list);

	printf("getaddrinfo %s: %d", name, error);
	if (!error) {
		say_list(list);
		release(list);
	}
	putchar('\n');
}

static void say_host(const char *function, const char *name, const struct hostent *host)
{
	printf("%s %s:", function, name);
	if (host)
		printf(" %s", host->h_name);
	for (char **alias = host ? host->h_aliases : NULL; alias && *alias; alias++)
		printf(" (%s)", *alias);
	for (char **address = host ? host->h_addr_list : NULL; address && *address; address++)
		printf(" %s", text_of(host->h_addrtype, *address));
	putchar('\n');
}

static void ask_host_r(const char *name, size_t size)
{
	struct hostent room, *host = NULL;
	int h_error = 0, error;
	char *buffer = malloc(size);

	error = gethostbyname_r(name, &room, buffer, size, &host, &h_error);
	say_host(error ? "gethostbyname_r failed" : "gethostbyname_r", name, host);
	error = gethostbyname2_r(name, AF_INET6, &room, buffer, size, &host, &h_error);
	say_host(error ? "gethostbyname2_r failed" : "gethostbyname2_r", name, host);
	free(buffer);
}

static void ask(const char *name)
{
	static const int families[] = { AF_UNSPEC, AF_INET, AF_INET6 };
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };

	ask_addrinfo(name, NULL, NULL, freeaddrinfo);
	ask_addrinfo(name, NULL, "80", free_in_two);
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		hints.ai_family = families[i];
		hints.ai_flags = i == 2 ? AI_V4MAPPED | AI_ALL : AI_CANONNAME;
		ask_addrinfo(name, &hints, "80", freeaddrinfo);
		ask_addrinfo(name, &hints, NULL, free_in_two);
	}
	say_host("gethostbyname", name, gethostbyname(name));
	say_host("gethostbyname2", name, gethostbyname2(name, AF_INET6));
	ask_host_r(name, 8);
	ask_host_r(name, 1024);
}

static int wait_for(const char *name, const char *address)
{
	for (int i = 0; i < 6000; i++) {
		const struct hostent *host = gethostbyname(name);

		if (host && strcmp(text_of(host->h_addrtype, host->h_addr_list[0]), address) == 0)
			return 1;
		usleep(10000);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int first = 1;

	if (argc > 3 && strcmp(argv[1], "-w") == 0) {
		first = 3;
		if (!wait_for(argv[3], argv[2])) {
			printf("%s never was %s\n", argv[3], argv[2]);
			return 1;
		}
	}
	for (int i = first; i < argc; i++)
		ask(argv[i]);
	return 0;
}
