/*
 * Messages of single logout by query and by form, ours read as if they were the provider's: what is signed is believed, and nothing
 * that differs from it in one thing. Our metadata, our keys while one follows another, the cookie of a question, and what is
 * deflated beyond measure.
 */
#include "control/sso/provider.h"
#include "control/sso/saml_call.h"
#include "control/sso/saml_expect.h"
#include "control/sso/saml_logout.h"
#include "control/sso/saml_metadata.h"
#include "control/sso/saml_sessions.h"
#include "control/sso/saml_sign.h"
#include "control/sso/saml_sp.h"
#include "control/sso/saml_state.h"
#include "control/sso/saml_write.h"
#include "wire/base64.h"

#include "tests/unit/control/desk.h"

#include <libdeflate.h>
#include <openssl/evp.h>

#define SLO "https://sp.example.test/v1/auth/saml/corp/slo"

static struct desk d;
static struct provider idp = {
	.row = { .id = "idp_1", .kind = PROVIDER_SAML, .name = "corp", .base_url = "https://sp.example.test" }
};
static struct saml_sp us, stranger;
static struct saml_certs certs;
static struct saml_expect expect;

static void make(struct saml_sp *sp)
{
	struct tx *tx = desk_begin(&d);
	struct saml_key_made made = { 0 };

	CHECK(saml_sp_make(tx, &idp, &made) == RC_OK);
	CHECK(saml_sp_adopt(sp, &made, tx->arena) == RC_OK);
	sp->keys[0].certificate = strdup(sp->keys[0].certificate);
	sp->entity_id = "https://idp.example.test";
	sp->acs_url = sp->slo_url = SLO;
	desk_commit(&d);
}

struct way {
	const struct saml_sp *by;
	enum saml_binding binding;
	const char *to, *relay;
	int64_t now_ms;
	const struct saml_subject *who;
};

static const struct saml_subject alice = { .name_id = "a<b>&\"c\"", .session_index = "_s1" };

static struct saml_sent send(const struct way *w)
{
	const struct saml_endpoint at = { w->binding, w->to, w->to };
	const struct saml_head head = { saml_state_id(&d.arena), w->to, w->now_ms };
	struct buf xml = { 0 };
	struct saml_sent sent = { 0 };

	saml_write_logout_request(w->by, &at, &head, w->who, &xml);
	const struct saml_message m = { &at, false, &xml, w->relay };
	CHECK(saml_write_send(w->by, &m, &d.arena, &sent, &d.fault) == RC_OK);
	buf_done(&xml);
	return sent;
}

static struct way usual(enum saml_binding binding)
{
	return (struct way){ &us, binding, SLO, "relay", d.tx.now_ms, &alice };
}

/* The value of a parameter, unescaped. */
static char *value_of(const char *query, const char *name)
{
	const char *at = strstr(query, name);
	struct buf b = { 0 };

	CHECK(at);
	for (at += strlen(name) + 1; *at && *at != '&'; at++) {
		unsigned c = (unsigned char)*at;
		if (*at == '%') {
			CHECK(sscanf(at + 1, "%2x", &c) == 1);
			at += 2;
		}
		buf_u8(&b, (uint8_t)c);
	}
	char *s = arena_str(&d.arena, buf_text(&b));
	buf_done(&b);
	return s;
}

static struct saml_logout_in by_query(const char *location)
{
	const char *query = strchr(location, '?') + 1;

	return (struct saml_logout_in){ .message = value_of(query, "SAMLRequest"),
		.relay = strstr(query, "RelayState") ? value_of(query, "RelayState") : NULL,
		.by_query = true,
		.query = query,
		.algorithm = value_of(query, "SigAlg"),
		.signature = value_of(query, "Signature") };
}

static void is_read(const struct saml_logout_in *in)
{
	struct saml_logout l = { 0 };
	struct fault f = { 0 };

	if (saml_logout_read(in, &expect, &d.arena, &l, &f) != RC_OK) {
		fprintf(stderr, "refused: %s\n", f.text);
		exit(1);
	}
	CHECK_STR(l.name_id, alice.name_id);
	CHECK(l.indexes.n == 1);
	CHECK_STR(((const char *const *)l.indexes.at)[0], "_s1");
	CHECK(l.until_ms > d.tx.now_ms);
}

