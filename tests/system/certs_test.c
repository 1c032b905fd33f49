/*
 * Mutual TLS of agents, with the real programs: the control plane demands certificates of its own authority; agents get theirs
 * by themselves, and others when one was revoked or its authority retired. And openssl finds what the authority signs right.
 */
#include "tests/system/rig.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct rig r;
static char ca[128];

__attribute__((format(printf, 1, 2))) static int shell(const char *format, ...)
{
	char line[1024];
	va_list args;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	return system(line);
}

static void make_server_cert(void)
{
	snprintf(ca, sizeof(ca), "%s/server.pem", r.dir);
	CHECK(shell("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "
		    "/CN=localhost "
		    "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s/server.key -out %s 2>/dev/null",
		      r.dir, ca) == 0);
	r.ca = ca;
}

static void serve(const char *certs)
{
	char cert[160], key[160], demand[64], trust[160];
	snprintf(cert, sizeof(cert), "server.tls_cert=%s", ca);
	snprintf(key, sizeof(key), "server.tls_key=%s/server.key", r.dir);
	snprintf(demand, sizeof(demand), "server.agent_certs=%s", certs);
	snprintf(trust, sizeof(trust), "agent.ca_file=%s", ca);
	rig_serve(&r, (const char *const[]){ "--set", cert, "--set", key, "--set", demand, "--set", trust, NULL });
}

/* The serial number of the newest certificate of the agents that is not revoked; "" when there is none. */
static const char *newest(size_t *ret_n)
{
	static char serial[64];
	json_t *all = rig_expect(&r, 200, "GET", "/v1/certificates?limit=100", NULL), *c;
	int64_t best = -1;
	size_t i;

	*serial = 0;
	*ret_n = json_array_size(json_object_get(all, "items"));
	json_array_foreach(json_object_get(all, "items"), i, c)
	{
		const char *made = json_str(c, "createdAt");
		int64_t at = strtoll(made + 17, NULL, 10) * 1000 + strtoll(made + 20, NULL, 10) +
			     strtoll(made + 14, NULL, 10) * 60000;
		if (json_is_null(json_object_get(c, "revokedAt")) && at >= best) {
			best = at;
			snprintf(serial, sizeof(serial), "%s", json_str(c, "id"));
		}
	}
	json_decref(all);
	return serial;
}

static size_t certificates(void)
{
	size_t n;
	(void)newest(&n);
	return n;
}

static void await_certificates(size_t n)
{
	for (int i = 0; i < 600 && certificates() < n; i++)
		rig_sleep_ms(100);
	CHECK(certificates() >= n);
}

/* Through the tunnel and back: the agent is really there. */
static void pings(void)
{
	json_t *job = rig_post_job(&r, "{\"action\":\"agent.ping\",\"payload\":{}}");
	char path[96];

	snprintf(path, sizeof(path), "/v1/jobs/%s", json_str(job, "id"));
	json_decref(job);
	for (int i = 0; i < 600; i++) { /* each look is a handshake */
		job = rig_expect(&r, 200, "GET", path, NULL);
		bool done = !strcmp(json_str(job, "status"), "succeeded");
		json_decref(job);
		if (done)
			return;
		rig_sleep_ms(100);
	}
	CHECK_NEVER("the ping did not come back");
}

static void revoked(void)
{
	char path[128];
	size_t n;

	snprintf(path, sizeof(path), "/v1/certificates/%s/revoke", newest(&n));
	json_decref(rig_expect(&r, 200, "POST", path, NULL));
	await_certificates(n + 1); /* cut off, it asked for another by itself */
	rig_await_agents(&r, 1);
	pings();
}

static void another_authority(void)
{
	char path[128];
	json_t *all = rig_expect(&r, 200, "GET", "/v1/certificate-authorities", NULL);
	const json_t *first = json_array_get(json_object_get(all, "items"), 0);
	size_t n = certificates();

	CHECK(json_array_size(json_object_get(all, "items")) == 1 && !strcmp(json_str(first, "state"), "signs"));
	snprintf(path, sizeof(path), "/v1/certificate-authorities/%s/retire", json_str(first, "id"));
	json_decref(all);
	json_decref(rig_expect(&r, 201, "POST", "/v1/certificate-authorities/rotate", NULL));
	pings(); /* what the old one has signed holds */
	json_decref(rig_expect(&r, 200, "POST", path, NULL));
	await_certificates(n + 1);
	rig_await_agents(&r, 1);
	pings();
}

