/* What Steam told of an account since its logon. Bodies are kept as they came, in memory of their size. */
#include "agent/session.h"
#include "base/buf.h"
#include "proto/steam/account.pb-c.h"
#include "proto/steam/friends.pb-c.h"
#include "wire/steam/emsg.h"
#include "wire/steam/pb.h"

#include <string.h>

#define BODY_MAX      (2u << 20) /* the licences of an account with tens of thousands */
#define PERSONAS_MAX  (256u << 10)
#define PERSONAS_MS   600000 /* personas are kept so long after somebody asked for them: they are many, and change */
#define FRIENDS_BYTES (8u << 20) /* memory to put a list together in */

enum body { LICENSES, FRIENDS, WALLET, LIMITED, INFO, EMAIL, VAC, PLAYING, PERSONAS, NICKNAMES, BODIES };

struct session_self {
	struct {
		uint8_t *p;
		size_t n;
	} bodies[BODIES];
	uint64_t personas_ms; /* kept until then */
};

static const struct {
	enum emsg emsg;
	enum body body;
} kinds[] = {
	{ EMSG_CLIENT_LICENSE_LIST, LICENSES },
	{ EMSG_CLIENT_FRIENDS_LIST, FRIENDS },
	{ EMSG_CLIENT_WALLET_INFO_UPDATE, WALLET },
	{ EMSG_CLIENT_IS_LIMITED_ACCOUNT, LIMITED },
	{ EMSG_CLIENT_ACCOUNT_INFO, INFO },
	{ EMSG_CLIENT_EMAIL_ADDR_INFO, EMAIL },
	{ EMSG_CLIENT_VAC_BAN_STATUS, VAC },
	{ EMSG_CLIENT_PLAYING_SESSION_STATE, PLAYING },
	{ EMSG_CLIENT_PERSONA_STATE, PERSONAS },
	{ EMSG_CLIENT_PLAYER_NICKNAME_LIST, NICKNAMES },
};

static struct session_self *need_self(struct session *s)
{
	return s->self ? s->self : (s->self = calloc(1, sizeof(*s->self)));
}

static void keep(struct session_self *self, enum body b, const void *p, size_t n)
{
	uint8_t *copy = n <= BODY_MAX ? malloc(n + 1) : NULL;

	free(self->bodies[b].p);
	self->bodies[b].p = copy;
	self->bodies[b].n = copy ? n : 0;
	if (copy && n)
		memcpy(copy, p, n);
}

/* ---- friends: later lists say what changed ---- */

static struct CMsgClientFriendsList *read_list(const void *p, size_t n, struct arena *a)
{
	ProtobufCMessage *m = NULL;
	enum rc rc = pb_unpack(&cmsg_client_friends_list__descriptor, p, n, a, &m, NULL);
	return rc == RC_OK ? (struct CMsgClientFriendsList *)m : NULL;
}

/* `to` has room for all of both. */
static void merge(struct CMsgClientFriendsList *to, const struct CMsgClientFriendsList *change)
{
	for (size_t i = 0; i < change->n_friends; i++) {
		struct CMsgClientFriendsList__Friend *f = change->friends[i];
		size_t at = 0;
		while (at < to->n_friends && to->friends[at]->ulfriendid != f->ulfriendid)
			at++;
		bool gone = f->efriendrelationship == 0;
		if (at < to->n_friends && gone)
			to->friends[at] = to->friends[--to->n_friends];
		else if (at < to->n_friends)
			to->friends[at] = f;
		else if (!gone)
			to->friends[to->n_friends++] = f;
	}
}

static void keep_friends(struct session_self *self, const void *p, size_t n)
{
	struct arena a = { .limit = FRIENDS_BYTES };
	struct CMsgClientFriendsList *change = read_list(p, n, &a), *full = NULL;

	if (change && change->bincremental && self->bodies[FRIENDS].p)
		full = read_list(self->bodies[FRIENDS].p, self->bodies[FRIENDS].n, &a);
	if (change && !full)
		keep(self, FRIENDS, p, n);
	if (!full) {
		arena_done(&a);
		return;
	}
	struct CMsgClientFriendsList__Friend **room = arena_take(
		&a, (full->n_friends + change->n_friends + 1) * sizeof(struct CMsgClientFriendsList__Friend *));
	if (room) {
		if (full->n_friends)
			memcpy(room, full->friends,
				full->n_friends * sizeof(struct CMsgClientFriendsList__Friend *));
		full->friends = room;
		merge(full, change);
		struct buf b = { 0 };
		pb_pack(&b, &full->base);
		if (!b.bad)
			keep(self, FRIENDS, b.p, b.n);
		buf_done(&b);
	}
	arena_done(&a);
}

/* ---- personas: one after the other; of one friend the last counts ---- */

static void keep_personas(struct session *s, const void *p, size_t n)
{
	struct session_self *self = s->self;
	size_t had = self->bodies[PERSONAS].n;

	if (session_now(s) > self->personas_ms) {
		free(take(self->bodies[PERSONAS].p));
		self->bodies[PERSONAS].n = 0;
		return;
	}
	uint8_t *both = had + n <= PERSONAS_MAX ? realloc(self->bodies[PERSONAS].p, had + n + 1) : NULL;
	if (!both) {
		keep(self, PERSONAS, p, n);
		return;
	}
	if (n)
		memcpy(both + had, p, n);
	self->bodies[PERSONAS].p = both;
	self->bodies[PERSONAS].n = had + n;
}

void session_self_push(struct session *s, uint32_t emsg, const void *p, size_t n)
{
	size_t i = 0;

	while (i < sizeof(kinds) / sizeof(*kinds) && (uint32_t)kinds[i].emsg != emsg)
		i++;
	if (session_is_own(s) || i == sizeof(kinds) / sizeof(*kinds) || !need_self(s))
		return;
	if (kinds[i].body == FRIENDS)
		keep_friends(s->self, p, n);
	else if (kinds[i].body == PERSONAS)
		keep_personas(s, p, n);
	else
		keep(s->self, kinds[i].body, p, n);
	if (kinds[i].body == LICENSES && s->online)
		sessions_serve_self(s);
}

bool session_self_has_licenses(const struct session *s) { return s->self && s->self->bodies[LICENSES].p; }

enum rc session_self_copy(struct session *s, struct sessions_self *ret, struct arena *a)
{
	struct session_self *self = need_self(s);
	const uint8_t *p[BODIES];

	if (!self)
		return RC_NOMEM;
	self->personas_ms = session_now(s) + PERSONAS_MS;
	for (int b = 0; b < BODIES; b++) {
		p[b] = self->bodies[b].p ? (uint8_t *)arena_strn(a, (char *)self->bodies[b].p, self->bodies[b].n)
					 : NULL;
		if (self->bodies[b].p && !p[b])
			return RC_NOMEM;
	}
#define COPY(member, body) ret->member.p = p[body], ret->member.n = self->bodies[body].n
	*ret = (struct sessions_self){ .steamid = bot_steamid(s->bot), .blocked = bot_blocked(s->bot) };
	COPY(licenses, LICENSES);
	COPY(friends, FRIENDS);
	COPY(wallet, WALLET);
	COPY(limited, LIMITED);
	COPY(info, INFO);
	COPY(email, EMAIL);
	COPY(vac, VAC);
	COPY(playing, PLAYING);
	COPY(personas, PERSONAS);
	COPY(nicknames, NICKNAMES);
#undef COPY
	return RC_OK;
}

void session_self_free(struct session *s)
{
	struct session_self *self = take(s->self);

	for (int b = 0; self && b < BODIES; b++)
		free(self->bodies[b].p);
	free(self);
}
