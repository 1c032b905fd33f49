#include "sim/web/directory.h"

#include "wire/steam/vdf_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_VDF  "text/vdf; charset=UTF-8"
#define TEXT_JSON "application/json; charset=UTF-8"
#define TEXT      "text/plain; charset=UTF-8"

const char directory_help[] =
	"  GET    /sim/ledger                what was asked: counts of requests, of each app, logons, open "
	"sessions (JSON)\n"
	"  POST   /sim/changes?apps=440,480&packages=0&what=build|metadata\n"
	"                                    changes products: new change numbers; `build` also raises the public "
	"build id\n"
	"  POST   /sim/faults                the body is one rule a line\n"
	"  DELETE /sim/faults                forgets all rules\n"
	"  POST   /sim/reset                 forgets what was counted (so CALLS of rules begin at 1 again)\n"
	"  POST   /sim/sessions?do=kick&eresult=6   logs every session off, unasked\n"
	"  POST   /sim/sessions?do=cut|freeze       closes every connection without a word, or leaves it open and "
	"dead\n"
	"  GET    /sim/app/ID /sim/package/ID  the bytes of a product's buffer, as product info sends them\n";

/* The value of one parameter of the query into `to`; false when it is not there. */
static bool parameter(const char *query, const char *name, char *to, size_t room)
{
	size_t n = strlen(name);
	for (const char *at = query; at; at = strchr(at, '&')) {
		at += *at == '&';
		if (!strncmp(at, name, n) && at[n] == '=') {
			snprintf(to, room, "%.*s", (int)strcspn(at + n + 1, "&"), at + n + 1);
			return true;
		}
	}
	return false;
}

/* The `i`th connection manager of all, those by WebSocket first; NULL: there are not so many. */
static const char *endpoint(const struct directory *d, size_t i, const char **ret_type)
{
	bool tcp = i >= d->endpoints_n;
	*ret_type = tcp ? "netfilter" : "websockets";
	if (!tcp)
		return d->endpoints[i];
	return i - d->endpoints_n < d->tcp_n ? d->tcp[i - d->endpoints_n] : NULL;
}

static bool put_vdf(const struct directory *d, struct buf *to)
{
	struct arena a = { 0 };
	struct vdf doc = { .key = "" };
	struct vdf *response = vdf_add(&doc, &a, VDF_OBJECT, "response");
	struct vdf *list = response ? vdf_add(response, &a, VDF_OBJECT, "serverlist") : NULL;
	bool good = list != NULL;
	const char *name, *type;

	for (size_t i = 0; good && (name = endpoint(d, i, &type)); i++) {
		char key[24], load[32];
		snprintf(key, sizeof(key), "%zu", i);
		snprintf(load, sizeof(load), "%zu.25", 20 + i);
		struct vdf *e = vdf_add(list, &a, VDF_OBJECT, key);
		good = e && vdf_add_text(e, &a, "endpoint", name) && vdf_add_text(e, &a, "legacy_endpoint", name) &&
		       vdf_add_text(e, &a, "type", type) && vdf_add_text(e, &a, "dc", "sim1") &&
		       vdf_add_text(e, &a, "realm", "steamglobal") && vdf_add_text(e, &a, "load", "20") &&
		       vdf_add_text(e, &a, "wtd_load", load);
	}
	good = good && vdf_add_text(response, &a, "success", "1") && vdf_add_text(response, &a, "message", "");
	if (good)
		vdf_text_write(to, &doc, VDF_TEXT_WEB);
	arena_done(&a);
	return good;
}

static void put_json(const struct directory *d, struct buf *to)
{
	const char *name, *type;

	buf_str(to, "{\"response\":{\"serverlist\":[");
	for (size_t i = 0; (name = endpoint(d, i, &type)); i++)
		buf_fmt(to,
			"%s{\"endpoint\":\"%s\",\"legacy_endpoint\":\"%s\",\"type\":\"%s\",\"dc\":\"sim1\","
			"\"realm\":\"steamglobal\",\"load\":\"20\",\"wtd_load\":\"%zu.25\"}",
			i ? "," : "", name, name, type, 20 + i);
	buf_str(to, "],\"success\":true,\"message\":\"\"}}");
}

/* Without a type both kinds are told. */
static void list_cms(struct directory *d, const char *query, struct directory_answer *ret)
{
	char format[16] = "json", type[16] = "";
	struct effect e = sim_count(d->sim, REQUEST_DIRECTORY);
	struct directory told = *d;

	parameter(query, "format", format, sizeof(format));
	parameter(query, "cmtype", type, sizeof(type));
	ret->latency_ms = e.latency_ms;
	ret->drop = e.drop || e.cm_drop;
	if (e.http) {
		ret->status = (int)e.http;
		return;
	}
	if (e.empty || (*type && strcmp(type, "websockets") != 0))
		told.endpoints_n = 0;
	if (e.empty || (*type && strcmp(type, "netfilter") != 0))
		told.tcp_n = 0;
	ret->type = !strcmp(format, "vdf") ? TEXT_VDF : TEXT_JSON;
	if (strcmp(format, "vdf") != 0)
		put_json(&told, &ret->body);
	else if (!put_vdf(&told, &ret->body))
		ret->status = 500;
}

static void fail(struct directory_answer *ret, int status, const char *why)
{
	ret->status = status;
	buf_fmt(&ret->body, "%s\n", why);
}

