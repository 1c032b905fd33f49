#include "agent/shop_tell.h"
#include "agent/shop_login.h"

#include "agent/agent_conf.h"
#include "agent/reports.h"
#include "base/list.h"
#include "wire/json.h"

#include <stdlib.h>
#include <string.h>

#define EVENT "shop.login"

/* On its way from a worker to the loop. */
struct saying {
	struct loop_job job;
	struct shop_tell *tell;
	struct buf payload;
};

static void on_said(struct loop_job *job)
{
	struct saying *s = list_of(job, struct saying, job);

	if (!s->payload.bad)
		reports_add(s->tell->reports, EVENT, NULL, buf_text(&s->payload));
	buf_done(&s->payload);
	free(s);
}

static void write_payload(struct buf *to, const char *store, const char *page, const char *why)
{
	buf_fmt(to, "{\"store\":\"%s\",\"state\":\"%s\"", store, page ? "wanted" : "held");
	if (page) {
		buf_str(to, ",\"url\":");
		json_put_str(to, page);
		buf_str(to, ",\"hint\":");
		json_put_str(to, why);
	}
	buf_u8(to, '}');
}

void shop_tell_said(void *tell, const char *store, int state, const char *why)
{
	struct shop_tell *t = tell;
	struct saying *s = calloc(1, sizeof(*s));
	const char *page = !strcmp(store, "epic") ? t->shops->epic_page : t->shops->gog_page;

	if (!s)
		return; /* it is told again when a token is next asked for */
	s->tell = t;
	s->job.run = on_said;
	write_payload(&s->payload, store, state == SHOP_LOGIN_WANTED ? page : NULL, why);
	loop_post(t->loop, &s->job);
}

static void look(struct errand *e)
{
	struct shop_tell *t = list_of(e, struct shop_tell, errand);

	if (t->shops->epic)
		shop_login_look(t->shops->epic);
	if (t->shops->gog)
		shop_login_look(t->shops->gog);
	loop_post(t->loop, &t->back);
}

static void on_looked(struct loop_job *job) { list_of(job, struct shop_tell, back)->looks = false; }

void shop_tell_up(struct shop_tell *t)
{
	if (t->looks || (!t->shops->epic && !t->shops->gog))
		return;
	t->errand.run = look;
	t->back.run = on_looked;
	t->looks = pool_push(t->errands, &t->errand.job) == RC_OK;
}
