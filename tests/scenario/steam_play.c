/*
 * steam_play: runs a .scn file against the Steam session machine, on a clock that only the file moves. Connection managers
 * are "cm0" and up; a session starts with five of them, seed 1.
 *
 *   conf servers=N gap=MS            before anything else
 *   start | stop
 *   at MS                            the time is now MS (ticked)
 *   wait LO HI                       the machine wants to be ticked LO to HI ms from now; the time moves there (ticked)
 *   due MS                           it wants to be ticked at the moment MS
 *   opened | closed WHY              of the newest connection; `old opened`, `old closed` of the one before
 *   ask ping|changes SINCE|meta IDS|full IDS  [deadline=MS] [gap=MS]   ms from now; 440 is an app, 440:7 with a token, 1-50 many, p0 a package
 *   refused RC                       the last ask was refused so
 *   differs                          the newest connection goes to another server than the one before
 *   feed MESSAGE                     Steam says it on the newest connection; `hold` ... `release` puts those between into one
 *                                    gzipped Multi; `old feed` says it on the connection before
 *       logon ERESULT [beat=S] [oldbeat=S] [noid] [inbody]    badlogon    nested N (a logoff in N Multis)
 *       badbody JOB (product info that cannot be read)
 *       loggedoff ERESULT      garbage HEX      struct EMSG HEX     nothing EMSG
 *       jobfailed JOB                alive JOB              unavailable JOB
 *       changes JOB CURRENT [ID:NUMBER ...] [full]
 *       products JOB [more] [ID:NUMBER[:token|:bad] ...] [unknown=ID ...]       text buffers; in `meta` use metaproducts
 *       tokens JOB [ID:TOKEN ...] [denied=ID ...]
 *   expect connect | send NAME [job=N] [ids ...] | close | state NAME [WHY] | answer CALL KIND RC [...] | nothing
 */
#include "flow/steam_session.h"
#include "wire/steam/frame.h"

#include "proto/steam/pics.pb-c.h"
#include "proto/steam/session.pb-c.h"
#include "tests/unit/check.h"
#include "wire/steam/emsg.h"
#include "wire/steam/eresult.h"
#include "wire/steam/multi.h"
#include "wire/steam/pb.h"

#include <inttypes.h>

#define LINE_MAX_    1024
#define DID_MAX      64
#define SOME_ID      (117093590311632896u + 5)
#define SOME_SESSION (-77)

static struct steam_cms *cms;
static struct steam_session *s;
static uint64_t now;
static uint32_t conn, conn_before;
static char server[STEAM_CMS_NAME_MAX], server_before[STEAM_CMS_NAME_MAX];
static char did[DID_MAX][LINE_MAX_];
static unsigned did_in, did_out;
static struct buf held;
static bool holding;
static enum rc asked;
static const char *scenario;
static int line_no;

static void fail(const char *what, const char *a)
{
	fprintf(stderr, "%s:%d: %s: %s\n", scenario, line_no, what, a);
	exit(1);
}

/* ---- what the machine did, as text ---- */

