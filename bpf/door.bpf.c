/*
 * Runs at every connect() of a process in a door's cgroup. If the destination is in `door_answers`,
 * it becomes the place that is found there; everything else stays as it is. The program never
 * refuses a connection.
 *
 * Only TCP: libc connects datagram sockets in order to sort addresses, and must see those as they
 * are. The family stays: the helper maps IPv4 to IPv4 and IPv6 to IPv6 only.
 */
#include <stdbool.h>

#include <linux/bpf.h>
#include <linux/in.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "shunt/door.h"

#define ALLOW 1
#define SOCK_STREAM 1 /* linux/net.h is not for programs */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, SHUNT_DOOR_MAP_MAX);
	__type(key, struct shunt_door_place);
	__type(value, struct shunt_door_place);
} door_answers SEC(".maps");

/* The number of rewritten connects, for each processor. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} door_rewritten SEC(".maps");

static __always_inline bool is_tcp(const struct bpf_sock_addr *context)
{
	return context->type == SOCK_STREAM && context->protocol == IPPROTO_TCP;
}

static __always_inline void count(void)
{
	__u32 first = 0;
	__u64 *rewritten = bpf_map_lookup_elem(&door_rewritten, &first);

	if (rewritten)
		(*rewritten)++;
}

static __always_inline void put_word(struct shunt_door_place *place, unsigned word, __u32 value)
{
	__builtin_memcpy(&place->address[4 * word], &value, sizeof(value));
}

static __always_inline __u32 get_word(const struct shunt_door_place *place, unsigned word)
{
	__u32 value;

	__builtin_memcpy(&value, &place->address[4 * word], sizeof(value));
	return value;
}

SEC("cgroup/connect4")
int door_connect4(struct bpf_sock_addr *context)
{
	struct shunt_door_place asked = { .port = (__u16)context->user_port };
	const struct shunt_door_place *answer;

	if (!is_tcp(context))
		return ALLOW;
	put_word(&asked, 2, bpf_htonl(0xffff));
	put_word(&asked, 3, context->user_ip4);
	answer = bpf_map_lookup_elem(&door_answers, &asked);
	if (!answer)
		return ALLOW;
	context->user_ip4 = get_word(answer, 3);
	context->user_port = answer->port;
	count();
	return ALLOW;
}

SEC("cgroup/connect6")
int door_connect6(struct bpf_sock_addr *context)
{
	struct shunt_door_place asked = { .port = (__u16)context->user_port };
	const struct shunt_door_place *answer;

	if (!is_tcp(context))
		return ALLOW;
	put_word(&asked, 0, context->user_ip6[0]);
	put_word(&asked, 1, context->user_ip6[1]);
	put_word(&asked, 2, context->user_ip6[2]);
	put_word(&asked, 3, context->user_ip6[3]);
	answer = bpf_map_lookup_elem(&door_answers, &asked);
	if (!answer)
		return ALLOW;
	context->user_ip6[0] = get_word(answer, 0);
	context->user_ip6[1] = get_word(answer, 1);
	context->user_ip6[2] = get_word(answer, 2);
	context->user_ip6[3] = get_word(answer, 3);
	context->user_port = answer->port;
	count();
	return ALLOW;
}

/* For the kernel; the program calls no helper that asks for the GPL. */
char door_license[] SEC("license") = "MIT";
