/*
 * sim: one simulated Steam: its world, its faults, and the ledger of what was asked of it. Everything that answers requests
 * borrows it. One thread, no socket. What waits goes by the time that is its argument; what is written down goes by sim_time.
 */
#pragma once

#include "base/log.h"
#include "sim/faults.h"
#include "sim/people.h"
#include "sim/world.h"

#define SIM_VISITS_MAX  1000   /* addresses whose visits are counted; more share one count */
#define SIM_LOGONS_MAX  100000 /* remembered attempts; older ones are forgotten */
#define SIM_CDN_MAX     20     /* content servers */
#define SIM_REDEEMS_MAX 262144 /* remembered tries of keys; later ones are not */

struct ledger {
	uint64_t requests[REQUEST_COUNT];
	uint64_t product_ids; /* ids in product info requests */
	uint64_t logons_ok, logons_refused;
	uint64_t connections;    /* since the start */
	uint64_t kicked;         /* closed by us: silent, or a fault */
	uint64_t malformed;      /* messages that could not be read */
	unsigned open, sessions; /* now: connections, and those that are logged on */
};

/* One try to log on: with a password ("auth"), or at a connection manager ("cm"). */
struct logon {
	int64_t at_ms; /* sim_time_ms */
	char name[PEOPLE_TEXT], ip[48], kind[8];
	int32_t eresult;
};

/* A product key that was tried. */
struct redeem_try {
	int64_t at_ms; /* sim_time_ms */
	char name[PEOPLE_TEXT], key[32];
	int32_t eresult, detail;
};

/* How often something may be done; 0: without a limit. */
struct sim_limits {
	uint32_t login_failures;   /* of one address within login_window_s: then 84 */
	uint32_t account_failures; /* of one account within login_window_s: then 87 */
	uint32_t login_window_s;
	uint32_t redeem_failures; /* of an account in an hour: then RateLimited */
	uint32_t free_licences;   /* of an account in 90 minutes: more are not granted */
};

struct auth;
struct held;
struct tokens;
struct chat;
struct library;
struct workshop;
struct cdn;
struct cm_zip;
struct econ;
struct epic_shop;
struct gog_shop;

/* How often an address has asked for something of which it may ask so much and no more. sim/web/visit's. */
struct visit_count {
	char ip[48];
	unsigned kind;
	uint32_t n;
	int64_t since;
};

struct visits {
	struct visit_count at[SIM_VISITS_MAX];
	size_t n;
};

struct sim {
	struct world world;
	struct people people;
	struct econ *econ; /* the items, and who trades them */
	struct visits visits;
	struct auth *auth;         /* sim/auth.c's */
	struct held *held;         /* sim/held.c's */
	struct tokens *tokens;     /* sim/tokens.c's */
	struct chat *chat;         /* sim/chat.c's */
	struct library *library;   /* sim/library.c's */
	struct workshop *workshop; /* sim/workshop.c's */
	struct cdn *cdn;           /* sim/cdn's: depots */
	struct cm_zip *zip;        /* sim/cm/cm_zip's; made when it is needed */
	struct epic_shop *epic;    /* sim/stores': Epic's store */
	struct gog_shop *gog;
	char cdn_hosts[SIM_CDN_MAX][80]; /* "127.0.0.1:8080" of each content server */
	unsigned cdn_hosts_n;
	bool lancache; /* they are caches of a local network: they answer its heartbeat, and tell what they had */
	struct sim_limits limits;
	int64_t clock_offset_ms;  /* of this Steam's time against the machine's */
	int64_t (*wall_ms)(void); /* NULL: the machine's clock */
	uint32_t poll_ms;         /* how often those who wait for a logon shall ask; 0: 5000 */
	struct logon *logons;
	size_t logons_n, logons_room;
	struct redeem_try *redeems; /* sim/redeem.c's */
	size_t redeems_n, redeems_room;
	struct faults faults;
	struct ledger ledger;
	const struct log *log;
	uint32_t heartbeat_s; /* what a logon is told */
	uint32_t cell_id;
	uint32_t part_bytes;   /* a product info answer is cut into parts of about so many bytes */
	uint32_t last_conn;    /* number of the newest connection, for the log */
	uint32_t last_session; /* number of the newest session */
};

/* Steam's time: since 1970. */
int64_t sim_time_ms(const struct sim *s);
int64_t sim_time(const struct sim *s);

/* Remembers a try to log on, and counts it. */
void sim_logon(struct sim *s, const char *kind, const char *name, const char *ip, int32_t eresult);

/* Counts a request and says what shall happen to it. */
struct effect sim_count(struct sim *s, enum request r);
/* The same at one of several servers, from 1: rules of other servers do not fit. */
struct effect sim_count_at(struct sim *s, enum request r, uint32_t server);

/* Appends the ledger as JSON: counts of each request, of each product that was asked for, and the rules with their hits. */
void sim_ledger(const struct sim *s, struct buf *to);

/* Forgets what was counted; open connections and sessions stay. */
void sim_forget(struct sim *s);

/* Changes products as a line of a query says: apps=440,480&packages=0&what=build. */
must_check enum rc sim_change(struct sim *s, const char *query, struct fault *f);

/* What connection managers keep from one answer to the next is given up (sim/cm). */
void cm_forget(struct sim *s);

/* The stores beside Steam (sim/stores). A line of a world file: RC_MISSING when it is none of theirs. */
must_check enum rc sim_shops_new(struct sim *s, struct fault *f);
must_check enum rc sim_shops_line(struct sim *s, const char *line, struct fault *f);
void sim_shops_done(struct sim *s);