static void is_refused(const struct saml_logout_in *in, const char *words)
{
	struct saml_logout l = { 0 };
	struct fault f = { 0 };

	CHECK(saml_logout_read(in, &expect, &d.arena, &l, &f) != RC_OK);
	if (!strstr(f.text, words)) {
		fprintf(stderr, "refused, but not for '%s': %s\n", words, f.text);
		exit(1);
	}
	CHECK(!l.id);
}

static void queries_are_believed_when_signed(void)
{
	struct way w = usual(SAML_REDIRECT);
	struct saml_logout_in in = by_query(send(&w).location), changed;
	char *query = arena_str(&d.arena, in.query);

	is_read(&in);
	changed = in;
	changed.signature = NULL;
	is_refused(&changed, "not signed");
	changed = in;
	changed.algorithm = "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
	is_refused(&changed, "SigAlg");
	changed = in;
	changed.algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
	is_refused(&changed, "not by a key of");
	changed = in;
	strstr(query, "RelayState=")[11] = 'x';
	changed.query = query;
	is_refused(&changed, "not by a key of");
	changed.query = arena_fmt(&d.arena, "%s&RelayState=relay", in.query);
	is_refused(&changed, "there twice");
	changed = in; /* the RelayState is left out, of what is signed, too */
	changed.relay = NULL;
	changed.query = arena_fmt(&d.arena, "%.*s%s", (int)(strstr(in.query, "&RelayState") - in.query), in.query,
		strstr(in.query, "&SigAlg"));
	is_refused(&changed, "not by a key of");
	changed = in; /* a request is no response */
	changed.is_response = true;
	is_refused(&changed, "is missing");
	w.by = &stranger;
	in = by_query(send(&w).location);
	is_refused(&in, "not by a key of");
	w = usual(SAML_REDIRECT);
	w.relay = NULL;
	in = by_query(send(&w).location);
	is_read(&in);
}

static void forms_are_believed_when_signed(void)
{
	struct way w = usual(SAML_POST);
	struct saml_sent sent = send(&w);
	struct saml_logout_in in = { .message = sent.message, .relay = "any" };
	struct buf xml = { 0 }, text = { 0 };

	is_read(&in);
	CHECK(strstr(sent.page, "value=\"relay\"") && !strstr(sent.page, "<script"));
	CHECK(base64_get(sent.message, strlen(sent.message), &xml));
	char *at = memmem(xml.p, xml.n, "_s1", 3);
	CHECK(at);
	at[2] = '2';
	base64_put(&text, xml.p, xml.n);
	in.message = buf_text(&text);
	is_refused(&in, "what it covers was changed");
	buf_done(&xml);
	buf_done(&text);
	w.by = &stranger;
	in.message = send(&w).message;
	is_refused(&in, "not by a key of");
	struct saml_logout_in unsigned_in = { .message = NULL };
	const struct saml_endpoint redirect = { SAML_REDIRECT, SLO, SLO };
	saml_write_logout_request(&us, &redirect, &(struct saml_head){ "_1", SLO, d.tx.now_ms }, &alice, &xml);
	base64_put(&text, xml.p, xml.n);
	unsigned_in.message = buf_text(&text);
	is_refused(&unsigned_in, "not signed");
	buf_done(&xml);
	buf_done(&text);
}

static void signed_messages_are_held_to_what_they_say(void)
{
	struct way w = usual(SAML_REDIRECT);
	struct saml_logout_in in;
	struct saml_expect usually = expect;

	w.to = "https://sp.example.test/v1/auth/saml/other/slo";
	in = by_query(send(&w).location);
	is_refused(&in, "another destination");
	w = usual(SAML_REDIRECT);
	w.now_ms -= 300000 + SAML_SKEW_MS;
	in = by_query(send(&w).location);
	is_refused(&in, "too old");
	w.now_ms++;
	in = by_query(send(&w).location);
	is_read(&in);
	w.now_ms = d.tx.now_ms + SAML_SKEW_MS + 1;
	in = by_query(send(&w).location);
	is_refused(&in, "too old, or the clocks differ");
	w = usual(SAML_REDIRECT);
	in = by_query(send(&w).location);
	expect.idp_entity_id = "https://other.example.test";
	is_refused(&in, "not issued by");
	expect = usually;
}

