#include "agent/identity.h"

#include "base/arena.h"
#include "io/clock.h"
#include "io/file.h"
#include "io/http_call.h"
#include "wire/field_json.h"
#include "wire/seal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX  4096
#define ENROLL_MS 10000
#define HEX_CHARS "0123456789abcdef"

/* What stands in the file; an answer to an enrolment has all but the secret. */
struct card {
	const char *agent_id, *region_id, *server_public_key, *secret_key;
};

static const struct field card_fields[] = {
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct card, agent_id),
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = IDENTITY_ID_MAX - 1,
		.doc = "who the control plane knows it as" },
	{ .name = "regionId",
		.type = FIELD_STR,
		FIELD_AT(struct card, region_id),
		.flags = FIELD_REQUIRED,
		.max = IDENTITY_ID_MAX - 1,
		.doc = "where it runs" },
	{ .name = "serverPublicKey",
		.type = FIELD_STR,
		FIELD_AT(struct card, server_public_key),
		.flags = FIELD_REQUIRED,
		.min = 64,
		.max = 64,
		.chars = HEX_CHARS,
		.doc = "the control plane's key, 64 hexadecimal characters" },
	{ .name = "secretKey",
		.type = FIELD_STR,
		FIELD_AT(struct card, secret_key),
		.flags = FIELD_OMIT | FIELD_SECRET,
		.min = 64,
		.max = 64,
		.chars = HEX_CHARS,
		.doc = "the agent's key, 64 hexadecimal characters" },
	{ 0 },
};

static enum rc read_card(const struct buf *text, struct arena *a, struct card *ret, struct fault *f)
{
	auto_json struct json_t *j = NULL;
	struct field_reader r = { .arena = a, .lenient = true };
	enum rc rc = json_read((const char *)text->p, text->n, &j, f);

	return rc == RC_OK ? field_json_decode(card_fields, j, &r, ret, f) : rc;
}

static void fill(const struct card *c, struct identity *ret)
{
	snprintf(ret->agent_id, sizeof(ret->agent_id), "%s", c->agent_id);
	snprintf(ret->region_id, sizeof(ret->region_id), "%s", c->region_id);
}

enum rc identity_load(const char *path, struct identity *ret, struct fault *f)
{
	struct arena a = { 0 };
	struct buf text = { 0 };
	struct card c = { 0 };
	struct identity id = { 0 };

	enum rc rc = file_read_secret(path, FILE_MAX, &text, f);
	if (rc == RC_OK)
		rc = read_card(&text, &a, &c, f);
	if (rc == RC_OK && (!tunnel_auth_of_hex(c.secret_key, id.secret, TUNNEL_AUTH_KEY) ||
				   !tunnel_auth_of_hex(c.server_public_key, id.control, TUNNEL_AUTH_KEY)))
		rc = fault_set(f, RC_INVALID, "%s has no key: move it away and enrol the agent anew", path);
	if (rc == RC_OK) {
		fill(&c, &id);
		*ret = id;
	}
	identity_wipe(&id);
	if (text.p)
		hush_wipe(text.p, text.n);
	buf_done(&text);
	if (c.secret_key)
		hush_wipe((char *)c.secret_key, strlen(c.secret_key));
	arena_done(&a);
	return rc;
}

enum rc identity_save(const char *path, const struct identity *id, struct fault *f)
{
	char secret[TUNNEL_AUTH_KEY_HEX], control[TUNNEL_AUTH_KEY_HEX];
	const struct card c = { .agent_id = id->agent_id,
		.region_id = id->region_id,
		.server_public_key = control,
		.secret_key = secret };
	struct buf text = { 0 };

	tunnel_auth_hex(id->secret, TUNNEL_AUTH_KEY, secret);
	tunnel_auth_hex(id->control, TUNNEL_AUTH_KEY, control);
	field_json_encode(card_fields, &c, &text);
	buf_u8(&text, '\n');
	enum rc rc = text.bad ? RC_NOMEM : file_write(path, text.p, text.n, 0600, f);
	hush_wipe(secret, sizeof(secret));
	if (text.p)
		hush_wipe(text.p, text.n);
	buf_done(&text);
	return rc;
}

