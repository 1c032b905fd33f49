/*
 * steam_session: a session with Steam, anonymous or of an account, without its socket and without a clock.
 *
 *      socket --> steam_session_opened, _feed, _closed --+                 +--> steam_session_next --> CONNECT, SEND, CLOSE,
 *      time   --> steam_session_tick --------------------+--> the machine -+                           STATE, ANSWER, PUSH
 *      asks   --> steam_session_ask ---------------------+                 +--> steam_session_due  --> when to tick again
 *
 * The caller (one thread) connects to wss://ENDPOINT/cmsocket/ when told CONNECT, hands in every whole binary message, and
 * takes out acts until there is none after each call of any function here. Each connection has a number: what the caller says
 * about a number that is no longer the session's is ignored, so late events of an old socket do no harm.
 *
 * A session of an account (conf.account) stops at GREETED: services may be asked there before the logon (flow/steam_auth), and
 * steam_session_logon goes on. With conf.once it does not come back by itself: any end is OFF, and its owner starts it again.
 *
 * The session logs on, says its heartbeats, comes back by itself after any loss (another server, back-off of 1 s doubling to
 * 60 s with full jitter), and finds out about a connection that is dead but open: after STEAM_SESSION_SILENT heartbeats
 * without a byte it asks Steam something, and drops the connection when one more brings nothing.
 *
 * Calls (flow/steam_call) are taken while ONLINE, and those of services while GREETED. Each ends in one ANSWER, at its deadline at the latest; those under way
 * when the connection goes end in RC_AWAY "connection lost".
 *
 * An idle session takes about 600 bytes. Source: steam-protocol facts 1.2 to 1.5.
 */
#pragma once

#include "base/fault.h"
#include "base/own.h"
#include "flow/steam_call.h"
#include "flow/steam_cms.h"

#include <stdbool.h>
#include <stdint.h>

#define STEAM_SESSION_MESSAGE_MAX (64u << 20) /* memory to read one message in, unfolded Multi included */
#define STEAM_SESSION_CONNECT_MS  15000u      /* a socket must open within */
#define STEAM_SESSION_LOGON_MS    10000u      /* the logon must be answered within */
#define STEAM_SESSION_LEAVE_MS    2000u       /* a logoff is waited for */
#define STEAM_SESSION_GREETED_MS  330000u /* the longest time from the hello to the logon: a challenge and a bit */
#define STEAM_SESSION_SILENT      2       /* heartbeats without a byte, then it probes */
#define STEAM_SESSION_PROBE_MS    5000u   /* the least time for the answer */
#define STEAM_SESSION_STEADY_MS   60000u  /* online for so long: the back-off begins anew */
#define STEAM_SESSION_BACK_MS     1000u
#define STEAM_SESSION_BACK_MAX_MS 60000u
#define STEAM_SESSION_EMPTY_MS    5000u /* how often a session without any known server looks again */
#define STEAM_SESSION_WHY_MAX     128

struct steam_session;
struct steam_logon_as;

enum steam_session_state {
	STEAM_SESSION_OFF,        /* nobody wants it */
	STEAM_SESSION_WAITING,    /* for the moment of the next try */
	STEAM_SESSION_CONNECTING, /* the socket is being opened */
	STEAM_SESSION_GREETED,    /* conf.account: the hello is said, the logon is not */
	STEAM_SESSION_LOGON,      /* for the answer to its logon */
	STEAM_SESSION_ONLINE,
	STEAM_SESSION_LEAVING, /* for the answer to its logoff */
	STEAM_SESSION_REFUSED, /* Steam will not have it: rests until it is started again */
	STEAM_SESSION_STATES,
};

enum steam_session_act_kind {
	STEAM_SESSION_CONNECT, /* open a socket to `endpoint`; it will be connection `conn` */
	STEAM_SESSION_SEND,    /* one binary message on connection `conn` */
	STEAM_SESSION_CLOSE,   /* close connection `conn`, open or opening; nothing about it is asked any more */
	STEAM_SESSION_STATE,   /* it is now in `state`; passing ones may be skipped */
	STEAM_SESSION_ANSWER,  /* a call ended; it is yours now (steam_call_free) */
	STEAM_SESSION_PUSH, /* conf.account: Steam told something unasked: `emsg`, `p`, `n`, `method` of a service or NULL */
};

/* Texts and bytes are borrowed until the next call for this session. */
struct steam_session_act {
	enum steam_session_act_kind kind;
	uint32_t conn;
	const char *endpoint;
	bool tcp; /* of CONNECT: the endpoint is one for flow/steam_channel */
	uint32_t emsg;
	const char *method;
	const uint8_t *p;
	size_t n;
	enum steam_session_state state;
	const char *why; /* of a STATE: why it left the one before; "" when it was asked to */
	int32_t eresult; /* of a STATE: Steam's result, when it gave one; else 0 */
	struct steam_call *call;
};

struct steam_session_conf {
	struct steam_cms *keep_cms; /* must outlive the session */
	uint64_t seed;              /* of its jitter and choices; a different one for each session */
	uint32_t cell_id;           /* 0: unknown */
	uint32_t login_id;          /* tells sessions of one address apart */
	uint32_t logon_gap_ms;      /* between the starts of two logons; 0: none */
	bool account;               /* no anonymous session; see above */
	bool once;                  /* see above */
};

const char *steam_session_state_name(enum steam_session_state state); /* "online" */

must_check enum rc steam_session_new(
	const struct steam_session_conf *conf, struct steam_session **ret_session, struct fault *f);
void steam_session_free(struct steam_session *s); /* with all its calls, unanswered */
OWN_DEFINE(steam_session)

void steam_session_start(struct steam_session *s, uint64_t now_ms); /* from OFF or REFUSED; else nothing */
void steam_session_stop(
	struct steam_session *s, uint64_t now_ms); /* logs off, then OFF; calls end in RC_CANCELED */

void steam_session_opened(struct steam_session *s, uint64_t now_ms, uint32_t conn);
void steam_session_logon(
	struct steam_session *s, uint64_t now_ms, const struct steam_logon_as *as); /* when GREETED */
void steam_session_feed(
	struct steam_session *s, uint64_t now_ms, uint32_t conn, const void *p, size_t n); /* one message */
void steam_session_closed(struct steam_session *s, uint64_t now_ms, uint32_t conn, const char *why);

void steam_session_tick(struct steam_session *s, uint64_t now_ms);
uint64_t steam_session_due(const struct steam_session *s); /* UINT64_MAX: never */
bool steam_session_next(struct steam_session *s, struct steam_session_act *ret_act);

/* RC_AWAY when not online, RC_OVERLOADED past STEAM_CALLS_MAX, RC_INVALID for a senseless ask. The number is in the
 * call that ANSWER gives. */
must_check enum rc steam_session_ask(
	struct steam_session *s, uint64_t now_ms, const struct steam_ask *ask, uint64_t *ret_call, struct fault *f);

enum steam_session_state steam_session_state(const struct steam_session *s);
unsigned steam_session_calls(const struct steam_session *s);   /* under way */
uint64_t steam_session_steamid(const struct steam_session *s); /* 0 unless online */