static void write_text(const char *name, const char *text)
{
	char path[160];
	snprintf(path, sizeof(path), "%s/%s", r.dir, name);
	FILE *f = fopen(path, "w");
	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* openssl makes the request and judges the answer. */
static void for_a_server(void)
{
	char path[160];
	CHECK(shell("openssl req -new -newkey rsa:2048 -nodes -subj /CN=ignored -keyout %s/s.key -out %s/s.csr "
		    "2>/dev/null",
		      r.dir, r.dir) == 0);
	snprintf(path, sizeof(path), "%s/s.csr", r.dir);
	char *csr = rig_await_file(&r, "s.csr", 0);
	json_t *ask =
		json_pack("{s:s, s:[s,s], s:i}", "request", csr, "hosts", "cp.example", "10.1.2.3", "days", 30);
	char *body = json_dumps(ask, 0);
	json_t *made = rig_expect(&r, 201, "POST", "/v1/server-certificates", body);
	json_t *all = rig_expect(&r, 200, "GET", "/v1/certificate-authorities", NULL);

	write_text("s.pem", json_str(made, "certificate"));
	write_text("root.pem", json_str(json_array_get(json_object_get(all, "items"), 0), "certificate"));
	CHECK(shell("cd %s && openssl verify -x509_strict -purpose sslserver -verify_hostname cp.example -CAfile "
		    "root.pem s.pem "
		    ">/dev/null",
		      r.dir) == 0);
	CHECK(shell("cd %s && openssl verify -verify_hostname other.example -CAfile root.pem s.pem >/dev/null 2>&1",
		      r.dir) != 0);
	CHECK(shell("cd %s && openssl verify -purpose sslclient -CAfile root.pem s.pem >/dev/null 2>&1", r.dir) !=
		0);
	json_decref(
		rig_expect(&r, 422, "POST", "/v1/server-certificates", "{\"request\":\"x\",\"hosts\":[\"a b\"]}"));
	json_decref(made);
	json_decref(all);
	json_decref(ask);
	free(body);
	free(csr);
}

/* A client with a certificate of somebody else does not get past the handshake; one without may ask what is open to all. */
static void others(void)
{
	const char *port = strrchr(r.url, ':') + 1;
	CHECK(shell("cd %s && openssl req -x509 -newkey ed25519 -nodes -days 2 -subj /CN=x -keyout x.key -out "
		    "x.pem 2>/dev/null",
		      r.dir) == 0);
	CHECK(shell("cd %s && printf 'GET /livez HTTP/1.0\\r\\nHost: h\\r\\n\\r\\n' | timeout 10 openssl s_client "
		    "-quiet "
		    "-connect 127.0.0.1:%s -CAfile server.pem 2>/dev/null | grep -q 'HTTP/1.1 200'",
		      r.dir, port) == 0);
	CHECK(shell("cd %s && printf 'GET /livez HTTP/1.0\\r\\nHost: h\\r\\n\\r\\n' | timeout 10 openssl s_client "
		    "-quiet "
		    "-connect 127.0.0.1:%s -CAfile server.pem -cert x.pem -key x.key 2>/dev/null | grep -q "
		    "'HTTP/1.1 200'",
		      r.dir, port) != 0);
}

int main(void)
{
	rig_init(&r);
	make_server_cert();
	serve("required");
	rig_await_agents(&r, 1);
	CHECK(certificates() == 1);
	pings();
	revoked();
	another_authority();
	for_a_server();
	others();
	rig_stop(&r.server, SIGTERM);
	/* One that needs none lets the same agent in all the same. */
	serve("off");
	rig_await_agents(&r, 1);
	pings();
	rig_check_events(&r);
	rig_done(&r);
	return 0;
}
