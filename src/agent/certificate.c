#include "agent/certificate.h"

#include "base/arena.h"
#include "base/hush.h"
#include "io/clock.h"
#include "io/http_call.h"
#include "wire/field_json.h"
#include "wire/tunnel_auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWER_MAX 16384
#define ASK_MS     10000

struct answer {
	const char *pem;
	int64_t expires_at;
};
static const struct field answer_fields[] = {
	{ .name = "certificate",
		.type = FIELD_STR,
		FIELD_AT(struct answer, pem),
		.flags = FIELD_REQUIRED,
		.max = ANSWER_MAX,
		.doc = "PEM" },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct answer, expires_at),
		.flags = FIELD_REQUIRED,
		.doc = "it holds until then" },
	{ 0 },
};

void certificate_done(struct certificate *c)
{
	free(c->pem);
	hush_wipe(c->secret, sizeof(c->secret));
	*c = (struct certificate){ 0 };
}

static enum rc write_request(
	const struct certificate_ask *ask, const uint8_t *secret, int64_t now_ms, struct buf *to)
{
	uint8_t key[TUNNEL_AUTH_KEY], sig[TUNNEL_AUTH_SIG];
	char key_hex[TUNNEL_AUTH_KEY_HEX], sig_hex[TUNNEL_AUTH_SIG_HEX];
	const struct tunnel_auth_wish wish = { ask->agent_id, key, now_ms };

	enum rc rc = tunnel_auth_identity(secret, key);
	if (rc == RC_OK)
		rc = tunnel_auth_sign_wish(&wish, ask->secret, sig);
	if (rc != RC_OK)
		return rc;
	tunnel_auth_hex(key, sizeof(key), key_hex);
	tunnel_auth_hex(sig, sizeof(sig), sig_hex);
	buf_str(to, "{\"agentId\":");
	json_put_str(to, ask->agent_id);
	buf_fmt(to, ",\"publicKey\":\"%s\",\"time\":%lld,\"signature\":\"%s\"}", key_hex, (long long)now_ms,
		sig_hex);
	return to->bad ? RC_NOMEM : RC_OK;
}

static enum rc read_answer(const struct http_answer *from, struct certificate *to, struct fault *f)
{
	struct arena a = { 0 };
	struct answer got = { 0 };
	struct field_reader r = { .arena = &a, .lenient = true };
	auto_json struct json_t *j = NULL;
	bool for_good = from->status >= 400 && from->status < 500 && from->status != 408 && from->status != 429;

	if (from->status == 404 || from->status == 409)
		return fault_set(
			f, RC_CONFLICT, "the control plane gives no certificate (status %d)", from->status);
	if (from->status < 200 || from->status > 299)
		return fault_set(f, for_good ? RC_DENIED : RC_AWAY, "the control plane answered with status %d",
			from->status);
	enum rc rc = json_read((const char *)from->body.p, from->body.n, &j, f);
	if (rc == RC_OK)
		rc = field_json_decode(answer_fields, j, &r, &got, f);
	if (rc == RC_OK && !(to->pem = strdup(got.pem)))
		rc = RC_NOMEM;
	to->until_ms = got.expires_at;
	arena_done(&a);
	return rc;
}

enum rc certificate_get(const struct certificate_ask *ask, struct certificate *ret, struct fault *f)
{
	static const struct http_call_header headers[] = { { "content-type", "application/json" }, { 0 } };
	struct certificate c = { .from_ms = clock_wall_ms() };
	struct http_answer answer = { 0 };
	struct buf body = { 0 };
	char url[1024];

	if ((size_t)snprintf(url, sizeof(url), "%s/v1/agents/certificate", ask->server_url) >= sizeof(url))
		return fault_set(f, RC_INVALID, "the control plane's URL is too long");
	clock_random(c.secret, sizeof(c.secret));
	enum rc rc = write_request(ask, c.secret, c.from_ms, &body);
	const struct http_ask call = { .method = "POST",
		.url = url,
		.headers = headers,
		.body = body.p,
		.body_n = body.n,
		.body_max = ANSWER_MAX,
		.deadline_ms = ASK_MS,
		.tls_ca = ask->ca_file,
		.http_proxy = ask->http_proxy };
	if (rc == RC_OK)
		rc = http_call(&call, &answer, f);
	if (rc == RC_OK)
		rc = read_answer(&answer, &c, f);
	if (rc == RC_OK) {
		certificate_done(ret);
		*ret = c;
	} else {
		certificate_done(&c);
	}
	buf_done(&body);
	http_answer_done(&answer);
	return rc;
}

int64_t certificate_due_ms(const struct certificate *c) { return c->from_ms + (c->until_ms - c->from_ms) / 3 * 2; }
