/*
 * pg: a PostgreSQL server of the test's own: in a temporary folder, with fsync on, as a child of the test that ends with it. Its unix socket lies
 * in the folder (no password), its TCP port is a free one of 127.0.0.1 (with a password). When there is no PostgreSQL on the machine
 * the test fails and says what to install. $PG_BIN: where its programs are, if not in /usr/lib/postgresql/VERSION/bin.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#define PG_PASSWORD "p@ss/word" /* in a URL: p%40ss%2Fword */

struct pg {
	char dir[64];
	char url[160];     /* over the unix socket */
	char tcp_url[160]; /* over TCP */
	uint16_t port;
	pid_t pid; /* 0: it does not run */
};

/* Makes the database cluster at the first call, starts the server and waits until it takes connections. `more`: options of
 * `postgres`, ends in NULL; may be NULL. */
void pg_start(struct pg *p, const char *const *more);
void pg_stop(struct pg *p);  /* connections are ended; what was committed is written */
void pg_kill9(struct pg *p); /* the server and all of its processes, at once */
void pg_pause(struct pg *p); /* all of its processes stand still, and nothing is closed */
void pg_resume(struct pg *p);
void pg_done(struct pg *p); /* stops it and removes the folder */
