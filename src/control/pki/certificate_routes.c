#include "base/id.h"
#include "control/control.h"
#include "control/fleet/agents.h"
#include "control/pki/authorities.h"
#include "wire/cert.h"
#include "wire/field_json.h"
#include "wire/tunnel_auth.h"

#include <string.h>

#define HEX_CHARS  "0123456789abcdef"
#define OFF_MS     300000 /* how far an agent's clock may be from ours */
#define HOUR_MS    3600000ll
#define SERVER_MAX 398 /* days: what clients take from a server (CA/Browser Forum) */

struct cert_view {
	const char *serial, *cert;
	int64_t expires_at;
};
static const struct field cert_fields[] = {
	{ .name = "id",
		.type = FIELD_STR,
		FIELD_AT(struct cert_view, serial),
		.doc = "The serial number, hexadecimal." },
	{ .name = "certificate",
		.type = FIELD_STR,
		FIELD_AT(struct cert_view, cert),
		.doc = "PEM, the authority's own behind it." },
	{ .name = "expiresAt",
		.type = FIELD_TIME,
		FIELD_AT(struct cert_view, expires_at),
		.doc = "It holds until then." },
	{ 0 },
};

/* ---- an agent asks for one ---- */

struct wish_in {
	const char *agent_id, *public_key, *signature;
	int64_t time_ms;
};
static const struct field wish_fields[] = {
	{ .name = "agentId",
		.type = FIELD_STR,
		FIELD_AT(struct wish_in, agent_id),
		.flags = FIELD_REQUIRED,
		.max = 64,
		.doc = "Who asks." },
	{ .name = "publicKey",
		.type = FIELD_STR,
		FIELD_AT(struct wish_in, public_key),
		.flags = FIELD_REQUIRED,
		.min = 64,
		.max = 64,
		.chars = HEX_CHARS,
		.doc = "The Ed25519 key to be certified, as 64 hexadecimal characters." },
	{ .name = "time",
		.type = FIELD_I64,
		FIELD_AT(struct wish_in, time_ms),
		.flags = FIELD_REQUIRED,
		.min = 0,
		.max = INT64_MAX,
		.doc = "The agent's clock, ms since 1970; later than in any request of its before." },
	{ .name = "signature",
		.type = FIELD_STR,
		FIELD_AT(struct wish_in, signature),
		.flags = FIELD_REQUIRED,
		.min = 128,
		.max = 128,
		.chars = HEX_CHARS,
		.doc = "By the agent's own key: see the tunnel's protocol." },
	{ 0 },
};

/* Does the agent itself ask, and not somebody who repeats it? */
static enum rc check_wish(struct call *c, const struct wish_in *in, uint8_t key[static TUNNEL_AUTH_KEY])
{
	static const struct store_query once = {
		.sql = "UPDATE agents SET cert_asked_at = $2 WHERE id = $1 AND cert_asked_at < $2 RETURNING id"
	};
	uint8_t public[TUNNEL_AUTH_KEY], sig[TUNNEL_AUTH_SIG];
	const struct tunnel_auth_wish wish = { in->agent_id, key, in->time_ms };
	auto_rows struct store_rows *r = NULL;
	char region[ID_MAX];

	enum rc rc = agents_key(&c->tx, in->agent_id, public, region);
	if (rc == RC_MISSING || rc == RC_DENIED ||
		(rc == RC_OK && (!tunnel_auth_of_hex(in->public_key, key, TUNNEL_AUTH_KEY) ||
					!tunnel_auth_of_hex(in->signature, sig, sizeof(sig)) ||
					!tunnel_auth_is_wish(&wish, public, sig))))
		return fault_set(c->tx.fault, RC_UNAUTHENTICATED, "not signed by an agent of this control plane");
	if (rc != RC_OK)
		return rc;
	if (in->time_ms < c->tx.now_ms - OFF_MS || in->time_ms > c->tx.now_ms + OFF_MS)
		return fault_set(c->tx.fault, RC_INVALID, "the agent's clock is more than five minutes off");
	rc = store_one(
		c->tx.db, &once, STORE_ARGS(store_text(in->agent_id), store_int(in->time_ms)), &r, c->tx.fault);
	return rc == RC_MISSING
		       ? fault_set(c->tx.fault, RC_CONFLICT, "this request, or a later one, was answered before")
		       : rc;
}