void identity_wipe(struct identity *id) { hush_wipe(id->secret, sizeof(id->secret)); }

static void write_request(const struct identity_enroll *how, const uint8_t *public, struct buf *to)
{
	char hex[TUNNEL_AUTH_KEY_HEX];

	tunnel_auth_hex(public, TUNNEL_AUTH_KEY, hex);
	buf_str(to, "{\"token\":");
	json_put_strn(to, (const char *)how->token->p, how->token->n);
	buf_fmt(to, ",\"publicKey\":\"%s\",\"version\":", hex);
	json_put_str(to, how->version);
	buf_str(to, ",\"capabilities\":[");
	for (size_t i = 0; how->capabilities[i]; i++) {
		buf_str(to, i ? "," : "");
		json_put_str(to, how->capabilities[i]);
	}
	buf_str(to, "]}");
}

static enum rc read_answer(const struct http_answer *answer, struct identity *id, struct fault *f)
{
	struct arena a = { 0 };
	struct card c = { 0 };
	int status = answer->status;
	bool for_good = status >= 400 && status < 500 && status != 408 && status != 429;

	if (status < 200 || status > 299)
		return fault_set(f, for_good ? RC_DENIED : RC_AWAY,
			"the control plane answered with status %d: %.*s", status,
			(int)(answer->body.n < 160 ? answer->body.n : 160),
			answer->body.n ? (const char *)answer->body.p : "");
	enum rc rc = read_card(&answer->body, &a, &c, f);
	if (rc == RC_OK && !tunnel_auth_of_hex(c.server_public_key, id->control, TUNNEL_AUTH_KEY))
		rc = fault_set(f, RC_MALFORMED, "the control plane gave no key");
	if (rc == RC_OK)
		fill(&c, id);
	arena_done(&a);
	return rc;
}

enum rc identity_enroll(const struct identity_enroll *how, struct identity *ret, struct fault *f)
{
	static const struct http_call_header headers[] = { { "content-type", "application/json" }, { 0 } };
	struct identity id = { 0 };
	struct http_answer answer = { 0 };
	struct buf body = { 0 };
	uint8_t public[TUNNEL_AUTH_KEY];
	char url[1024];

	clock_random(id.secret, sizeof(id.secret));
	if ((size_t)snprintf(url, sizeof(url), "%s/v1/agents/enroll", how->server_url) >= sizeof(url))
		return fault_set(f, RC_INVALID, "the control plane's URL is too long");
	enum rc rc = tunnel_auth_identity(id.secret, public);
	if (rc != RC_OK)
		return rc;
	write_request(how, public, &body);
	const struct http_ask ask = { .method = "POST",
		.url = url,
		.headers = headers,
		.body = body.p,
		.body_n = body.n,
		.body_max = FILE_MAX,
		.deadline_ms = ENROLL_MS,
		.tls_ca = how->ca_file,
		.http_proxy = how->http_proxy };
	rc = body.bad ? RC_NOMEM : http_call(&ask, &answer, f);
	if (rc == RC_OK)
		rc = read_answer(&answer, &id, f);
	if (rc == RC_OK)
		*ret = id;
	identity_wipe(&id);
	if (body.p)
		hush_wipe(body.p, body.n);
	buf_done(&body);
	http_answer_done(&answer);
	return rc;
}

enum rc identity_open(const struct identity *id, const char *sealed, struct hush *ret, struct fault *f)
{
	size_t n = sealed ? strlen(sealed) / 2 : 0;
	auto_free uint8_t *box = n ? malloc(n) : NULL;

	if (!sealed)
		return RC_OK;
	if (n > HUSH_MAX + SEAL_EXTRA)
		return fault_set(f, RC_TOO_LARGE, "what is sealed is too long");
	if (n && !box)
		return RC_NOMEM;
	if (!n || !tunnel_auth_of_hex(sealed, box, n))
		return fault_set(f, RC_MALFORMED, "what is sealed is not hexadecimal");
	enum rc rc = seal_open(id->secret, box, n, ret);
	return rc == RC_OK ? rc : fault_set(f, rc, "what is sealed is not for this agent");
}
