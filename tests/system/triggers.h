/* triggers: events of titles planted in the log, and triggers that wait for them. Shared by the tests of triggers. */
#pragma once

#include "tests/system/rig.h"

#include <stdio.h>
#include <string.h>

static inline void plant_as(const struct rig *r, const char *type, const char *store, const char *title,
	const char *branch, const char *build)
{
	char sql[1500];

	snprintf(sql, sizeof(sql),
		"INSERT INTO events (pos, ts, type, data, tenant_id) VALUES ((SELECT COALESCE(MAX(pos), 0) + 1 "
		"FROM events), 0, "
		"'%s', "
		"'\\\"type\\\":\\\"%s\\\",\\\"schema\\\":\\\"x\\\",\\\"ts\\\":\\\"2026-01-01T00:00:00.000Z\\\","
		"\\\"payload\\\":"
		"{\\\"watchId\\\":\\\"wat_1\\\",\\\"class\\\":\\\"build\\\",\\\"store\\\":\\\"%s\\\","
		"\\\"titleId\\\":\\\"%s\\\","
		"\\\"branch\\\":\\\"%s\\\",\\\"os\\\":\\\"\\\",\\\"buildId\\\":\\\"%s\\\"}}', 'ten_default')",
		type, type, store, title, branch, build);
	(void)rig_sql(r, sql);
}

static inline void plant(const struct rig *r, const char *title, const char *build)
{
	plant_as(r, "title.build_available", "steam", title, "public", build);
}

/* A trigger; on, action and more are JSON. */
static inline void make(const struct rig *r, char ret_id[static 64], const char *name, const char *on,
	const char *action, const char *more)
{
	char body[1024];

	snprintf(body, sizeof(body), "{\"name\":\"%s\",\"on\":%s,\"action\":%s%s}", name, on, action, more);
	json_t *t = rig_expect(r, 201, "POST", "/v1/triggers", body);
	snprintf(ret_id, 64, "%s", json_str(t, "id"));
	json_decref(t);
}

static inline json_t *fires(const struct rig *r, const char *id)
{
	char path[160];

	snprintf(path, sizeof(path), "/v1/triggers/%s/fires?limit=200", id);
	json_t *page = rig_expect(r, 200, "GET", path, NULL), *items = json_incref(json_object_get(page, "items"));
	json_decref(page);
	return items;
}
