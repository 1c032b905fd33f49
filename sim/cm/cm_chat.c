#include "proto/steam/friends.pb-c.h"
#include "sim/chat.h"
#include "sim/cm/cm_conn.h"
#include "sim/services.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/steamid.h"

#include <string.h>

#define ENTRY_TEXT   1
#define NEW_CHAT     2 /* the chat mode of clients that hear notifications */
#define RECENT_MAX   100
#define SESSIONS_MAX 200

static uint64_t individual(uint32_t account)
{
	return steamid_id64((struct steamid){
		.account = account, .instance = 1, .type = STEAMID_INDIVIDUAL, .universe = STEAMID_PUBLIC });
}

/* One thing that is said. */
struct said {
	struct person *from, *to;
	int32_t entry;
	const char *text;
	struct chat_message as;
};

/* `c` is a session of one of the two; `echo`: of the one who says it. */
static void deliver(struct cm *c, const struct said *s, bool echo)
{
	CFriendMessagesIncomingMessageNotification m = CFRIEND_MESSAGES__INCOMING_MESSAGE__NOTIFICATION__INIT;
	CMsgClientFriendMsgIncoming old = CMSG_CLIENT_FRIEND_MSG_INCOMING__INIT;

	if (c->chat_mode != NEW_CHAT) {
		old.has_steamid_from = old.has_chat_entry_type = old.has_message =
			old.has_rtime32_server_timestamp = 1;
		old.steamid_from = echo ? s->to->steamid : s->from->steamid;
		old.chat_entry_type = s->entry;
		old.message = (ProtobufCBinaryData){ strlen(s->text) + 1, (uint8_t *)s->text };
		old.rtime32_server_timestamp = s->as.time;
		cm_push(c, echo ? EMSG_CLIENT_FRIEND_MSG_ECHO_TO_SENDER : EMSG_CLIENT_FRIEND_MSG_INCOMING,
			&old.base);
		return;
	}
	m.has_steamid_friend = m.has_chat_entry_type = m.has_from_limited_account = m.has_rtime32_server_timestamp =
		1;
	m.has_ordinal = m.has_local_echo = 1;
	m.steamid_friend = echo ? s->to->steamid : s->from->steamid;
	m.chat_entry_type = s->entry;
	m.from_limited_account = s->from->limited;
	m.message = m.message_no_bbcode = (char *)s->text;
	m.rtime32_server_timestamp = s->as.time;
	m.ordinal = s->as.ordinal;
	m.local_echo = echo;
	cm_notify(c, "FriendMessagesClient.IncomingMessage#1", &m.base);
}

/* `by` is where it was said; NULL: by HTTP. */
static int32_t say(struct sim *sim, struct said *s, const struct cm *by, bool echo)
{
	if (!s->to || !people_are_friends(s->from, s->to))
		return ERESULT_ACCESS_DENIED;
	s->as.time = (uint32_t)sim_time(sim);
	if (s->entry == ENTRY_TEXT &&
		(!*s->text || !chat_add(sim, s->from->steamid, s->to->steamid, s->text, &s->as)))
		return ERESULT_INVALID_PARAM;
	list_each (at, after, &s->to->sessions) {
		deliver(list_of(at, struct cm, of_person), s, false);
	}
	list_each (at, after, &s->from->sessions) {
		struct cm *c = list_of(at, struct cm, of_person);
		if (c != by && echo)
			deliver(c, s, true);
	}
	struct friendship *f = people_friend(s->from, s->to->steamid, false);
	f->seen = s->as.time;
	return ERESULT_OK;
}

int32_t cm_chat_send(struct service_call *c)
{
	const CFriendMessagesSendMessageRequest *m = (const CFriendMessagesSendMessageRequest *)c->in;
	CFriendMessagesSendMessageResponse out = CFRIEND_MESSAGES__SEND_MESSAGE__RESPONSE__INIT;
	struct said s = { .from = c->from->who,
		.to = people_by_id(&c->sim->people, m->steamid),
		.entry = m->chat_entry_type,
		.text = m->message ? m->message : "" };

	int32_t eresult = say(c->sim, &s, c->from->conn, m->echo_to_sender);
	if (eresult != ERESULT_OK)
		return eresult;
	out.has_server_timestamp = out.has_ordinal = 1;
	out.server_timestamp = s.as.time;
	out.ordinal = s.as.ordinal;
	out.message_without_bb_code = (char *)s.text;
	service_say(c, &out.base);
	return ERESULT_OK;
}

