#include "base/rd.h"
#include "proto/steam/friends.pb-c.h"
#include "sim/cm/cm_conn.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/steamid.h"

#include <stdio.h>
#include <string.h>

#define FRIENDS_BASE      250 /* so many friends without a level; five more each */
#define FRIENDS_PER_LEVEL 5
#define INVISIBLE         7
#define STATE_FLAGS       0x7fff

/* ---- how somebody is ---- */

struct look {
	CMsgClientPersonaState m;
	CMsgClientPersonaState__Friend one, *all;
	char name[24];
};

static const uint8_t no_avatar[20];

/* As `to` sees p. */
static void look_at(struct look *l, struct person *p, const struct person *to)
{
	bool near = p == to || people_are_friends(p, to);
	uint32_t state = !near || (p->persona_state == INVISIBLE && p != to) ? 0 : p->persona_state;

	cmsg_client_persona_state__init(&l->m);
	cmsg_client_persona_state__friend__init(&l->one);
	l->all = &l->one;
	l->m.has_status_flags = 1;
	l->m.status_flags = STATE_FLAGS;
	l->m.n_friends = 1;
	l->m.friends = &l->all;
	l->one.has_friendid = l->one.has_persona_state = l->one.has_avatar_hash = l->one.has_gameid = 1;
	l->one.has_game_played_app_id = l->one.has_last_logon = l->one.has_online_session_instances = 1;
	l->one.friendid = p->steamid;
	l->one.persona_state = state;
	l->one.player_name = p->persona;
	l->one.avatar_hash = (ProtobufCBinaryData){ sizeof(no_avatar), (uint8_t *)no_avatar };
	l->one.last_logon = (uint32_t)(p->last_logon_ms / 1000);
	l->one.online_session_instances = state > 0;
	if (state > 0 && p->playing_n > 0) {
		l->one.game_played_app_id = p->playing[0];
		l->one.gameid = p->playing[0];
		snprintf(l->name, sizeof(l->name), "App %u", p->playing[0]);
		l->one.game_name = l->name;
	}
}

static void tell(struct person *to, struct person *p)
{
	struct look l;
	if (list_empty(&to->sessions))
		return;
	look_at(&l, p, to);
	cm_push_all(to, NULL, EMSG_CLIENT_PERSONA_STATE, &l.m.base);
}

void cm_tell_friends(struct sim *s, struct person *p)
{
	tell(p, p);
	for (size_t i = 0; i < p->friends_n; i++) {
		struct person *other = p->friends[i].relationship == RELATION_FRIEND
					       ? people_by_id(&s->people, p->friends[i].with)
					       : NULL;
		if (other)
			tell(other, p);
	}
}

void cm_status(struct cm_ask *q)
{
	const CMsgClientChangeStatus *m = (const CMsgClientChangeStatus *)q->in;
	struct person *p = q->c->who;
	CMsgPersonaChangeResponse out = CMSG_PERSONA_CHANGE_RESPONSE__INIT;

	if (m->has_persona_state)
		q->c->persona_state = p->persona_state = m->persona_state;
	if (m->player_name && *m->player_name && strlen(m->player_name) < sizeof(p->persona))
		snprintf(p->persona, sizeof(p->persona), "%s", m->player_name);
	if (m->need_persona_response) {
		out.has_result = 1;
		out.result = ERESULT_OK;
		out.player_name = p->persona;
		cm_answer(q, &out.base);
	}
	cm_tell_friends(q->c->sim, p);
}

void cm_friend_data(struct cm_ask *q)
{
	const CMsgClientRequestFriendData *m = (const CMsgClientRequestFriendData *)q->in;
	struct cm *c = q->c;
	struct buf run = { 0 };

	for (size_t i = 0; i < m->n_friends; i++) {
		struct person *p = people_by_id(&c->sim->people, m->friends[i]);
		struct look l;
		if (!p)
			continue;
		look_at(&l, p, c->who);
		cm_put(c, &run, EMSG_CLIENT_PERSONA_STATE, &l.m.base);
	}
	if (effect_tells(q->effect))
		cm_queue_run(c, q->due_ms, &run);
	buf_done(&run);
}

/* ---- whom they know ---- */