static enum rc certify(struct call *c, void *ret_out)
{
	const struct wish_in *in = c->in;
	struct cert_view *v = ret_out;
	struct authorities_cert made;
	uint8_t key[TUNNEL_AUTH_KEY];
	const struct authorities_ask ask = { .kind = "agent",
		.subject = in->agent_id,
		.public = key,
		.life_ms = c->tx.control->conf->agent_cert_hours * HOUR_MS };

	if (c->tx.control->conf->agent_certs == CONTROL_CERTS_OFF)
		return fault_set(
			c->tx.fault, RC_CONFLICT, "agents need no certificates here: server.agent_certs is off");
	enum rc rc = check_wish(c, in, key);
	if (rc != RC_OK)
		return rc;
	c->tx.actor = arena_fmt(c->tx.arena, "agent:%s", in->agent_id);
	rc = c->tx.actor ? authorities_sign(&c->tx, &ask, &made) : RC_NOMEM;
	if (rc == RC_OK)
		*v = (struct cert_view){ made.serial, made.cert, made.expires_at };
	return rc;
}

/* ---- one for a server ---- */

struct server_in {
	const char *request;
	struct field_list hosts;
	uint32_t days;
};
static const struct field server_in_fields[] = {
	{ .name = "request",
		.type = FIELD_STR,
		FIELD_AT(struct server_in, request),
		.flags = FIELD_REQUIRED,
		.max = CERT_PEM_MAX,
		.doc = "PKCS#10 in PEM, as openssl req makes it: its key is certified, nothing else is taken." },
	{ .name = "hosts",
		.type = FIELD_LIST,
		FIELD_AT(struct server_in, hosts),
		.item = FIELD_STR,
		.flags = FIELD_REQUIRED,
		.min = 1,
		.max = CERT_HOSTS_MAX,
		.doc = "The server's names and addresses." },
	{ .name = "days",
		.type = FIELD_U32,
		FIELD_AT(struct server_in, days),
		.min = 1,
		.max = SERVER_MAX,
		.def = 90,
		.doc = "How long it holds." },
	{ 0 },
};

static bool is_host(const char *s)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:*";
	size_t n = strlen(s);
	return n > 0 && n <= CERT_NAME_MAX && strspn(s, chars) == n;
}

static enum rc certify_server(struct call *c, void *ret_out)
{
	const struct server_in *in = c->in;
	const char *const *names = in->hosts.at;
	const char **hosts = arena_take(c->tx.arena, (in->hosts.n + 1) * sizeof(*hosts));
	struct cert_view *v = ret_out;
	struct authorities_cert made;

	if (!hosts)
		return RC_NOMEM;
	for (size_t i = 0; i < in->hosts.n; i++) {
		hosts[i] = names[i];
		if (!is_host(names[i]))
			return field_json_problem(c->reader, "/hosts", "malformed",
				"must be names or addresses of at most 64 characters");
	}
	hosts[in->hosts.n] = NULL;
	const struct authorities_ask ask = { .kind = "server",
		.subject = hosts[0],
		.hosts = hosts,
		.request = in->request,
		.life_ms = (int64_t)in->days * 24 * HOUR_MS };
	enum rc rc = authorities_sign(&c->tx, &ask, &made);
	if (rc == RC_OK)
		*v = (struct cert_view){ made.serial, made.cert, made.expires_at };
	return rc;
}

extern const struct route certificates_routes[]; /* named by http/routes */
const struct route certificates_routes[] = {
	{ .name = "certifyAgent",
		.method = "POST",
		.path = "/v1/agents/certificate",
		.reach = REACH_OPEN,
		.flags = ROUTE_WRITE,
		.status = 201,
		.in = wish_fields,
		.in_size = sizeof(struct wish_in),
		.out = cert_fields,
		.out_size = sizeof(struct cert_view),
		.run = certify,
		.doc = "Called by an agent: a short-lived certificate for its next connections, against its "
		       "signature." },
	{ .name = "certifyServer",
		.method = "POST",
		.path = "/v1/server-certificates",
		.scope = SCOPE_CERTIFICATES_WRITE,
		.reach = REACH_PLATFORM,
		.flags = ROUTE_WRITE | ROUTE_STEP_UP,
		.status = 201,
		.in = server_in_fields,
		.in_size = sizeof(struct server_in),
		.out = cert_fields,
		.out_size = sizeof(struct cert_view),
		.run = certify_server,
		.doc = "Signs a server's certificate, for those who have no other authority." },
	{ 0 },
};
