#include "io/clock.h"
#include "sim/auth.h"
#include "sim/auth_all.h"
#include "sim/service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void name_of(char to[static 24], uint64_t id) { snprintf(to, 24, "%" PRIu64, id); }

void auth_session_free(struct auth *a, struct auth_session *x)
{
	list_remove(&x->node);
	(void)map_take(&a->by_client, x->client_text);
	(void)map_take(&a->by_client, x->old_text);
	free(x->refresh);
	free(x->access);
	free(x);
	a->sessions_n--;
}

/* One that is just over its time is still there to be told so. */
static void forget_old(struct sim *s)
{
	struct auth *a = s->auth;
	list_each (at, after, &a->sessions) {
		struct auth_session *x = list_of(at, struct auth_session, node);
		if (sim_time(s) - x->since < INT64_C(2) * AUTH_SESSION_S)
			return;
		auth_session_free(a, x);
	}
}

struct auth_session *auth_session_find(struct sim *s, uint64_t client_id)
{
	char text[24];
	forget_old(s);
	name_of(text, client_id);
	return map_get(&s->auth->by_client, text);
}

/* An id that its session is found by. */
static bool name_it(struct auth *a, struct auth_session *x)
{
	clock_random(&x->client_id, sizeof(x->client_id));
	x->client_id >>= 1;
	name_of(x->client_text, x->client_id);
	return map_put(&a->by_client, x->client_text, x) == RC_OK;
}

struct auth_session *auth_session_new(struct sim *s, const struct service_from *from)
{
	struct auth *a = s->auth;

	forget_old(s);
	struct auth_session *x = a->sessions_n < AUTH_SESSIONS_MAX ? calloc(1, sizeof(*x)) : NULL;
	if (!x || !name_it(a, x)) {
		free(x);
		return NULL;
	}
	clock_random(x->request_id, sizeof(x->request_id));
	x->since = x->rotated = sim_time(s);
	snprintf(x->ip, sizeof(x->ip), "%s", from->ip);
	list_append(&a->sessions, &x->node);
	a->sessions_n++;
	return x;
}

void auth_session_rotate(struct sim *s, struct auth_session *x)
{
	struct auth *a = s->auth;
	(void)map_take(&a->by_client, x->old_text);
	(void)map_take(&a->by_client, x->client_text);
	x->old_client_id = x->client_id;
	memcpy(x->old_text, x->client_text, sizeof(x->old_text));
	x->rotated = sim_time(s);
	if (!name_it(a, x) || map_put(&a->by_client, x->old_text, x) != RC_OK)
		log_warn(s->log, "no memory for a QR code");
}

bool auth_approve(struct sim *s, const char *name, bool yes)
{
	struct auth *a = s->auth;
	struct person *p = people_named(&s->people, name);
	struct auth_session *found = NULL;

	for (struct list *at = a->sessions.prev; p && at != &a->sessions; at = at->prev) {
		struct auth_session *x = list_of(at, struct auth_session, node);
		bool waits = x->state == AUTH_WAITS && sim_time(s) - x->since < AUTH_SESSION_S;
		if (waits && x->who == p && (x->confirm_asked || x->qr)) {
			found = x;
			break;
		}
		if (waits && x->qr && !x->who && !found)
			found = x;
	}
	if (!found)
		return false;
	found->who = p;
	found->remote = true;
	found->state = yes ? AUTH_APPROVED : AUTH_DENIED;
	return true;
}

const char *auth_mail(struct sim *s, const char *name)
{
	struct person *p = people_named(&s->people, name);
	struct auth *a = s->auth;

	for (struct list *at = a->sessions.prev; p && at != &a->sessions; at = at->prev) {
		struct auth_session *x = list_of(at, struct auth_session, node);
		if (x->who == p && x->mail_asked)
			return p->email_code;
	}
	return "";
}