void cm_put_friends(struct cm *c, struct buf *run)
{
	CMsgClientFriendsList m = CMSG_CLIENT_FRIENDS_LIST__INIT;
	CMsgClientPlayerNicknameList names = CMSG_CLIENT_PLAYER_NICKNAME_LIST__INIT;
	CMsgClientFriendsGroupsList groups = CMSG_CLIENT_FRIENDS_GROUPS_LIST__INIT;
	struct person *p = c->who;
	struct arena a = { 0 };
	CMsgClientFriendsList__Friend *at = arena_take(&a, (p->friends_n + 1) * sizeof(*at));
	CMsgClientPlayerNicknameList__PlayerNickname *name = arena_take(&a, (p->friends_n + 1) * sizeof(*name));

	m.friends = arena_take(&a, (p->friends_n + 1) * sizeof(void *));
	names.nicknames = arena_take(&a, (p->friends_n + 1) * sizeof(void *));
	for (size_t i = 0; at && name && m.friends && names.nicknames && i < p->friends_n; i++) {
		struct friendship *f = &p->friends[i];
		cmsg_client_friends_list__friend__init(&at[i]);
		at[i].has_ulfriendid = at[i].has_efriendrelationship = 1;
		at[i].ulfriendid = f->with;
		at[i].efriendrelationship = f->relationship;
		m.friends[m.n_friends++] = &at[i];
		if (!f->nickname[0])
			continue;
		cmsg_client_player_nickname_list__player_nickname__init(&name[i]);
		name[i].has_steamid = 1;
		name[i].steamid = f->with;
		name[i].nickname = f->nickname;
		names.nicknames[names.n_nicknames++] = &name[i];
	}
	m.has_bincremental = m.has_max_friend_count = m.has_active_friend_count = m.has_friends_limit_hit = 1;
	m.max_friend_count = FRIENDS_BASE + FRIENDS_PER_LEVEL * p->level;
	m.active_friend_count = (uint32_t)m.n_friends;
	cm_put(c, run, EMSG_CLIENT_FRIENDS_LIST, &m.base);
	cm_put(c, run, EMSG_CLIENT_PLAYER_NICKNAME_LIST, &names.base);
	cm_put(c, run, EMSG_CLIENT_FRIENDS_GROUPS_LIST, &groups.base);
	arena_done(&a);
}

/* One entry of p's list has changed. */
static void tell_relation(struct person *p, uint64_t with)
{
	CMsgClientFriendsList m = CMSG_CLIENT_FRIENDS_LIST__INIT;
	CMsgClientFriendsList__Friend one = CMSG_CLIENT_FRIENDS_LIST__FRIEND__INIT, *all = &one;
	const struct friendship *f = people_friend(p, with, false);

	one.has_ulfriendid = one.has_efriendrelationship = 1;
	one.ulfriendid = with;
	one.efriendrelationship = f ? f->relationship : RELATION_NONE;
	m.has_bincremental = m.bincremental = 1;
	m.n_friends = 1;
	m.friends = &all;
	cm_push_all(p, NULL, EMSG_CLIENT_FRIENDS_LIST, &m.base);
}

static enum relation relation_of(struct person *p, uint64_t with)
{
	const struct friendship *f = people_friend(p, with, false);
	return f ? (enum relation)f->relationship : RELATION_NONE;
}

static size_t friends_of(const struct person *p)
{
	size_t n = 0;
	for (size_t i = 0; i < p->friends_n; i++)
		n += p->friends[i].relationship == RELATION_FRIEND;
	return n;
}

static bool is_full(const struct person *p) { return friends_of(p) >= FRIENDS_BASE + FRIENDS_PER_LEVEL * p->level; }

/* Changes both sides and tells both. */
static int32_t relate(
	struct sim *s, struct person *p, enum relation ours, struct person *other, enum relation theirs)
{
	if (!people_relate(p, other->steamid, ours) || !people_relate(other, p->steamid, theirs))
		return ERESULT_LIMIT_EXCEEDED;
	tell_relation(p, other->steamid);
	tell_relation(other, p->steamid);
	if (ours == RELATION_FRIEND) {
		cm_tell_friends(s, p);
		cm_tell_friends(s, other);
	}
	return ERESULT_OK;
}

