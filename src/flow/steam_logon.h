/*
 * steam_logon: what a session says to be and stay online, and what Steam's result of a logon, or of being logged off, means for
 * the next try. Source: steam-protocol facts 1.5 and 7.
 */
#pragma once

#include "base/buf.h"
#include "base/hush.h"

#include <stdint.h>

#define STEAM_LOGON_PROTOCOL 65580
#define STEAM_LOGON_THROTTLED_MS \
	1500000u /* Steam lifts its limit after 20 to 30 minutes; a try before that begins it anew */

#define STEAM_LOGON_REPLACED_MS 300000u /* somebody else is at it: not at once again */

/* What to do after this result. */
enum steam_logon_next {
	STEAM_LOGON_DONE,
	STEAM_LOGON_OTHER_CM,  /* this server will not have us: another one, after the usual back-off */
	STEAM_LOGON_THROTTLED, /* no try before STEAM_LOGON_THROTTLED_MS */
	STEAM_LOGON_PERMANENT, /* no try helps until a person acts */
	STEAM_LOGON_TOKEN,     /* the refresh token is dead: the password helps, or a person */
	STEAM_LOGON_REPLACED,  /* the account is used elsewhere: no try before STEAM_LOGON_REPLACED_MS */
};

enum steam_logon_next steam_logon_next(int32_t eresult);         /* of the answer to an anonymous logon */
enum steam_logon_next steam_logon_next_account(int32_t eresult); /* of the answer to a logon by refresh token */
enum steam_logon_next steam_logon_after_off(int32_t eresult);    /* of a logoff that nobody asked for */

/* Who logs on. */
struct steam_logon_as {
	const struct hush *token; /* the refresh token */
	uint64_t steamid;
	const uint8_t *machine_id;
	size_t machine_id_n;
	const char *machine_name;
};

/* Append one whole message each. */
void steam_logon_hello(struct buf *to);
void steam_logon_anonymous(struct buf *to, uint32_t cell_id, uint32_t login_id);
void steam_logon_account(struct buf *to, uint32_t cell_id, uint32_t login_id, const struct steam_logon_as *as);
void steam_logon_beat(struct buf *to, uint64_t steamid, int32_t session);
void steam_logon_off(struct buf *to, uint64_t steamid, int32_t session);

/* The cheapest question that Steam answers: its newest change number, without any list. */
void steam_logon_probe(struct buf *to, uint64_t steamid, int32_t session, uint64_t job);
