/* Our own certificate authority: who gets a certificate, which are refused, and how one authority follows another. */
#include "control/fleet/agents.h"
#include "control/pki/authorities.h"
#include "tests/unit/control/engine_desk.h"
#include "wire/tunnel_auth.h"

#define NOW 1700000000000ll

static const uint8_t identity[TUNNEL_AUTH_KEY] = { 5 }, stranger[TUNNEL_AUTH_KEY] = { 6 },
		     fresh[TUNNEL_AUTH_KEY] = { 7 };
static char serial[64];

static void make_agent(const char *id, const uint8_t *secret)
{
	uint8_t public[TUNNEL_AUTH_KEY];
	char hex[TUNNEL_AUTH_KEY_HEX];

	CHECK(tunnel_auth_identity(secret, public) == RC_OK);
	tunnel_auth_hex(public, sizeof(public), hex);
	desk_begin(&d);
	CHECK(store_do(d.tx.db,
		      DESK_QUERY("INSERT INTO agents (id, region_id, public_key, state, version, capabilities, "
				 "boot_id, "
				 "last_seen_at, created_at, updated_at) VALUES ($1, 'rgn_1', $2, 'enrolled', '', "
				 "'[]', '', "
				 "1, 1, 1)"),
		      STORE_ARGS(store_text(id), store_text(hex)), &d.fault) == RC_OK);
	desk_commit(&d);
}

/* Asks for a certificate in the name of an agent; what was answered is in `answered`. */
static enum rc wish(const char *agent, const uint8_t *secret, int64_t time_ms)
{
	uint8_t key[TUNNEL_AUTH_KEY], sig[TUNNEL_AUTH_SIG];
	char key_hex[TUNNEL_AUTH_KEY_HEX], sig_hex[TUNNEL_AUTH_SIG_HEX], body[512];
	const struct tunnel_auth_wish w = { agent, key, time_ms };

	CHECK(tunnel_auth_identity(fresh, key) == RC_OK && tunnel_auth_sign_wish(&w, secret, sig) == RC_OK);
	tunnel_auth_hex(key, sizeof(key), key_hex);
	tunnel_auth_hex(sig, sizeof(sig), sig_hex);
	snprintf(body, sizeof(body), "{\"agentId\":\"%s\",\"publicKey\":\"%s\",\"time\":%lld,\"signature\":\"%s\"}",
		agent, key_hex, (long long)time_ms, sig_hex);
	desk_begin(&d);
	enum rc rc = calls("certifyAgent", NULL, body, NULL);
	if (rc == RC_OK)
		desk_commit(&d);
	else
		store_rollback(d.tx.db);
	return rc;
}

/* Does an agent come in that shows this? */
static enum rc shows(const char *agent, const char *uri, const char *with)
{
	desk_begin(&d);
	enum rc rc = agents_showed(&d.tx, agent, uri, with);
	store_rollback(d.tx.db);
	return rc;
}

static void keep_serial(void)
{
	const char *at = strstr(answered, "\"id\":\"");
	CHECK(at);
	snprintf(serial, sizeof(serial), "%.32s", at + 6);
}

static void who_gets_one(void)
{
	d.conf.agent_certs = CONTROL_CERTS_OFF;
	CHECK(wish("agt_9", identity, NOW) == RC_CONFLICT);
	d.conf.agent_certs = CONTROL_CERTS_REQUIRED;
	CHECK(wish("agt_9", stranger, NOW) == RC_UNAUTHENTICATED);
	CHECK(wish("agt_none", identity, NOW) == RC_UNAUTHENTICATED);
	CHECK(wish("agt_9", identity, NOW - 300001) == RC_INVALID &&
		wish("agt_9", identity, NOW + 300001) == RC_INVALID);
	CHECK(wish("agt_9", identity, NOW) == RC_OK);
	CHECK(strstr(answered, "BEGIN CERTIFICATE") &&
		strstr(answered, "2023-11-15T22:13:20.000Z")); /* a day later */
	keep_serial();
	CHECK(wish("agt_9", identity, NOW) == RC_CONFLICT); /* the same again: somebody repeats it */
	CHECK(wish("agt_9", identity, NOW - 1) == RC_CONFLICT);
}