static int32_t add(struct sim *s, struct person *p, struct person *other)
{
	enum relation ours = relation_of(p, other->steamid), theirs = relation_of(other, p->steamid);

	if (ours == RELATION_FRIEND)
		return ERESULT_DUPLICATE_NAME;
	if (ours == RELATION_IGNORED || ours == RELATION_IGNORED_FRIEND)
		return ERESULT_IGNORED;
	if (theirs == RELATION_IGNORED || theirs == RELATION_IGNORED_FRIEND)
		return ERESULT_BLOCKED;
	if (is_full(p) || is_full(other))
		return ERESULT_LIMIT_EXCEEDED;
	if (ours == RELATION_ASKED_US)
		return relate(s, p, RELATION_FRIEND, other, RELATION_FRIEND);
	if (p->limited)
		return ERESULT_LIMITED_USER_ACCOUNT;
	return relate(s, p, RELATION_WE_ASKED, other, RELATION_ASKED_US);
}

void cm_friend_add(struct cm_ask *q)
{
	const CMsgClientAddFriend *m = (const CMsgClientAddFriend *)q->in;
	CMsgClientAddFriendResponse out = CMSG_CLIENT_ADD_FRIEND_RESPONSE__INIT;
	struct sim *s = q->c->sim;
	bool by_name = !m->has_steamid_to_add && m->accountname_or_email_to_add;
	struct person *other = by_name ? people_named(&s->people, m->accountname_or_email_to_add)
				       : people_by_id(&s->people, m->steamid_to_add);

	out.has_eresult = 1;
	if (!other || other == q->c->who)
		out.eresult = by_name ? ERESULT_ACCOUNT_NOT_FOUND : ERESULT_INVALID_STEAM_ID;
	else
		out.eresult = add(s, q->c->who, other);
	if (other) {
		out.has_steam_id_added = 1;
		out.steam_id_added = other->steamid;
		out.persona_name_added = other->persona;
	}
	cm_answer(q, &out.base);
}

void cm_friend_remove(struct cm_ask *q)
{
	const CMsgClientRemoveFriend *m = (const CMsgClientRemoveFriend *)q->in;
	struct person *p = q->c->who, *other = people_by_id(&q->c->sim->people, m->friendid);

	if (!other || relation_of(p, m->friendid) == RELATION_NONE)
		return;
	enum relation theirs = relation_of(other, p->steamid);
	(void)relate(q->c->sim, p, RELATION_NONE, other,
		theirs == RELATION_IGNORED || theirs == RELATION_IGNORED_FRIEND ? RELATION_IGNORED : RELATION_NONE);
}

/* u64 who asks, u64 the other, u8 whether to ignore. */
void cm_friend_ignore(struct cm_ask *q)
{
	struct rd r = rd_over(q->frame->body, q->frame->body_n);
	struct person *p = q->c->who;
	struct buf b = { 0 };

	rd_le64(&r);
	uint64_t with = rd_le64(&r);
	bool ignore = rd_u8(&r) != 0;
	enum relation ours = relation_of(p, with);
	int32_t eresult = r.bad || with == p->steamid || !people_by_id(&q->c->sim->people, with)
				  ? ERESULT_INVALID_STEAM_ID
				  : ERESULT_OK;
	bool near = ours == RELATION_FRIEND || ours == RELATION_IGNORED_FRIEND;
	enum relation next = ignore ? (near ? RELATION_IGNORED_FRIEND : RELATION_IGNORED)
				    : (near ? RELATION_FRIEND : RELATION_NONE);
	if (eresult == ERESULT_OK && !people_relate(p, with, next))
		eresult = ERESULT_LIMIT_EXCEEDED;
	buf_le64(&b, with);
	buf_le32(&b, (uint32_t)eresult);
	cm_answer_struct(q, &b);
	buf_done(&b);
	if (eresult == ERESULT_OK)
		tell_relation(p, with);
}

/* ---- names and levels ---- */

