#include "tests/system/vault_stand_in.h"
#include "base/buf.h"
#include "io/clock.h"
#include "tests/unit/check.h"
#include "wire/base64.h"
#include "wire/gcm.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <netinet/in.h>
#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define ASK_MAX 16384

struct answer {
	int status;
	json_t *data;
	const char *error;
};

static struct answer no(int status, const char *error) { return (struct answer){ status, NULL, error }; }

/* base64 of a member; false: it is not. */
static bool bytes_of(const json_t *ask, const char *name, struct buf *to)
{
	const char *s = json_string_value(json_object_get(ask, name));
	return !s || base64_get(s, strlen(s), to);
}

static struct answer show(struct vault_stand_in *v)
{
	json_t *keys = json_object();
	char number[16];

	for (int i = 1; i <= v->newest; i++) {
		snprintf(number, sizeof(number), "%d", i);
		json_object_set_new(keys, number, json_integer(1700000000 + i));
	}
	return (struct answer){ 200,
		json_pack("{s:s,s:s,s:b,s:b,s:b,s:i,s:i,s:i,s:o}", "name", "footplate", "type", "aes256-gcm96",
			"exportable", (int)v->exportable, "derived", (int)v->derived, "deletion_allowed", 0,
			"latest_version", (int)v->newest, "min_decryption_version", (int)v->min_decryption_version,
			"min_encryption_version", 0, "keys", keys),
		NULL };
}

static struct answer encrypt(struct vault_stand_in *v, const json_t *ask)
{
	struct buf plain = { 0 }, bound = { 0 }, text = { 0 };
	uint8_t sealed[GCM_NONCE + 4096 + GCM_TAG];
	struct answer a = no(400, "failed to base64-decode plaintext");
	int version = v->newest;

	if (json_object_get(ask, "plaintext") && bytes_of(ask, "plaintext", &plain) &&
		bytes_of(ask, "associated_data", &bound) && plain.n <= 4096) {
		clock_random(sealed, GCM_NONCE);
		CHECK(gcm_seal(
			&(struct gcm){ v->keys[version], sealed, &bound }, plain.p, plain.n, sealed + GCM_NONCE));
		buf_fmt(&text, "vault:v%d:", version);
		base64_put(&text, sealed, GCM_NONCE + plain.n + GCM_TAG);
		a = (struct answer){ 200,
			json_pack("{s:s,s:i}", "ciphertext", buf_text(&text), "key_version", version), NULL };
	}
	buf_done(&plain);
	buf_done(&bound);
	buf_done(&text);
	return a;
}

static struct answer decrypt(struct vault_stand_in *v, const json_t *ask)
{
	const char *text = json_string_value(json_object_get(ask, "ciphertext"));
	struct buf sealed = { 0 }, bound = { 0 }, out = { 0 };
	uint8_t plain[4096];
	int version = 0, used = 0;
	struct answer a = no(400, "cipher: message authentication failed");

	if (!text || sscanf(text, "vault:v%d:%n", &version, &used) != 1 || !used)
		a = no(400, "invalid ciphertext: no prefix");
	else if (version > v->newest)
		a = no(400, "invalid ciphertext: version is too new");
	else if (version < 1 || version < v->min_decryption_version)
		a = no(400, "ciphertext or signature version is disallowed by policy (too old)");
	else if (!base64_get(text + used, strlen(text + used), &sealed) || sealed.n < GCM_NONCE + GCM_TAG)
		a = no(400, "invalid ciphertext: could not decode base64");
	else if (bytes_of(ask, "associated_data", &bound) && sealed.n < sizeof(plain) &&
		 gcm_open(&(struct gcm){ v->keys[version], sealed.p, &bound }, sealed.p + GCM_NONCE,
			 sealed.n - GCM_NONCE - GCM_TAG, plain)) {
		base64_put(&out, plain, sealed.n - GCM_NONCE - GCM_TAG);
		a = (struct answer){ 200, json_pack("{s:s}", "plaintext", buf_text(&out)), NULL };
	}
	buf_done(&sealed);
	buf_done(&bound);
	buf_done(&out);
	return a;
}