static void bombs_do_not_go_off(void)
{
	static char zeros[4 << 20];
	struct libdeflate_compressor *c = libdeflate_alloc_compressor(9);
	struct buf packed = { 0 }, text = { 0 }, to = { 0 };
	struct fault f = { 0 };
	uint8_t *at = buf_room(&packed, 65536);

	memset(zeros, ' ', sizeof(zeros));
	packed.n += libdeflate_deflate_compress(c, zeros, sizeof(zeros), at, 65536);
	CHECK(packed.n > 0);
	base64_put(&text, packed.p, packed.n);
	CHECK(saml_write_received(buf_text(&text), true, &to, &f) == RC_TOO_LARGE);
	CHECK(to.n == 0);
	CHECK(saml_write_received("PHg+", true, &to, &f) == RC_INVALID);
	CHECK(saml_write_received("not base64!", false, &to, &f) == RC_INVALID);
	CHECK(saml_write_received("", false, &to, &f) == RC_INVALID);
	CHECK(saml_write_received("PHg+", false, &to, &f) == RC_OK && to.n == 3);
	libdeflate_free_compressor(c);
	buf_done(&packed);
	buf_done(&text);
	buf_done(&to);
}

/* --- our keys */

static size_t keys_now(struct saml_sp *ret)
{
	CHECK(saml_sp_load(&d.tx, &idp, true, ret) == RC_OK);
	return ret->keys_n;
}

static void one_key_follows_another(void)
{
	struct tx *tx = desk_begin(&d);
	struct saml_key_made first = { 0 }, next = { 0 };
	struct saml_sp sp = { 0 };

	CHECK(saml_sp_make(tx, &idp, &first) == RC_OK && saml_sp_make(tx, &idp, &next) == RC_OK);
	CHECK(keys_now(&sp) == 0);
	CHECK(saml_sp_turn(tx, "idp_1") == RC_CONFLICT);
	CHECK(saml_sp_keep(tx, &idp, &first, SAML_KEY_CURRENT) == RC_OK);
	CHECK(saml_sp_keep(tx, &idp, &next, SAML_KEY_CURRENT) == RC_EXISTS);
	CHECK(saml_sp_keep(tx, &idp, &next, SAML_KEY_NEXT) == RC_OK);
	CHECK(keys_now(&sp) == 2 && sp.keys[0].state == SAML_KEY_CURRENT && sp.keys[1].state == SAML_KEY_NEXT);
	CHECK_STR(sp.keys[0].certificate, first.certificate);
	CHECK_STR(sp.metadata_url, "https://sp.example.test/v1/auth/saml/corp/metadata");
	saml_sp_done(&sp);
	CHECK(saml_sp_turn(tx, "idp_1") == RC_OK);
	CHECK(keys_now(&sp) == 2 && sp.keys[0].state == SAML_KEY_CURRENT && sp.keys[1].state == SAML_KEY_OLD);
	CHECK_STR(sp.keys[0].certificate, next.certificate);
	CHECK(sp.keys[0].key && sp.keys[1].key);
	saml_sp_done(&sp);
	CHECK(desk_number(&d,
		      DESK_QUERY("SELECT COUNT(*) FROM secrets WHERE kind = 'identity_provider' AND sealed IS NOT "
				 "NULL"),
		      NULL, NULL) == 2);
	CHECK(saml_sp_drop(tx, "idp_1", SAML_KEY_OLD) == RC_OK &&
		saml_sp_drop(tx, "idp_1", SAML_KEY_OLD) == RC_MISSING);
	CHECK(keys_now(&sp) == 1);
	saml_sp_done(&sp);
	desk_commit(&d);
}