static void which_come_in(void)
{
	CHECK(shows("agt_9", "urn:footplate:agent:agt_9", serial) == RC_OK);
	CHECK(shows("agt_8", "urn:footplate:agent:agt_9", serial) == RC_DENIED);
	CHECK(shows("agt_8", "urn:footplate:agent:agt_8", serial) == RC_DENIED); /* the row says whose it is */
	CHECK(shows("agt_9", "urn:footplate:agent:agt_99", serial) == RC_DENIED);
	CHECK(shows("agt_9", "", serial) == RC_DENIED);
	CHECK(shows("agt_9", "urn:footplate:agent:agt_9", "00") == RC_DENIED);
	CHECK(shows("agt_9", "", "") == RC_DENIED);
	d.conf.agent_certs = CONTROL_CERTS_OPTIONAL;
	CHECK(shows("agt_9", "", "") == RC_OK);
	CHECK(shows("agt_8", "urn:footplate:agent:agt_9", serial) == RC_DENIED);
	d.conf.agent_certs = CONTROL_CERTS_REQUIRED;
}

static int64_t session_of(const char *agent)
{
	return desk_number(&d, DESK_QUERY("SELECT session FROM agents WHERE id = $1"), agent, NULL);
}

static void revoked_ones_do_not(void)
{
	desk_begin(&d);
	CHECK(agents_showed(&d.tx, "agt_9", "urn:footplate:agent:agt_9", serial) == RC_OK);
	desk_commit(&d);
	int64_t session = session_of("agt_9"), other = session_of("agt_8");
	desk_begin(&d);
	CHECK(calls("revokeCertificate", serial, NULL, NULL) == RC_OK && strstr(answered, "revokedAt\":\"2"));
	desk_commit(&d);
	CHECK(session_of("agt_9") > session &&
		session_of("agt_8") == other); /* its present connection is the past's */
	CHECK(shows("agt_9", "urn:footplate:agent:agt_9", serial) == RC_DENIED);
	desk_begin(&d);
	CHECK(calls("revokeCertificate", serial, NULL, NULL) == RC_OK); /* a repeat changes nothing */
	CHECK(calls("revokeCertificate", "00", NULL, NULL) == RC_MISSING);
	desk_commit(&d);
	CHECK(wish("agt_9", identity, NOW + 1) == RC_OK); /* another key may have another */
	keep_serial();
	CHECK(shows("agt_9", "urn:footplate:agent:agt_9", serial) == RC_OK);
}

static size_t trusted(void)
{
	struct buf b = { 0 };
	size_t n = 0;

	desk_begin(&d);
	CHECK(authorities_trusted(&d.tx, &b) == RC_OK);
	store_rollback(d.tx.db);
	for (const char *at = buf_text(&b); (at = strstr(at, "BEGIN CERTIFICATE")); at++)
		n++;
	buf_done(&b);
	return n;
}

static void one_authority_follows_another(void)
{
	char first[64];

	CHECK(trusted() == 1);
	desk_begin(&d);
	CHECK(calls("listCertificateAuthorities", NULL, NULL, NULL) == RC_OK);
	snprintf(first, sizeof(first), "%.30s", strstr(answered, "\"id\":\"") + 6);
	CHECK(calls("retireCertificateAuthority", first, NULL, NULL) == RC_CONFLICT); /* it signs */
	store_rollback(d.tx.db);
	desk_begin(&d);
	CHECK(calls("rotateCertificateAuthority", NULL, NULL, NULL) == RC_OK);
	desk_commit(&d);
	CHECK(trusted() == 2 && shows("agt_9", "urn:footplate:agent:agt_9", serial) == RC_OK);
	desk_begin(&d);
	CHECK(agents_showed(&d.tx, "agt_9", "urn:footplate:agent:agt_9", serial) == RC_OK);
	desk_commit(&d);
	int64_t session = session_of("agt_9");
	desk_begin(&d);
	CHECK(calls("retireCertificateAuthority", first, NULL, NULL) == RC_OK);
	desk_commit(&d);
	CHECK(trusted() == 1 && session_of("agt_9") > session);
	CHECK(desk_number(&d, DESK_QUERY("SELECT COUNT(*) FROM authorities WHERE state = 'signs'"), NULL, NULL) ==
		1);
}

static void a_revoked_agent_gets_none(void)
{
	desk_begin(&d);
	CHECK(calls("revokeAgent", "agt_9", NULL, NULL) == RC_OK);
	desk_commit(&d);
	CHECK(wish("agt_9", identity, NOW + 2) == RC_UNAUTHENTICATED);
}

int main(void)
{
	desk_open(&d);
	people();
	d.conf.agent_cert_hours = 24;
	make_agent("agt_9", identity);
	make_agent("agt_8", stranger);
	who_gets_one();
	which_come_in();
	revoked_ones_do_not();
	one_authority_follows_another();
	a_revoked_agent_gets_none();
	desk_close(&d);
	return 0;
}
