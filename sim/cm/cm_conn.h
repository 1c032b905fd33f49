/*
 * cm_conn: what the files of this folder share: a connection from within, and how its requests are written.
 */
#pragma once

#include "base/list.h"
#include "sim/sim.h"
#include "wire/steam/frame.h"

struct answer;

struct cm {
	struct sim *sim;
	uint32_t number; /* of the connection, for the log */
	char ip[48];
	bool logged_on, dead;
	uint64_t steamid;
	int32_t session;
	struct person *who;    /* NULL: not logged on, or anonymous */
	struct list of_person; /* in who->sessions */
	uint32_t login_id, chat_mode, persona_state;
	uint32_t playing[PEOPLE_PLAYING];
	unsigned playing_n;
	uint64_t begun_ms, heard_ms;
	uint64_t now_ms;   /* the newest time it was told */
	uint64_t floor_ms; /* nothing is pushed before: the answer to the logon leaves then */
	struct list queue;
	unsigned queued;
	struct answer *told; /* what the last act borrows */
	const char *close;   /* why it will be closed once the queue is empty; NULL: it will not */
	bool closed;
	void (*wake)(void *ctx);
	void *wake_ctx;
};

/* One request on its way to its answer. */
struct cm_ask {
	struct cm *c;
	const struct steam_frame *frame;
	const ProtobufCMessage *in; /* of its own kind; NULL when it is no protobuf or we have no .proto */
	const struct effect *effect;
	struct arena *arena;
	uint32_t answer; /* the number of its answer; 0: there is none */
	uint64_t due_ms; /* when the answer leaves */
};

/* Ids and target job for an answer to `asked` (NULL: to nobody). */
struct steam_frame cm_head(const struct cm *c, const struct steam_frame *asked);
/* Takes the bytes over. */
void cm_queue(struct cm *c, uint64_t due_ms, struct buf *bytes);
void cm_queue_run(struct cm *c, uint64_t due_ms, const struct buf *run); /* of messages, as a Multi holds them */
void cm_close_for(struct cm *c, const char *why);

/* Answers the request, if its fault lets an answer out. */
void cm_answer(struct cm_ask *q, const ProtobufCMessage *m);
void cm_answer_struct(struct cm_ask *q, const struct buf *body);
/* The request came to nothing: an answer of its kind with that EResult, or DestJobFailed. */
void cm_refuse(struct cm_ask *q, int32_t eresult);

/* Says something unasked: to one connection, or to all of a person's. `but` is left out; NULL: nobody is. */
void cm_push(struct cm *c, uint32_t emsg, const ProtobufCMessage *m);
void cm_push_all(struct person *p, const struct cm *but, uint32_t emsg, const ProtobufCMessage *m);
/* A notification of a service: "FriendMessagesClient.IncomingMessage#1". */
void cm_notify(struct cm *c, const char *method, const ProtobufCMessage *m);

/* cm_requests.c: finds the request's row, lets its faults happen, and runs it. */
void cm_request(struct cm *c, const struct steam_frame *fr, struct arena *a);

/* cm_logon.c */
void cm_logon(struct cm_ask *q);
void cm_logoff(struct cm_ask *q);
void cm_say_logged_off(struct cm *c, uint64_t due_ms, int32_t eresult);
void cm_leave(struct cm *c); /* the session ends; the connection may go on for a while */

/* cm_friends.c */
void cm_status(struct cm_ask *q);
void cm_friend_data(struct cm_ask *q);
void cm_friend_add(struct cm_ask *q);
void cm_friend_remove(struct cm_ask *q);
void cm_friend_ignore(struct cm_ask *q);
void cm_nickname(struct cm_ask *q);
void cm_levels(struct cm_ask *q);
void cm_name_history(struct cm_ask *q);
void cm_put_friends(struct cm *c, struct buf *run);    /* for the burst after a logon */
void cm_tell_friends(struct sim *s, struct person *p); /* how p is now, to those who may see it, and to p itself */

/* cm_chat.c */
void cm_friend_msg(struct cm_ask *q);

/* cm_play.c */
void cm_games_played(struct cm_ask *q);
void cm_kick_playing(struct cm_ask *q);
void cm_stop_playing(struct cm *c);
void cm_put_playing(struct cm *c, struct buf *run);
void cm_players(struct cm_ask *q);

/* cm_library.c */
void cm_register_key(struct cm_ask *q);
void cm_free_license(struct cm_ask *q);
void cm_put_licences(struct cm *c, struct buf *run);
void cm_announcements(struct cm_ask *q);
void cm_comments(struct cm_ask *q);

/* cm_depot.c */
void cm_depot_key(struct cm_ask *q);
void cm_cdn_token(struct cm_ask *q);
void cm_ugc(struct cm_ask *q);
void cm_beta_password(struct cm_ask *q);
void cm_private_beta(struct cm_ask *q);

/* Appends a message to a run, as a Multi holds it. */
void cm_put(const struct cm *c, struct buf *run, uint32_t emsg, const ProtobufCMessage *m);
void cm_put_struct(const struct cm *c, struct buf *run, uint32_t emsg, const struct buf *body);