static struct answer rotate(struct vault_stand_in *v)
{
	if (v->may_not_rotate)
		return no(403, "1 error occurred:\n\t* permission denied\n\n");
	CHECK(v->newest < VAULT_STAND_IN_VERSIONS - 1);
	clock_random(v->keys[v->newest + 1], 32);
	v->newest++;
	return show(v);
}

static struct answer route(struct vault_stand_in *v, const char *head, const json_t *ask)
{
	if (v->sealed)
		return no(503, "Vault is sealed");
	if (!strstr(head, "\r\nX-Vault-Token: " VAULT_STAND_IN_TOKEN "\r\n"))
		return no(403, "permission denied");
	if (!strncmp(head, "GET /v1/transit/keys/footplate ", 31))
		return show(v);
	if (!strncmp(head, "POST /v1/transit/keys/footplate/rotate ", 39))
		return rotate(v);
	if (!strncmp(head, "POST /v1/transit/encrypt/footplate ", 35))
		return encrypt(v, ask);
	if (!strncmp(head, "POST /v1/transit/decrypt/footplate ", 35))
		return decrypt(v, ask);
	return no(404, NULL);
}

static void reply(struct vault_stand_in *v, int fd, struct answer a)
{
	json_t *body = a.data ? json_pack("{s:s,s:s,s:b,s:i,s:o}", "request_id", "4b7e0f6c", "lease_id", "",
					"renewable", 0, "lease_duration", 0, "data", a.data)
			      : json_pack("{s:[]}", "errors");
	if (a.error)
		json_array_append_new(json_object_get(body, "errors"), json_string(a.error));
	char *text = v->garbles ? strdup("<html>") : json_dumps(body, JSON_COMPACT), head[200];
	int n = snprintf(head, sizeof(head),
		"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\nConnection: "
		"close\r\n\r\n",
		a.status, strlen(text));
	if (write(fd, head, (size_t)n) != n || write(fd, text, strlen(text)) < 0)
		fprintf(stderr, "the stand-in's client went away\n");
	free(text);
	json_decref(body);
}

static void serve(struct vault_stand_in *v, int fd)
{
	char ask[ASK_MAX + 1];
	size_t n = 0, want = 0;
	char *body = NULL;

	while (n < ASK_MAX && (!body || n < want)) {
		ssize_t got = read(fd, ask + n, ASK_MAX - n);
		if (got <= 0)
			return;
		n += (size_t)got;
		ask[n] = 0;
		if (!body && (body = strstr(ask, "\r\n\r\n"))) {
			const char *length = strstr(ask, "\r\nContent-Length: ");
			want = (size_t)(body + 4 - ask) + (length ? strtoul(length + 18, NULL, 10) : 0);
		}
	}
	json_t *j = body ? json_loads(body + 4, 0, NULL) : NULL;
	v->calls++;
	reply(v, fd, route(v, ask, j));
	json_decref(j);
}

static void *run(void *arg)
{
	struct vault_stand_in *v = arg;

	for (;;) {
		int fd = accept(v->listener, NULL, NULL);
		if (fd < 0)
			return NULL;
		serve(v, fd);
		close(fd);
	}
}

void vault_stand_in_start(struct vault_stand_in *v)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	pthread_t thread;

	*v = (struct vault_stand_in){ .newest = 1, .min_decryption_version = 1 };
	clock_random(v->keys[1], 32);
	v->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	CHECK(v->listener >= 0 && bind(v->listener, (struct sockaddr *)&at, n) == 0 &&
		listen(v->listener, 16) == 0);
	CHECK(getsockname(v->listener, (struct sockaddr *)&at, &n) == 0);
	snprintf(v->url, sizeof(v->url), "http://127.0.0.1:%d", ntohs(at.sin_port));
	CHECK(pthread_create(&thread, NULL, run, v) == 0);
	v->thread = (uintptr_t)thread;
}

void vault_stand_in_stop(struct vault_stand_in *v)
{
	shutdown(v->listener, SHUT_RDWR);
	pthread_join((pthread_t)v->thread, NULL);
	close(v->listener);
}