void cm_nickname(struct cm_ask *q)
{
	const CMsgClientSetPlayerNickname *m = (const CMsgClientSetPlayerNickname *)q->in;
	CMsgClientSetPlayerNicknameResponse out = CMSG_CLIENT_SET_PLAYER_NICKNAME_RESPONSE__INIT;
	CMsgClientPlayerNicknameList names = CMSG_CLIENT_PLAYER_NICKNAME_LIST__INIT;
	CMsgClientPlayerNicknameList__PlayerNickname one = CMSG_CLIENT_PLAYER_NICKNAME_LIST__PLAYER_NICKNAME__INIT,
						     *all = &one;
	const char *name = m->nickname ? m->nickname : "";
	struct friendship *f = people_friend(q->c->who, m->steamid, false);

	out.has_eresult = 1;
	out.eresult = f && strlen(name) < sizeof(f->nickname) ? ERESULT_OK : ERESULT_INVALID_PARAM;
	cm_answer(q, &out.base);
	if (out.eresult != ERESULT_OK)
		return;
	snprintf(f->nickname, sizeof(f->nickname), "%s", name);
	one.has_steamid = 1;
	one.steamid = m->steamid;
	one.nickname = f->nickname;
	names.has_incremental = names.incremental = names.has_removal = 1;
	names.removal = !*name;
	names.n_nicknames = 1;
	names.nicknames = &all;
	cm_push_all(q->c->who, NULL, EMSG_CLIENT_PLAYER_NICKNAME_LIST, &names.base);
}

static uint64_t individual(uint32_t account)
{
	return steamid_id64((struct steamid){
		.account = account, .instance = 1, .type = STEAMID_INDIVIDUAL, .universe = STEAMID_PUBLIC });
}

void cm_levels(struct cm_ask *q)
{
	const CMsgClientFSGetFriendsSteamLevels *m = (const CMsgClientFSGetFriendsSteamLevels *)q->in;
	CMsgClientFSGetFriendsSteamLevelsResponse out = CMSG_CLIENT_FSGET_FRIENDS_STEAM_LEVELS_RESPONSE__INIT;
	CMsgClientFSGetFriendsSteamLevelsResponse__Friend *at =
		arena_take(q->arena, (m->n_accountids + 1) * sizeof(*at));

	out.friends = arena_take(q->arena, (m->n_accountids + 1) * sizeof(void *));
	for (size_t i = 0; at && out.friends && i < m->n_accountids; i++) {
		const struct person *p = people_by_id(&q->c->sim->people, individual(m->accountids[i]));
		if (!p)
			continue;
		cmsg_client_fsget_friends_steam_levels_response__friend__init(&at[i]);
		at[i].has_accountid = at[i].has_level = 1;
		at[i].accountid = m->accountids[i];
		at[i].level = p->level;
		out.friends[out.n_friends++] = &at[i];
	}
	cm_answer(q, &out.base);
}

/* This Steam remembers one name of each. */
void cm_name_history(struct cm_ask *q)
{
	const CMsgClientAMGetPersonaNameHistory *m = (const CMsgClientAMGetPersonaNameHistory *)q->in;
	CMsgClientAMGetPersonaNameHistoryResponse out = CMSG_CLIENT_AMGET_PERSONA_NAME_HISTORY_RESPONSE__INIT;
	struct {
		CMsgClientAMGetPersonaNameHistoryResponse__NameTableInstance table;
		CMsgClientAMGetPersonaNameHistoryResponse__NameTableInstance__NameInstance name, *names;
	} *at = arena_take(q->arena, (m->n_ids + 1) * sizeof(*at));

	out.responses = arena_take(q->arena, (m->n_ids + 1) * sizeof(void *));
	for (size_t i = 0; at && out.responses && i < m->n_ids; i++) {
		struct person *p = people_by_id(&q->c->sim->people, m->ids[i]->steamid);
		cmsg_client_amget_persona_name_history_response__name_table_instance__init(&at[i].table);
		cmsg_client_amget_persona_name_history_response__name_table_instance__name_instance__init(
			&at[i].name);
		at[i].table.has_eresult = at[i].table.has_steamid = 1;
		at[i].table.steamid = m->ids[i]->steamid;
		at[i].table.eresult = p ? ERESULT_OK : ERESULT_FAIL;
		if (p) {
			at[i].name.has_name_since = 1;
			at[i].name.name_since = 1600000000;
			at[i].name.name = p->persona;
			at[i].names = &at[i].name;
			at[i].table.n_names = 1;
			at[i].table.names = &at[i].names;
		}
		out.responses[out.n_responses++] = &at[i].table;
	}
	cm_answer(q, &out.base);
}
