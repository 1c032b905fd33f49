#include "sim/sim.h"

#include "io/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t sim_time_ms(const struct sim *s)
{
	return (s->wall_ms ? s->wall_ms() : clock_wall_ms()) + s->clock_offset_ms;
}
int64_t sim_time(const struct sim *s) { return sim_time_ms(s) / 1000; }

void sim_logon(struct sim *s, const char *kind, const char *name, const char *ip, int32_t eresult)
{
	struct person *p = people_named(&s->people, name);

	if (p && !strcmp(kind, "cm")) {
		*(eresult == 1 ? &p->logons : &p->logons_refused) += 1;
		p->last_logon_ms = sim_time_ms(s);
	}
	if (s->logons_n == s->logons_room && s->logons_room < SIM_LOGONS_MAX) {
		size_t room = s->logons_room ? s->logons_room * 2 : 64;
		struct logon *at = realloc(s->logons, room * sizeof(*at));
		if (!at)
			return;
		s->logons = at;
		s->logons_room = room;
	} else if (s->logons_n == s->logons_room) {
		s->logons_n -= s->logons_room / 2;
		memmove(s->logons, s->logons + s->logons_room / 2, s->logons_n * sizeof(*s->logons));
	}
	struct logon *l = &s->logons[s->logons_n++];
	*l = (struct logon){ .at_ms = sim_time_ms(s), .eresult = eresult };
	snprintf(l->name, sizeof(l->name), "%s", name);
	snprintf(l->ip, sizeof(l->ip), "%s", ip);
	snprintf(l->kind, sizeof(l->kind), "%s", kind);
}

struct effect sim_count(struct sim *s, enum request r)
{
	s->ledger.requests[r]++;
	return faults_on(&s->faults, r, s->ledger.requests[r]);
}

struct effect sim_count_at(struct sim *s, enum request r, uint32_t server)
{
	s->ledger.requests[r]++;
	return faults_on_server(&s->faults, r, s->ledger.requests[r], server);
}

static void put_products(const struct world *w, enum pics_kind kind, struct buf *to)
{
	bool first = true;
	for (size_t i = 0; i < w->n; i++) {
		const struct product *p = &w->at[i];
		if (p->kind != kind || p->asked_full + p->asked_meta == 0)
			continue;
		buf_fmt(to, "%s\"%u\":{\"full\":%" PRIu64 ",\"metadata\":%" PRIu64 "}", first ? "" : ",", p->id,
			p->asked_full, p->asked_meta);
		first = false;
	}
}

static void put_rules(const struct faults *fs, struct buf *to)
{
	for (size_t i = 0; i < fs->n; i++) {
		buf_fmt(to, "%s{\"rule\":\"", i ? "," : "");
		for (const char *c = fs->at[i].text; *c; c++) /* a rule holds no other byte that JSON would mind */
			buf_u8(to, *c == '"' || *c == '\\' || (uint8_t)*c < 0x20 ? '?' : (uint8_t)*c);
		buf_fmt(to, "\",\"hits\":%" PRIu64 "}", fs->at[i].hits);
	}
}

void sim_ledger(const struct sim *s, struct buf *to)
{
	const struct ledger *l = &s->ledger;

	buf_str(to, "{\"requests\":{");
	for (int i = 0; i < REQUEST_COUNT; i++)
		buf_fmt(to, "%s\"%s\":%" PRIu64, i ? "," : "", faults_request_name((enum request)i),
			l->requests[i]);
	buf_fmt(to, "},\"product_ids\":%" PRIu64 ",\"apps\":{", l->product_ids);
	put_products(&s->world, PICS_APP, to);
	buf_str(to, "},\"packages\":{");
	put_products(&s->world, PICS_PACKAGE, to);
	buf_fmt(to,
		"},\"logons\":{\"ok\":%" PRIu64 ",\"refused\":%" PRIu64 "},\"connections\":%" PRIu64 ",\"open\":%u,"
		"\"sessions\":%u,\"kicked\":%" PRIu64 ",\"malformed\":%" PRIu64
		",\"change_number\":%u,\"faults\":[",
		l->logons_ok, l->logons_refused, l->connections, l->open, l->sessions, l->kicked, l->malformed,
		s->world.change);
	put_rules(&s->faults, to);
	buf_str(to, "]}\n");
}

void sim_forget(struct sim *s)
{
	unsigned open = s->ledger.open, sessions = s->ledger.sessions;
	s->ledger = (struct ledger){ .open = open, .sessions = sessions };
	for (size_t i = 0; i < s->world.n; i++)
		s->world.at[i].asked_full = s->world.at[i].asked_meta = 0;
	for (size_t i = 0; i < s->faults.n; i++)
		s->faults.at[i].hits = 0;
}

static enum rc bump_all(struct sim *s, enum pics_kind kind, char *ids, enum world_bump what, struct fault *f)
{
	for (char *rest = NULL, *t = strtok_r(ids, ",", &rest); t; t = strtok_r(NULL, ",", &rest)) {
		char *end;
		unsigned long id = strtoul(t, &end, 10);
		if (*end || *t < '0' || *t > '9' || id > UINT32_MAX)
			return fault_set(f, RC_INVALID, "'%s' is no id", t);
		enum rc rc = world_bump(&s->world, kind, (uint32_t)id, what, f);
		if (rc != RC_OK)
			return rc;
	}
	return RC_OK;
}

enum rc sim_change(struct sim *s, const char *query, struct fault *f)
{
	char *text = strdup(query), *rest = NULL;
	enum world_bump what = strstr(query, "what=build") ? WORLD_BUMP_BUILD : WORLD_BUMP_METADATA;
	enum rc rc = text ? RC_OK : fault_set(f, RC_NOMEM, "no memory for a change");

	for (char *t = text ? strtok_r(text, "&", &rest) : NULL; t && rc == RC_OK; t = strtok_r(NULL, "&", &rest)) {
		if (!strncmp(t, "apps=", 5))
			rc = bump_all(s, PICS_APP, t + 5, what, f);
		else if (!strncmp(t, "packages=", 9))
			rc = bump_all(s, PICS_PACKAGE, t + 9, what, f);
		else if (strcmp(t, "what=build") != 0 && strcmp(t, "what=metadata") != 0)
			rc = fault_set(f, RC_INVALID,
				"'%s': write apps=ID,ID packages=ID what=build|metadata, joined by &", t);
	}
	free(text);
	return rc;
}