/* The old message: UTF-8 and perhaps a NUL. */
void cm_friend_msg(struct cm_ask *q)
{
	const CMsgClientFriendMsg *m = (const CMsgClientFriendMsg *)q->in;
	const char *text = arena_strn(q->arena, (const char *)m->message.data, m->message.len);
	struct said s = { .from = q->c->who,
		.to = people_by_id(&q->c->sim->people, m->steamid),
		.entry = m->chat_entry_type,
		.text = text ? text : "" };
	if (say(q->c->sim, &s, q->c, m->echo_to_sender) != ERESULT_OK)
		log_info(q->c->sim->log, "message refused conn=%u", q->c->number);
}

int32_t cm_chat_recent(struct service_call *c)
{
	const CFriendMessagesGetRecentMessagesRequest *m = (const CFriendMessagesGetRecentMessagesRequest *)c->in;
	CFriendMessagesGetRecentMessagesResponse out = CFRIEND_MESSAGES__GET_RECENT_MESSAGES__RESPONSE__INIT;
	CFriendMessagesGetRecentMessagesResponse__FriendMessage one[RECENT_MAX], *all[RECENT_MAX];
	size_t want = m->has_count && m->count > 0 && m->count < RECENT_MAX ? m->count : RECENT_MAX;
	uint64_t me = c->from->who->steamid, other = m->steamid1 == me ? m->steamid2 : m->steamid1;
	const struct chat_message *at;

	if (m->steamid1 != me && m->steamid2 != me)
		return ERESULT_ACCESS_DENIED;
	for (size_t i = 0; (at = chat_newest(c->sim, i)); i++) {
		bool late = m->time_last && (at->time > m->time_last ||
						    (at->time == m->time_last && at->ordinal > m->ordinal_last));
		if (!chat_is_between(at, me, other) || late || at->time < m->rtime32_start_time)
			continue;
		if (out.n_messages == want) {
			out.has_more_available = out.more_available = 1;
			break;
		}
		CFriendMessagesGetRecentMessagesResponse__FriendMessage *o = all[out.n_messages] =
			&one[out.n_messages];
		cfriend_messages__get_recent_messages__response__friend_message__init(o);
		o->has_accountid = o->has_timestamp = o->has_ordinal = 1;
		o->accountid = steamid_of(at->from).account;
		o->timestamp = at->time;
		o->ordinal = at->ordinal;
		o->message = at->text;
		out.n_messages++;
	}
	out.messages = all;
	service_say(c, &out.base);
	return ERESULT_OK;
}

int32_t cm_chat_sessions(struct service_call *c)
{
	const CFriendsMessagesGetActiveMessageSessionsRequest *m =
		(const CFriendsMessagesGetActiveMessageSessionsRequest *)c->in;
	CFriendsMessagesGetActiveMessageSessionsResponse out =
		CFRIENDS_MESSAGES__GET_ACTIVE_MESSAGE_SESSIONS__RESPONSE__INIT;
	CFriendsMessagesGetActiveMessageSessionsResponse__FriendMessageSession one[SESSIONS_MAX],
		*all[SESSIONS_MAX];
	struct person *p = c->from->who;
	const struct chat_message *at;

	for (size_t i = 0; i < p->friends_n && out.n_message_sessions < SESSIONS_MAX; i++) {
		uint32_t last = 0, unread = 0;
		for (size_t k = 0; (at = chat_newest(c->sim, k)); k++) {
			if (!chat_is_between(at, p->steamid, p->friends[i].with))
				continue;
			last = last ? last : at->time;
			unread += at->to == p->steamid && at->time > p->friends[i].seen;
		}
		if (!last || last < m->lastmessage_since)
			continue;
		CFriendsMessagesGetActiveMessageSessionsResponse__FriendMessageSession *o =
			all[out.n_message_sessions] = &one[out.n_message_sessions];
		cfriends_messages__get_active_message_sessions__response__friend_message_session__init(o);
		o->has_accountid_friend = o->has_last_message = o->has_last_view = o->has_unread_message_count = 1;
		o->accountid_friend = steamid_of(p->friends[i].with).account;
		o->last_message = last;
		o->last_view = p->friends[i].seen;
		o->unread_message_count = unread;
		out.n_message_sessions++;
	}
	out.message_sessions = all;
	out.has_timestamp = 1;
	out.timestamp = (uint32_t)sim_time(c->sim);
	service_say(c, &out.base);
	return ERESULT_OK;
}

int32_t cm_chat_ack(struct service_call *c)
{
	const CFriendMessagesAckMessageNotification *m = (const CFriendMessagesAckMessageNotification *)c->in;
	uint64_t with = m->steamid_partner >> 32 ? m->steamid_partner : individual((uint32_t)m->steamid_partner);
	struct friendship *f = people_friend(c->from->who, with, false);
	if (f && m->timestamp > f->seen)
		f->seen = m->timestamp;
	return ERESULT_OK;
}
