/*
 * cdn_lan: is there a cache for Steam's content in the local network? Then its name resolves to a private address, and it answers a heartbeat.
 * It is spoken to over plain HTTP, with the content server's own name as Host. Source: how lancache announces itself.
 */
#include "agent/content/cdn.h"
#include "agent/content/cdn_parts.h"
#include "base/log.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "wire/ip_block.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define PRIVATE   "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 127.0.0.0/8, fc00::/7, ::1"
#define HEARTBEAT "/lancache-heartbeat"
#define HEARD     "x-lancache-processed-by" /* the header of its answer */
#define ASK_MS    2000

static bool is_private(const struct addrinfo *a)
{
	struct ip_block_list blocks = { 0 };
	uint8_t at[IP_BLOCK_BYTES];
	char text[NI_MAXHOST];

	return ip_block_read(PRIVATE, &blocks, NULL) == RC_OK &&
	       getnameinfo(a->ai_addr, a->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) == 0 &&
	       ip_block_of_text(text, at) && ip_block_has(&blocks, at);
}

/* All of its addresses; `host` may have a port. */
static bool resolves_here(const char *host)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *all = NULL;
	char name[CDN_CHOICE_HOST];
	bool here = true;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(host, ":"), host);
	if (getaddrinfo(name, NULL, &want, &all) != 0)
		return false;
	for (const struct addrinfo *a = all; a && here; a = a->ai_next)
		here = is_private(a);
	here = here && all;
	freeaddrinfo(all);
	return here;
}

static bool beats(const char *host)
{
	struct http_answer answer = { 0 };
	char url[CDN_CHOICE_HOST + 64];

	snprintf(url, sizeof(url), "http://%s" HEARTBEAT, host);
	const struct http_ask ask = {
		.url = url, .body_max = 4096, .body_cut = true, .connect_ms = ASK_MS, .deadline_ms = ASK_MS
	};
	if (http_call(&ask, &answer, NULL) != RC_OK)
		return false;
	bool is = http_call_header_of(&answer, HEARD) != NULL;
	http_answer_done(&answer);
	return is;
}

void cdn_find_lan(struct cdn *c, char ret[static CDN_CHOICE_HOST])
{
	const char *host = c->conf.lan_host ? c->conf.lan_host : CDN_LAN_HOST;
	uint64_t now_ms = clock_mono_ms();

	lock_enter(&c->lock);
	bool look = now_ms >= c->lan_ms;
	if (look)
		c->lan_ms = now_ms + CDN_LAN_MS; /* others need not look as well */
	memcpy(ret, c->lan, CDN_CHOICE_HOST);
	lock_leave(&c->lock);
	if (!look)
		return;
	bool there = *host && strlen(host) < CDN_CHOICE_HOST && !c->conf.http_proxy && resolves_here(host) &&
		     beats(host);
	if (there != (*ret != 0))
		log_info(c->conf.log, "cache in the local network %s host=%s", there ? "found" : "gone", host);
	lock_enter(&c->lock);
	snprintf(c->lan, sizeof(c->lan), "%s", there ? host : "");
	memcpy(ret, c->lan, CDN_CHOICE_HOST);
	lock_leave(&c->lock);
}

bool cdn_is_cached(struct cdn *c)
{
	lock_enter(&c->lock);
	bool is = *c->lan != 0;
	lock_leave(&c->lock);
	return is;
}