static void add_rules(struct sim *sim, const char *body, struct directory_answer *ret)
{
	struct fault f = { 0 };

	while (*body) {
		char line[FAULTS_TEXT_MAX + 1];
		size_t n = strcspn(body, "\r\n");
		snprintf(line, sizeof(line), "%.*s", (int)(n < FAULTS_TEXT_MAX ? n : FAULTS_TEXT_MAX), body);
		if (n > 0 && faults_add(&sim->faults, line, &f) != RC_OK) {
			fail(ret, 400, f.text);
			return;
		}
		body += n;
		body += strspn(body, "\r\n");
	}
}

static void act_on_sessions(const char *query, struct directory_answer *ret)
{
	char what[16] = "", number[16] = "";
	char *end;

	parameter(query, "do", what, sizeof(what));
	parameter(query, "eresult", number, sizeof(number));
	long eresult = strtol(number, &end, 10);
	if (!strcmp(what, "cut"))
		ret->act = DIRECTORY_CUT;
	else if (!strcmp(what, "freeze"))
		ret->act = DIRECTORY_FREEZE;
	else if (!strcmp(what, "kick") && !*end && eresult > 0 && eresult < 1000)
		ret->act = DIRECTORY_KICK;
	else
		fail(ret, 422, "write do=cut, do=freeze, or do=kick&eresult=N");
	ret->eresult = (int32_t)eresult;
}

static void put_buffer(struct sim *sim, enum pics_kind kind, const char *id_text, struct directory_answer *ret)
{
	char *end;
	unsigned long id = strtoul(id_text, &end, 10);
	bool is_id = *id_text >= '0' && *id_text <= '9' && !*end && id <= UINT32_MAX;
	struct product *p = is_id ? world_find(&sim->world, kind, (uint32_t)id) : NULL;

	if (!p || world_ready(p, NULL) != RC_OK) {
		fail(ret, 404, "the world has no such product");
		return;
	}
	ret->type = "application/octet-stream";
	buf_put(&ret->body, p->buffer.p, p->buffer.n);
}

/* What a control is given: the path after its own, the query and the body. */
struct given {
	struct sim *sim;
	const char *rest, *query, *body;
};

static void show_ledger(const struct given *g, struct directory_answer *ret)
{
	ret->type = TEXT_JSON;
	sim_ledger(g->sim, &ret->body);
}

static void change(const struct given *g, struct directory_answer *ret)
{
	struct fault f = { 0 };
	if (sim_change(g->sim, *g->query ? g->query : g->body, &f) != RC_OK)
		fail(ret, rc_http(f.rc), f.text);
	else
		buf_fmt(&ret->body, "%u\n", g->sim->world.change);
}

static void add_faults(const struct given *g, struct directory_answer *ret) { add_rules(g->sim, g->body, ret); }

static void clear_faults(const struct given *g, struct directory_answer *ret)
{
	(void)ret;
	faults_clear(&g->sim->faults);
}

static void reset(const struct given *g, struct directory_answer *ret)
{
	(void)ret;
	sim_forget(g->sim);
}

static void sessions(const struct given *g, struct directory_answer *ret) { act_on_sessions(g->query, ret); }
static void show_app(const struct given *g, struct directory_answer *ret)
{
	put_buffer(g->sim, PICS_APP, g->rest, ret);
}
static void show_package(const struct given *g, struct directory_answer *ret)
{
	put_buffer(g->sim, PICS_PACKAGE, g->rest, ret);
}

/* A path that ends in '/' takes one more word. */
static const struct {
	const char *method, *path;
	void (*run)(const struct given *g, struct directory_answer *ret);
} controls[] = {
	{ "GET", "/sim/ledger", show_ledger },
	{ "POST", "/sim/changes", change },
	{ "POST", "/sim/faults", add_faults },
	{ "DELETE", "/sim/faults", clear_faults },
	{ "POST", "/sim/reset", reset },
	{ "POST", "/sim/sessions", sessions },
	{ "GET", "/sim/app/", show_app },
	{ "GET", "/sim/package/", show_package },
};

static void control(const char *method, const char *path, struct given *g, struct directory_answer *ret)
{
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		size_t n = strlen(controls[i].path);
		bool more = controls[i].path[n - 1] == '/';
		if (strcmp(method, controls[i].method) != 0 || strncmp(path, controls[i].path, n) != 0 ||
			(path[n] && !more))
			continue;
		g->rest = path + n;
		controls[i].run(g, ret);
		return;
	}
	ret->status = 404;
	buf_fmt(&ret->body, "there is:\n%s", directory_help);
}

void directory_answer(struct directory *d, const char *method, const char *path, const char *query,
	const char *body, struct directory_answer *ret)
{
	static const char list[] = "/ISteamDirectory/GetCMListForConnect/";

	*ret = (struct directory_answer){ .status = 200, .type = TEXT };
	if (!strncmp(path, "/sim/", 5)) {
		control(method, path, &(struct given){ .sim = d->sim, .query = query, .body = body }, ret);
	} else if (!strncmp(path, list, sizeof(list) - 1) && !strcmp(method, "GET")) {
		list_cms(d, query, ret);
	} else if (!strcmp(path, "/cmping/") && !strcmp(method, "GET")) {
		ret->extra_name = "X-Steam-CMLoad";
		ret->extra_value = "20";
	} else {
		fail(ret, 404, "steamsim has no such page");
	}
	log_info(d->sim->log, "page asked method=%s path=\"%s\" status=%d", method, path, ret->status);
}
