/*
 * net: connections between machines, as messages in order (what TLS over TCP gives). A link may be slow, or blocked one way
 * or both: then messages wait and are tried again, as TCP does, until the sender gives up. A connection may be reset, at both
 * ends or, half open, at one. Nothing is ever changed or put out of order within a connection: TLS would not have it.
 *
 * An end that belongs to a loop gets its news as the loop's turns come; one without gets them as events.
 */
#pragma once

#include "base/buf.h"
#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_MACHINES   16
#define NET_FIELDS_MAX 20
#define NET_BUFFER     65536 /* bytes on the way that count as sent */

struct loop;
struct machine;
struct net_end;

enum net_kind { NET_ASK, NET_OPEN, NET_REPLY, NET_BYTES, NET_SHUT };

/* A message. Made by net_note_new, given away by net_send and net_dial. */
struct net_note {
	struct net_note *next;
	uint64_t at_us;
	enum net_kind kind;
	int code; /* REPLY: status; SHUT: close code */
	bool binary, upgrade;
	char *method, *path, *query, *text; /* ASK; text: protocols, or why a SHUT comes */
	struct {
		char *name, *value;
	} fields[NET_FIELDS_MAX];
	size_t fields_n;
	struct buf body;
};

struct net_on {
	void *ctx;
	void (*got)(void *ctx, struct net_end *e, const struct net_note *n); /* a SHUT is the last */
	void (*drained)(void *ctx, struct net_end *e);                       /* all that was sent is on its way */
	void (*lost)(void *ctx, struct net_end *e, const char *why);         /* nothing comes after it */
};

struct net_end {
	struct list node; /* machine.ends; of none when it is gone */
	struct machine *m;
	struct net_end *other;
	struct loop *loop;
	struct net_on on;
	bool gone; /* nothing is told here any more */
	bool pumped, draining;
	struct net_note *first, **last; /* on the way to the other */
	uint64_t last_us, stuck_us;
	size_t flying;
};

struct net_note *net_note_new(enum net_kind kind);
void net_note_free(struct net_note *n);
void net_note_field(struct net_note *n, const char *name, const char *value);
const char *net_note_get(const struct net_note *n, const char *name); /* name in lower case; NULL: not there */

/* Connects and sends the first message. `lost` comes when nobody answers, never before this returns. */
struct net_end *net_dial(
	struct machine *from, const char *host, struct net_note *take_ask, struct loop *l, const struct net_on *on);
void net_send(struct net_end *e, struct net_note *take_note);
size_t net_queued(const struct net_end *e); /* bytes that the other end's buffers do not take */
void net_close(struct net_end *e); /* after what was sent; the other hears of it by what was sent, or by a reset */
void net_abort(struct net_end *e); /* at once */

/* A server: `come` gets each new connection with its first message. */
struct net_door {
	struct loop *loop;
	void *ctx;
	void (*come)(void *ctx, struct net_end *e, const struct net_note *ask);
};

void net_machine(struct machine *m); /* makes it known by its name */
void net_machine_gone(struct machine *m, bool power);

/* ---- faults ---- */
void net_block(const struct machine *from, const struct machine *to, bool blocked);
void net_slow(const struct machine *a, const struct machine *b, uint64_t least_us, uint64_t most_us);
void net_cut_one(void);    /* a connection, drawn from the seed */
void net_mend(void);       /* all links are as at first */
extern unsigned net_twins; /* per mille of requests that come twice */
