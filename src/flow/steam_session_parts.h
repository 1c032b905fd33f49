/*
 * steam_session_parts: what the files of steam_session share, and nobody else. It stands on what flow/steam_session.h declares, which is included
 * before it.
 */
#pragma once

#include "base/rd.h"
#include "flow/steam_calls.h"
#include "flow/steam_dice.h"

struct steam_session {
	struct steam_session_conf conf;
	struct steam_dice dice;
	enum steam_session_state state;
	uint64_t since_ms; /* when it came to this state */
	uint64_t wake_ms;  /* when this state is over; UINT64_MAX: it lasts */
	unsigned failures; /* in a row: the exponent of the back-off */
	bool logged_on;    /* logon_ms holds */
	uint64_t logon_ms; /* when the last logon was begun */

	uint32_t conn; /* the number of the connection; a new one with every CONNECT */
	bool has_conn; /* it is open or opening */
	char endpoint[STEAM_CMS_NAME_MAX];
	uint64_t steamid;
	int32_t id; /* Steam's number of the session */
	uint32_t beat_pace_ms;
	uint64_t beat_ms, heard_ms;   /* when it last said a heartbeat, heard anything */
	uint64_t probe_job, probe_ms; /* 0: it does not probe */

	struct steam_calls calls;

	struct buf out; /* u32 length and message, as in a Multi */
	size_t out_at;
	struct buf
		pushes; /* u32 message, u32 length of the method with its NUL or 0, u32 length of the body, both */
	size_t pushes_at;
	uint32_t close_conn;
	bool say_connect, say_close, say_state;
	int32_t eresult;
	char why[STEAM_SESSION_WHY_MAX];
};

/* Why the next move is made. */
void steam_session_because(struct steam_session *s, int32_t eresult, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Leaves the connection and waits its time, or is off; `close` when the socket is still there. */
void steam_session_lose(struct steam_session *s, uint64_t now_ms, bool close);

/* Leaves the connection; what follows is the caller's. */
void steam_session_part(struct steam_session *s, uint64_t now_ms, bool close);

void steam_session_move(struct steam_session *s, uint64_t now_ms, enum steam_session_state to, uint64_t wake_ms);

/* Steam will not have the session, by a result of a logon, or of a logoff that nobody asked for. */
void steam_session_turned_away(struct steam_session *s, uint64_t now_ms, bool was_on, int32_t eresult);

struct steam_calls_line steam_session_line(struct steam_session *s);

/* One message came, whole. RC_MALFORMED, RC_TOO_LARGE: the connection cannot be trusted any more. */
must_check enum rc steam_session_hear(
	struct steam_session *s, uint64_t now_ms, struct rd bytes, struct arena *a, struct fault *f);
