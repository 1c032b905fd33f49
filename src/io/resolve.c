#include "io/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define RESOLVE_THREADS     2
#define RESOLVE_WAITING_MAX 4096

static void answer(struct loop_job *job)
{
	struct resolve *r = list_of(job, struct resolve, answer);
	r->done(r);
}

static void add(struct resolve *r, const struct addrinfo *a)
{
	char text[RESOLVE_ADDRESS_MAX];

	if (r->addresses_n == RESOLVE_ADDRESSES_MAX ||
		getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
		return;
	for (size_t i = 0; i < r->addresses_n; i++)
		if (!strcmp(r->addresses[i], text))
			return;
	memcpy(r->addresses[r->addresses_n++], text, sizeof(text));
}

/* On a thread of the resolver's. */
static void ask(void *worker, struct pool_job **jobs, size_t n)
{
	(void)worker;
	for (size_t i = 0; i < n; i++) {
		struct resolve *r = list_of(jobs[i], struct resolve, ask);
		struct addrinfo want = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG }, *found = NULL;
		int e = getaddrinfo(r->host, NULL, &want, &found);

		for (struct addrinfo *a = found; a; a = a->ai_next)
			add(r, a);
		if (e)
			r->why = gai_strerror(e);
		else
			freeaddrinfo(found);
		loop_post(r->loop, &r->answer);
	}
}

static enum rc need_pool(struct pool **p, struct fault *f)
{
	struct pool_conf conf = { .name = "resolve",
		.threads = RESOLVE_THREADS,
		.batch_max = 1,
		.queue_max = RESOLVE_WAITING_MAX,
		.run = ask };
	return *p ? RC_OK : pool_new(&conf, p, f);
}

enum rc resolve_start(
	struct loop *l, struct resolve *r, const char *host, void (*done)(struct resolve *r), struct fault *f)
{
	struct in6_addr a;

	*r = (struct resolve){ .answer.run = answer, .loop = l, .done = done, .why = "the name has no address" };
	if (strlen(host) >= sizeof(r->host))
		return fault_set(
			f, RC_INVALID, "the host's name is longer than %d characters", RESOLVE_HOST_MAX - 1);
	snprintf(r->host, sizeof(r->host), "%s", host);
	if (inet_pton(AF_INET, host, &a) == 1 || inet_pton(AF_INET6, host, &a) == 1) {
		snprintf(r->addresses[0], sizeof(r->addresses[0]), "%s", host);
		r->addresses_n = 1;
		loop_post(l, &r->answer);
		return RC_OK;
	}
	enum rc rc = need_pool(loop_lws_resolvers(l), f);
	if (rc == RC_OK && pool_push(*loop_lws_resolvers(l), &r->ask) != RC_OK)
		rc = fault_set(f, RC_OVERLOADED, "too many names wait to be looked up");
	return rc;
}
