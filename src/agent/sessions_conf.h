/* sessions_conf: what the agent's Steam sessions are told at the start. */
#pragma once

#include <stdint.h>

#define SESSIONS_MAX     10000  /* accounts; egress limits bite far earlier */
#define SESSIONS_LIST_MS 600000 /* between two looks at Steam's directory */
#define SESSIONS_ID_MAX  65

struct identity;
struct lanes;
struct log;
struct loop;
struct pool;
struct reports;
struct sessions;

struct sessions_conf {
	struct loop *loop;
	const struct log *log;
	struct pool *errands; /* runs struct errand */
	struct lanes *lanes;
	struct reports *reports;
	const struct identity *identity;                             /* known before the first BOT comes */
	const char *directory_url;                                   /* without a query */
	const char *api_url, *community_url, *store_url, *login_url; /* each without a slash at its end */
	const char *public_key; /* of Steam's servers over TCP, PEM; NULL: Steam's own */
	const char *ca_file;    /* NULL: the system's alone */
	const char *http_proxy; /* of accounts without an egress; [USER:PASSWORD@]HOST:PORT; NULL: none */
	int transport;          /* enum directory_transport */
	/* Between two requests for whole product infos, twice that for metadata; 0: no limit. */
	uint32_t pics_interval_ms;
};

/* Where Steam's web is, each without a slash at its end. Any thread. */
struct sessions_urls {
	const char *api, *community, *store, *login;
	const char *ca_file; /* NULL: the system's alone */
};
const struct sessions_urls *sessions_urls(const struct sessions *ss);