static void add(char *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void add(char *to, const char *fmt, ...)
{
	size_t n = strlen(to);
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(to + n, LINE_MAX_ - n, fmt, ap);
	va_end(ap);
}

static void put_ask(char *to, const CMsgClientPICSProductInfoRequest *m)
{
	size_t all = m->n_apps + m->n_packages;
	if (all > 8) {
		add(to, " %zu ids%s", all, m->meta_data_only ? " meta" : "");
		CHECK(m->n_packages == 0 || m->packages[0]->packageid < 100);
		return;
	}
	for (size_t i = 0; i < m->n_apps; i++) {
		add(to, " %u", m->apps[i]->appid);
		if (m->apps[i]->has_access_token)
			add(to, ":%" PRIu64, m->apps[i]->access_token);
	}
	for (size_t i = 0; i < m->n_packages; i++) {
		add(to, " p%u", m->packages[i]->packageid);
		if (m->packages[i]->has_access_token)
			add(to, ":%" PRIu64, m->packages[i]->access_token);
	}
	if (m->meta_data_only)
		add(to, " meta");
}

static void put_body(char *to, uint32_t emsg, const ProtobufCMessage *m)
{
	if (emsg == EMSG_CLIENT_PICS_PRODUCT_INFO_REQUEST) {
		put_ask(to, (const CMsgClientPICSProductInfoRequest *)m);
	} else if (emsg == EMSG_CLIENT_PICS_CHANGES_SINCE_REQUEST) {
		const CMsgClientPICSChangesSinceRequest *c = (const CMsgClientPICSChangesSinceRequest *)m;
		add(to, " since=%u%s", c->since_change_number, c->send_app_info_changes ? " lists" : "");
	} else if (emsg == EMSG_CLIENT_PICS_ACCESS_TOKEN_REQUEST) {
		const CMsgClientPICSAccessTokenRequest *t = (const CMsgClientPICSAccessTokenRequest *)m;
		for (size_t i = 0; i < t->n_appids; i++)
			add(to, " %u", t->appids[i]);
		for (size_t i = 0; i < t->n_packageids; i++)
			add(to, " p%u", t->packageids[i]);
	}
}

static void put_sent(char *to, const struct steam_session_act *a)
{
	struct arena arena = { 0 };
	struct steam_frame fr;
	ProtobufCMessage *m;
	struct fault f = { 0 };

	CHECK(steam_frame_parse(a->p, a->n, &arena, &fr, &f) == RC_OK);
	add(to, "send %s", emsg_name(fr.emsg));
	if (fr.job_source != STEAM_JOB_NONE)
		add(to, " job=%" PRIu64, fr.job_source);
	CHECK(emsg_body(fr.emsg) && pb_unpack(emsg_body(fr.emsg), fr.body, fr.body_n, &arena, &m, &f) == RC_OK);
	CHECK(m->n_unknown_fields == 0);
	if (fr.emsg != EMSG_CLIENT_HELLO && fr.emsg != EMSG_CLIENT_LOGON)
		CHECK(fr.steamid == SOME_ID && fr.session == SOME_SESSION);
	put_body(to, fr.emsg, m);
	arena_done(&arena);
}

static void put_products(char *to, const struct steam_call *c)
{
	static const char *const states[] = { "unanswered", "known", "unknown", "damaged" };
	unsigned n[4] = { 0 };

	for (size_t i = 0; i < c->products_n; i++)
		n[c->products[i].state]++;
	if (c->products_n > 8) {
		for (int i = 0; i < 4; i++)
			if (n[i])
				add(to, " %s=%u", states[i], n[i]);
		return;
	}
	for (size_t i = 0; i < c->products_n; i++) {
		const struct steam_product *p = &c->products[i];
		add(to, " %s%u:%s", p->kind == PICS_PACKAGE ? "p" : "", p->id, states[p->state]);
		if (p->state == STEAM_PRODUCT_KNOWN)
			add(to, ":%u:%zu%s%s", p->change_number, p->buffer_n, p->missing_token ? ":missing" : "",
				p->denied ? ":denied" : "");
	}
}

static void put_answer(char *to, struct steam_call *c)
{
	static const char *const kinds[] = { "ping", "changes", "products" };

	add(to, "answer %" PRIu64 " %s %s", c->id, kinds[c->kind], rc_name(c->rc));
	if (c->rc != RC_OK)
		add(to, " '%s'", c->fault.text);
	if (c->kind == STEAM_CALL_PING && c->rc == RC_OK)
		add(to, " %u", c->current);
	if (c->kind == STEAM_CALL_CHANGES && c->rc == RC_OK) {
		add(to, " %u%s%s", c->changes.current, c->changes.full_apps ? " full" : "",
			c->changes.full_packages ? " full_packages" : "");
		for (size_t i = 0; i < c->changes.apps_n; i++)
			add(to, " %u:%u", c->changes.apps[i].id, c->changes.apps[i].number);
	}
	if (c->kind == STEAM_CALL_PRODUCTS)
		put_products(to, c);
	steam_call_free(c);
}

static void put_act(char *to, const struct steam_session_act *a)
{
	switch (a->kind) {
	case STEAM_SESSION_CONNECT:
		CHECK(a->conn != conn);
		conn_before = conn;
		conn = a->conn;
		add(to, "connect");
		snprintf(server_before, sizeof(server_before), "%s", server);
		snprintf(server, sizeof(server), "%s", a->endpoint);
		CHECK(!strncmp(a->endpoint, "cm", 2));
		return;
	case STEAM_SESSION_SEND:
		CHECK(a->conn == conn);
		put_sent(to, a);
		return;
	case STEAM_SESSION_CLOSE:
		CHECK(a->conn == conn);
		add(to, "close");
		return;
	case STEAM_SESSION_STATE:
		CHECK(a->state == steam_session_state(s));
		add(to, "state %s%s%s", steam_session_state_name(a->state), a->why[0] ? " " : "", a->why);
		return;
	case STEAM_SESSION_ANSWER:
		put_answer(to, a->call);
		return;
	case STEAM_SESSION_PUSH:
		fail("a push in an anonymous session", "");
	}
}

static void drain(void)
{
	struct steam_session_act a;
	while (steam_session_next(s, &a)) {
		CHECK(did_in - did_out < DID_MAX);
		char *to = did[did_in++ % DID_MAX];
		to[0] = 0;
		put_act(to, &a);
	}
}

/* ---- what Steam says ---- */

static char *word(char **at) { return strtok_r(NULL, " ", at); }

static uint64_t number(const char *t)
{
	char *end;
	uint64_t v = t ? strtoull(t, &end, 10) : 0;
	if (!t || *end)
		fail("not a number", t ? t : "(none)");
	return v;
}

static void say(const struct buf *message, bool old)
{
	if (holding)
		steam_multi_add(&held, message->p, message->n);
	else
		steam_session_feed(s, now, old ? conn_before : conn, message->p, message->n);
	drain();
}

static void say_body(uint32_t emsg, uint64_t job, const ProtobufCMessage *m, bool old)
{
	struct buf b = { 0 };
	struct steam_frame fr = { .emsg = emsg,
		.steamid = SOME_ID,
		.session = SOME_SESSION,
		.job_source = STEAM_JOB_NONE,
		.job_target = job };
	if (m)
		steam_frame_write_message(&b, &fr, m);
	else
		steam_frame_write(&b, &fr);
	say(&b, old);
	buf_done(&b);
}

static void say_logon(char *rest, bool old)
{
	CMsgClientLogonResponse m = CMSG_CLIENT_LOGON_RESPONSE__INIT;
	struct steam_frame fr = { .emsg = EMSG_CLIENT_LOG_ON_RESPONSE,
		.steamid = SOME_ID,
		.session = SOME_SESSION,
		.job_source = STEAM_JOB_NONE,
		.job_target = STEAM_JOB_NONE };
	struct buf b = { 0 };

	m.has_eresult = m.has_heartbeat_seconds = 1;
	m.eresult = (int32_t)number(word(&rest));
	m.heartbeat_seconds = 9;
	for (char *t; (t = word(&rest));) {
		if (!strncmp(t, "beat=", 5)) {
			m.heartbeat_seconds = (int32_t)number(t + 5);
		} else if (!strncmp(t, "oldbeat=", 8)) {
			m.has_heartbeat_seconds = 0;
			m.has_legacy_out_of_game_heartbeat_seconds = 1;
			m.legacy_out_of_game_heartbeat_seconds = (int32_t)number(t + 8);
		} else if (!strcmp(t, "inbody")) {
			m.has_client_supplied_steamid = 1;
			m.client_supplied_steamid = SOME_ID;
			fr.steamid = 0;
		} else if (!strcmp(t, "noid")) {
			fr.steamid = 0;
		} else {
			fail("a logon does not say", t);
		}
	}
	steam_frame_write_message(&b, &fr, &m.base);
	say(&b, old);
	buf_done(&b);
}

static struct buf from_hex(const char *hex)
{
	struct buf b = { 0 };
	unsigned v;
	for (; hex && sscanf(hex, "%2x", &v) == 1; hex += 2)
		buf_u8(&b, (uint8_t)v);
	return b;
}

static void say_struct(char *rest, bool old)
{
	uint32_t emsg = (uint32_t)number(word(&rest));
	struct buf body = from_hex(word(&rest)), b = { 0 };
	steam_frame_write(&b, &(struct steam_frame){ .kind = STEAM_FRAME_STRUCT,
				      .emsg = emsg,
				      .job_source = STEAM_JOB_NONE,
				      .job_target = STEAM_JOB_NONE,
				      .body = body.p,
				      .body_n = body.n });
	say(&b, old);
	buf_done(&body);
	buf_done(&b);
}

static void say_unavailable(char *rest, bool old)
{
	struct buf body = { 0 }, b = { 0 };
	buf_le64(&body, number(word(&rest)));
	buf_le32(&body, 8903);
	buf_le32(&body, 1);
	steam_frame_write(&b, &(struct steam_frame){ .kind = STEAM_FRAME_STRUCT,
				      .emsg = EMSG_CLIENT_SERVER_UNAVAILABLE,
				      .job_source = STEAM_JOB_NONE,
				      .job_target = STEAM_JOB_NONE,
				      .body = body.p,
				      .body_n = body.n });
	say(&b, old);
	buf_done(&body);
	buf_done(&b);
}

static void say_changes(char *rest, bool old)
{
	CMsgClientPICSChangesSinceResponse__AppChange at[64], *pointers[64];
	CMsgClientPICSChangesSinceResponse m = CMSG_CLIENT_PICSCHANGES_SINCE_RESPONSE__INIT;
	uint64_t job = number(word(&rest));
	char *t;

	m.has_current_change_number = 1;
	m.current_change_number = (uint32_t)number(word(&rest));
	m.app_changes = pointers;
	while ((t = word(&rest))) {
		if (!strcmp(t, "full")) {
			m.has_force_full_update = m.force_full_update = 1;
			continue;
		}
		if (!strcmp(t, "full_packages")) {
			m.has_force_full_package_update = m.force_full_package_update = 1;
			continue;
		}
		CMsgClientPICSChangesSinceResponse__AppChange *a = pointers[m.n_app_changes] = &at[m.n_app_changes];
		cmsg_client_picschanges_since_response__app_change__init(a);
		CHECK(sscanf(t, "%u:%u", &a->appid, &a->change_number) == 2);
		a->has_appid = a->has_change_number = 1;
		m.n_app_changes++;
	}
	say_body(EMSG_CLIENT_PICS_CHANGES_SINCE_RESPONSE, job, &m.base, old);
}

#define PRODUCTS_MAX 200

/* One "pID:NUMBER[:token]" into a package's record; without a buffer. */
static void package_record(CMsgClientPICSProductInfoResponse__PackageInfo *p, const char *t)
{
	char extra[16] = "";
	cmsg_client_picsproduct_info_response__package_info__init(p);
	if (sscanf(t, "p%u:%u:%15s", &p->packageid, &p->change_number, extra) < 2)
		fail("not pID:NUMBER", t);
	p->has_packageid = p->has_change_number = p->has_missing_token = 1;
	p->missing_token = !strcmp(extra, "token");
}

/* One "ID:NUMBER[:token|:bad]" into an app's record; the buffer is a text that names the id. */
static void app_record(CMsgClientPICSProductInfoResponse__AppInfo *a, const char *t, char buffer[static 64],
	uint8_t *sha, bool meta)
{
	char extra[16] = "";
	cmsg_client_picsproduct_info_response__app_info__init(a);
	if (sscanf(t, "%u:%u:%15s", &a->appid, &a->change_number, extra) < 2)
		fail("not ID:NUMBER", t);
	a->has_appid = a->has_change_number = a->has_size = 1;
	a->has_missing_token = a->missing_token = !strcmp(extra, "token");
	int n = snprintf(buffer, 64, "\"appinfo\"\n{\n\t\"appid\"\t\t\"%u\"\n}\n", a->appid) + 1;
	a->size = (uint32_t)n;
	pics_sha(PICS_APP, buffer, (size_t)n, sha);
	sha[0] ^= !strcmp(extra, "bad");
	a->has_sha = 1;
	a->sha = (ProtobufCBinaryData){ .data = sha, .len = PICS_SHA };
	a->has_buffer = !meta;
	a->buffer = (ProtobufCBinaryData){ .data = (uint8_t *)buffer, .len = (size_t)n };
}

static void say_products(char *rest, bool meta, bool old)
{
	static CMsgClientPICSProductInfoResponse__AppInfo apps[PRODUCTS_MAX], *pointers[PRODUCTS_MAX];
	static char buffers[PRODUCTS_MAX][64];
	static uint8_t shas[PRODUCTS_MAX][PICS_SHA];
	static CMsgClientPICSProductInfoResponse__PackageInfo packages[16], *package_pointers[16];
	uint32_t unknown[16], unknown_packages[16];
	CMsgClientPICSProductInfoResponse m = CMSG_CLIENT_PICSPRODUCT_INFO_RESPONSE__INIT;
	uint64_t job = number(word(&rest));
	char *t, range[32];

	m.apps = pointers;
	m.packages = package_pointers;
	m.unknown_appids = unknown;
	m.unknown_packageids = unknown_packages;
	m.has_response_pending = 1;
	while ((t = word(&rest))) {
		unsigned from, to;
		if (!strcmp(t, "more")) {
			m.response_pending = 1;
		} else if (!strncmp(t, "unknown=p", 9)) {
			unknown_packages[m.n_unknown_packageids++] = (uint32_t)number(t + 9);
		} else if (!strncmp(t, "unknown=", 8)) {
			unknown[m.n_unknown_appids++] = (uint32_t)number(t + 8);
		} else if (*t == 'p') {
			package_record(package_pointers[m.n_packages] = &packages[m.n_packages], t);
			m.n_packages++;
		} else if (sscanf(t, "%u-%u", &from, &to) == 2) {
			for (; from <= to; from++, m.n_apps++) {
				snprintf(range, sizeof(range), "%u:1", from);
				CHECK(m.n_apps < PRODUCTS_MAX);
				app_record(pointers[m.n_apps] = &apps[m.n_apps], range, buffers[m.n_apps],
					shas[m.n_apps], meta);
			}
		} else {
			app_record(
				pointers[m.n_apps] = &apps[m.n_apps], t, buffers[m.n_apps], shas[m.n_apps], meta);
			m.n_apps++;
		}
	}
	say_body(EMSG_CLIENT_PICS_PRODUCT_INFO_RESPONSE, job, &m.base, old);
}

static void say_tokens(char *rest, bool old)
{
	CMsgClientPICSAccessTokenResponse__AppToken at[16], *pointers[16];
	CMsgClientPICSAccessTokenResponse__PackageToken package_at[16], *package_pointers[16];
	uint32_t denied[16], denied_packages[16];
	CMsgClientPICSAccessTokenResponse m = CMSG_CLIENT_PICSACCESS_TOKEN_RESPONSE__INIT;
	uint64_t job = number(word(&rest));
	char *t;

	m.app_access_tokens = pointers;
	m.app_denied_tokens = denied;
	m.package_access_tokens = package_pointers;
	m.package_denied_tokens = denied_packages;
	while ((t = word(&rest))) {
		if (!strncmp(t, "denied=p", 8)) {
			denied_packages[m.n_package_denied_tokens++] = (uint32_t)number(t + 8);
		} else if (!strncmp(t, "denied=", 7)) {
			denied[m.n_app_denied_tokens++] = (uint32_t)number(t + 7);
		} else if (*t == 'p') {
			CMsgClientPICSAccessTokenResponse__PackageToken *p = &package_at[m.n_package_access_tokens];
			cmsg_client_picsaccess_token_response__package_token__init(p);
			CHECK(sscanf(t, "p%u:%" PRIu64, &p->packageid, &p->access_token) == 2);
			p->has_packageid = p->has_access_token = 1;
			package_pointers[m.n_package_access_tokens++] = p;
		} else {
			CMsgClientPICSAccessTokenResponse__AppToken *a = &at[m.n_app_access_tokens];
			cmsg_client_picsaccess_token_response__app_token__init(a);
			CHECK(sscanf(t, "%u:%" PRIu64, &a->appid, &a->access_token) == 2);
			a->has_appid = a->has_access_token = 1;
			pointers[m.n_app_access_tokens++] = a;
		}
	}
	say_body(EMSG_CLIENT_PICS_ACCESS_TOKEN_RESPONSE, job, &m.base, old);
}

/* Puts the message into a Multi of its own. */
static void wrap(struct buf *message)
{
	struct buf run = { 0 }, body = { 0 };
	struct fault f = { 0 };
	steam_multi_add(&run, message->p, message->n);
	CHECK(steam_multi_write(&body, &run, false, &f) == RC_OK);
	message->n = 0;
	steam_frame_write(message, &(struct steam_frame){ .emsg = EMSG_MULTI,
					   .job_source = STEAM_JOB_NONE,
					   .job_target = STEAM_JOB_NONE,
					   .body = body.p,
					   .body_n = body.n });
	buf_done(&run);
	buf_done(&body);
}

static void say_nested(unsigned depth)
{
	CMsgClientLoggedOff m = CMSG_CLIENT_LOGGED_OFF__INIT;
	struct buf b = { 0 };
	steam_frame_write_message(&b,
		&(struct steam_frame){ .emsg = EMSG_CLIENT_LOGGED_OFF,
			.job_source = STEAM_JOB_NONE,
			.job_target = STEAM_JOB_NONE },
		&m.base);
	while (depth-- > 0)
		wrap(&b);
	say(&b, false);
	buf_done(&b);
}

static void feed(char *arg, bool old)
{
	char *rest, *what = strtok_r(arg, " ", &rest);

	if (!strcmp(what, "logon")) {
		say_logon(rest, old);
	} else if (!strcmp(what, "loggedoff")) {
		CMsgClientLoggedOff m = CMSG_CLIENT_LOGGED_OFF__INIT;
		m.has_eresult = 1;
		m.eresult = (int32_t)number(word(&rest));
		say_body(EMSG_CLIENT_LOGGED_OFF, STEAM_JOB_NONE, &m.base, old);
	} else if (!strcmp(what, "badlogon")) {
		struct buf b = { 0 };
		steam_frame_write(&b, &(struct steam_frame){ .emsg = EMSG_CLIENT_LOG_ON_RESPONSE,
					      .job_source = STEAM_JOB_NONE,
					      .job_target = STEAM_JOB_NONE,
					      .body = (const uint8_t *)"\x08",
					      .body_n = 1 });
		say(&b, old);
		buf_done(&b);
	} else if (!strcmp(what, "badbody")) {
		struct buf b = { 0 };
		uint64_t job = number(word(&rest));
		steam_frame_write(&b, &(struct steam_frame){ .emsg = EMSG_CLIENT_PICS_PRODUCT_INFO_RESPONSE,
					      .job_source = STEAM_JOB_NONE,
					      .job_target = job,
					      .body = (const uint8_t *)"\x0a\xff",
					      .body_n = 2 });
		say(&b, old);
		buf_done(&b);
	} else if (!strcmp(what, "nested")) {
		say_nested((unsigned)number(word(&rest)));
	} else if (!strcmp(what, "garbage")) {
		struct buf b = from_hex(word(&rest));
		say(&b, old);
		buf_done(&b);
	} else if (!strcmp(what, "struct")) {
		say_struct(rest, old);
	} else if (!strcmp(what, "nothing")) {
		say_body((uint32_t)number(word(&rest)), STEAM_JOB_NONE, NULL, old);
	} else if (!strcmp(what, "jobfailed")) {
		say_body(EMSG_DEST_JOB_FAILED, number(word(&rest)), NULL, old);
	} else if (!strcmp(what, "alive")) {
		say_body(EMSG_JOB_HEARTBEAT, number(word(&rest)), NULL, old);
	} else if (!strcmp(what, "unavailable")) {
		say_unavailable(rest, old);
	} else if (!strcmp(what, "changes")) {
		say_changes(rest, old);
	} else if (!strcmp(what, "products") || !strcmp(what, "metaproducts")) {
		say_products(rest, what[0] == 'm', old);
	} else if (!strcmp(what, "tokens")) {
		say_tokens(rest, old);
	} else {
		fail("Steam cannot say", what);
	}
}

static void release(void)
{
	struct buf body = { 0 }, b = { 0 };
	struct fault f = { 0 };

	holding = false;
	CHECK(steam_multi_write(&body, &held, true, &f) == RC_OK);
	steam_frame_write(&b, &(struct steam_frame){ .emsg = EMSG_MULTI,
				      .job_source = STEAM_JOB_NONE,
				      .job_target = STEAM_JOB_NONE,
				      .body = body.p,
				      .body_n = body.n });
	buf_done(&held);
	say(&b, false);
	buf_done(&body);
	buf_done(&b);
}

/* ---- what the asker asks ---- */

static void ask(char *arg)
{
	static struct steam_product products[STEAM_CALL_IDS_MAX + 1];
	struct steam_ask a = { .deadline_ms = now + 30000, .products = products };
	char *rest, *t = strtok_r(arg, " ", &rest);
	uint64_t id;
	struct fault f = { 0 };

	a.kind = !strcmp(t, "ping")      ? STEAM_CALL_PING
		 : !strcmp(t, "changes") ? STEAM_CALL_CHANGES
					 : STEAM_CALL_PRODUCTS;
	a.metadata_only = !strcmp(t, "meta");
	while ((t = word(&rest))) {
		unsigned from, to;
		if (!strncmp(t, "deadline=", 9))
			a.deadline_ms = now + number(t + 9);
		else if (!strncmp(t, "gap=", 4))
			a.gap_ms = (uint32_t)number(t + 4);
		else if (a.kind == STEAM_CALL_CHANGES)
			a.since = (uint32_t)number(t);
		else if (sscanf(t, "%u-%u", &from, &to) == 2)
			for (; from <= to; from++)
				products[a.products_n++] = (struct steam_product){ .id = from };
		else if (sscanf(t, "p%u-%u", &from, &to) == 2)
			for (; from <= to; from++)
				products[a.products_n++] =
					(struct steam_product){ .kind = PICS_PACKAGE, .id = from };
		else if (strchr(t, ':'))
			products[a.products_n++] = (struct steam_product){ .id = (uint32_t)strtoul(t, NULL, 10),
				.token = number(strchr(t, ':') + 1) };
		else if (*t == 'p')
			products[a.products_n++] =
				(struct steam_product){ .kind = PICS_PACKAGE, .id = (uint32_t)number(t + 1) };
		else
			products[a.products_n++] = (struct steam_product){ .id = (uint32_t)number(t) };
	}
	asked = steam_session_ask(s, now, &a, &id, &f);
	CHECK(asked == RC_OK || f.text[0]);
	drain();
}

/* ---- the file ---- */

static void begin(char *arg)
{
	unsigned servers = 5, gap = 0;
	const char *names[64];
	static char texts[64][16];
	char *t;
	struct fault f = { 0 };

	if (arg && (t = strstr(arg, "servers=")))
		servers = (unsigned)strtoul(t + 8, NULL, 10);
	if (arg && (t = strstr(arg, "gap=")))
		gap = (unsigned)strtoul(t + 4, NULL, 10);
	for (unsigned i = 0; i < servers; i++) {
		snprintf(texts[i], sizeof(texts[i]), "cm%u", i);
		names[i] = texts[i];
	}
	cms = steam_cms_new();
	CHECK(cms && steam_cms_set(cms, names, servers, &f) == RC_OK);
	CHECK(steam_session_new(&(struct steam_session_conf){ .keep_cms = cms, .seed = 1, .logon_gap_ms = gap }, &s,
		      &f) == RC_OK);
}

static void tick(uint64_t at)
{
	CHECK(at >= now);
	now = at;
	steam_session_tick(s, now);
	drain();
}

static void wait_for(const char *arg)
{
	unsigned long long lo, hi;
	char text[80];
	uint64_t due = steam_session_due(s);

	CHECK(sscanf(arg, "%llu %llu", &lo, &hi) == 2);
	if (due < now + lo || due > now + hi) {
		snprintf(text, sizeof(text), "due in %" PRId64 " ms", (int64_t)(due - now));
		fail("outside of what was said", text);
	}
	/* Not a moment too early. */
	if (due > now)
		tick(due - 1);
	tick(due);
}

static void expect(const char *arg)
{
	const char *d = did_in > did_out ? did[did_out++ % DID_MAX] : "nothing";
	if (strcmp(d, arg) != 0) {
		fprintf(stderr, "%s:%d: expected '%s', did '%s'\n", scenario, line_no, arg, d);
		exit(1);
	}
}

static bool socket_line(const char *what, char *arg, bool old)
{
	uint32_t c = old ? conn_before : conn;
	if (!strcmp(what, "opened"))
		steam_session_opened(s, now, c);
	else if (!strcmp(what, "closed"))
		steam_session_closed(s, now, c, arg ? arg : "");
	else if (!strcmp(what, "feed"))
		feed(arg, old);
	else
		return false;
	drain();
	return true;
}

static void step(char *what, char *arg)
{
	if (!strcmp(what, "old")) {
		char *rest = NULL, *w = strtok_r(arg, " ", &rest);
		CHECK(socket_line(w, rest, true));
	} else if (socket_line(what, arg, false)) {
		return;
	} else if (!strcmp(what, "start")) {
		steam_session_start(s, now);
		drain();
	} else if (!strcmp(what, "stop")) {
		steam_session_stop(s, now);
		drain();
	} else if (!strcmp(what, "at")) {
		tick(number(arg));
	} else if (!strcmp(what, "wait")) {
		wait_for(arg);
	} else if (!strcmp(what, "due")) {
		uint64_t want = !strcmp(arg, "never") ? UINT64_MAX : number(arg);
		if (steam_session_due(s) != want) {
			fprintf(stderr, "%s:%d: due %" PRIu64 "\n", scenario, line_no, steam_session_due(s));
			exit(1);
		}
	} else if (!strcmp(what, "hold")) {
		holding = true;
	} else if (!strcmp(what, "release")) {
		release();
	} else if (!strcmp(what, "ask")) {
		ask(arg);
	} else if (!strcmp(what, "refused")) {
		CHECK(!strcmp(rc_name(asked), arg));
	} else if (!strcmp(what, "differs")) {
		CHECK(strcmp(server, server_before) != 0);
	} else if (!strcmp(what, "expect")) {
		expect(arg);
	} else {
		fail("no such line", what);
	}
}

int main(int argc, char **argv)
{
	FILE *in = argc > 1 ? fopen(argv[1], "r") : NULL;
	static char line[16384];
	CHECK(in != NULL);
	scenario = argv[1];

	while (fgets(line, sizeof(line), in)) {
		line_no++;
		line[strcspn(line, "\n")] = 0;
		if (!line[0] || line[0] == '#')
			continue;
		char *arg = strchr(line, ' ');
		if (arg)
			*arg++ = 0;
		if (!s)
			begin(!strcmp(line, "conf") ? arg : NULL);
		if (strcmp(line, "conf") != 0)
			step(line, arg);
	}
	if (did_in != did_out)
		fail("done and not expected", did[did_out % DID_MAX]);
	fclose(in);
	steam_session_free(s);
	steam_cms_free(cms);
	return 0;
}