/* Our metadata is what a provider reads: its own reader takes the certificate from it, and its signature. */
static void metadata_is_signed(void)
{
	struct buf xml = { 0 };
	struct saml_idp i = { 0 };
	struct fault f = { 0 };

	CHECK(saml_write_metadata(&us, "_m", &xml, &f) == RC_OK);
	CHECK(memmem(xml.p, xml.n, "WantAssertionsSigned=\"true\"", 27));
	CHECK(saml_metadata_read(xml.p, xml.n, &certs, &d.arena, &i, &f) ==
		RC_INVALID); /* signed well, but no IdP */
	CHECK(strstr(f.text, "does not describe an identity provider"));
	*(char *)memmem(xml.p, xml.n, "corp/slo", 8) = 'x';
	CHECK(saml_metadata_read(xml.p, xml.n, &certs, &d.arena, &i, &f) == RC_DENIED);
	buf_done(&xml);
}

/* --- the cookie */

static void a_question_is_one_browsers(void)
{
	struct tx *tx = desk_begin(&d);
	struct saml_state s, got;
	struct provider other = idp;
	const char *cookie;

	CHECK(saml_state_begin(tx, &idp, SAML_STATE_IN, "/jobs", &s, &cookie) == RC_OK);
	CHECK(strstr(cookie, "; Secure; HttpOnly; SameSite=None") && !strncmp(cookie, "__Host-", 7));
	char *header = arena_strn(tx->arena, cookie, strcspn(cookie, ";"));
	const char *both = arena_fmt(tx->arena, "a=b; %s; c=d", header);
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, both, s.relay, &got) == RC_OK);
	CHECK_STR(got.request_id, s.request_id);
	CHECK_STR(got.go_to, "/jobs");
	CHECK(saml_state_open(tx, &idp, SAML_STATE_OUT, both, s.relay, &got) == RC_DENIED);
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, NULL, s.relay, &got) == RC_DENIED);
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, "", s.relay, &got) == RC_DENIED);
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, both, NULL, &got) == RC_DENIED);
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, both, "https://evil.example.test", &got) == RC_DENIED);
	const char *longer = arena_fmt(tx->arena, "%sx", s.relay); /* the same cookie's name */
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, both, longer, &got) == RC_DENIED);
	const char *twice = arena_fmt(tx->arena, "%s; %s", header, header);
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, twice, s.relay, &got) == RC_DENIED);
	other.row.id = "idp_2";
	CHECK(saml_state_open(tx, &other, SAML_STATE_IN, both, s.relay, &got) == RC_DENIED);
	header[strlen(header) - 1] ^= 1;
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, header, s.relay, &got) == RC_DENIED);
	tx->now_ms += SAML_STATE_MS + 1;
	CHECK(saml_state_open(tx, &idp, SAML_STATE_IN, both, s.relay, &got) == RC_DENIED);
	tx->now_ms -= SAML_STATE_MS + 1;
	CHECK(saml_state_is_path("/a?b=c") && !saml_state_is_path("//evil.test") &&
		!saml_state_is_path("/\\evil.test"));
	CHECK(!saml_state_is_path("https://evil.test") && !saml_state_is_path("/a\r\nb") &&
		!saml_state_is_path(""));
	CHECK(saml_state_begin(tx, &idp, SAML_STATE_IN, "//evil.test", &s, &cookie) == RC_INVALID);
	desk_commit(&d);
}

int main(void)
{
	desk_open(&d);
	make(&us);
	make(&stranger);
	CHECK(saml_certs_add(&certs, us.keys[0].certificate, NULL) == RC_OK);
	expect = (struct saml_expect){
		.slo_url = SLO, .idp_entity_id = us.entity_id, .certs = &certs, .now_ms = d.tx.now_ms
	};
	queries_are_believed_when_signed();
	forms_are_believed_when_signed();
	signed_messages_are_held_to_what_they_say();
	bombs_do_not_go_off();
	metadata_is_signed();
	one_key_follows_another();
	a_question_is_one_browsers();
	free((char *)(uintptr_t)us.keys[0].certificate);
	free((char *)(uintptr_t)stranger.keys[0].certificate);
	saml_sp_done(&us);
	saml_sp_done(&stranger);
	saml_certs_done(&certs);
	desk_close(&d);
	return 0;
}
