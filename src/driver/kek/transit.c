#include "driver/kek/transit.h"
#include "io/file.h"
#include "io/http_call.h"
#include "wire/base64.h"
#include "wire/json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define TOKEN_MAX  4096
#define ANSWER_MAX (256u << 10)
#define URL_MAX    1024

struct transit {
	struct kek kek;
	struct transit_conf conf;
};

static struct transit *transit_of(struct kek *k) { return (struct transit *)(void *)k; }

/* ---- calls ---- */

static enum rc read_token(const struct transit *t, struct hush *ret, struct fault *f)
{
	struct buf b = { 0 };
	enum rc rc = file_read_secret(t->conf.token_file, TOKEN_MAX, &b, f);

	while (rc == RC_OK && b.n && (b.p[b.n - 1] == '\n' || b.p[b.n - 1] == '\r'))
		b.n--;
	for (size_t i = 0; rc == RC_OK && i < b.n; i++)
		if (b.p[i] <= ' ' || b.p[i] > '~')
			rc = fault_set(f, RC_INVALID, "%s holds no token of Vault", t->conf.token_file);
	if (rc == RC_OK)
		rc = b.n ? hush_set(ret, b.p, b.n) : fault_set(f, RC_INVALID, "%s is empty", t->conf.token_file);
	hush_wipe(b.p, b.room);
	buf_done(&b);
	return rc;
}

/* The first of {"errors":["…"]}; "" when there is none. */
static const char *error_of(const json_t *answer)
{
	const char *s = json_string_value(json_array_get(json_object_get(answer, "errors"), 0));
	return s ? s : "";
}

static bool is_about(const char *why, const char *what) { return strstr(why, what) != NULL; }

/* What a refusal of Vault means here. Its own words are shown: they hold no secret of ours. */
static enum rc refused(const struct transit *t, int status, const char *why, struct fault *f)
{
	if (status == 403)
		return fault_set(
			f, RC_DENIED, "vault: the token may not use the key %.64s (403): %.100s", t->conf.key, why);
	if (status == 503)
		return fault_set(f, RC_AWAY, "vault: it is sealed, or in maintenance (503): %.100s", why);
	if (status == 429 || status == 472 || status == 473 || status >= 500)
		return fault_set(f, RC_AWAY, "vault: it takes no requests now (%d): %.100s", status, why);
	if (status == 404)
		return fault_set(f, RC_MISSING, "vault: there is no key %.64s under %.64s (404)", t->conf.key,
			t->conf.mount);
	if (is_about(why, "disallowed by policy") || is_about(why, "too old") ||
		is_about(why, "invalid key version") || is_about(why, "version is too new"))
		return fault_set(f, RC_CONFLICT,
			"vault: the key %.64s no longer decrypts the version that the database needs: lower "
			"min_decryption_version, or restore it (%.80s)",
			t->conf.key, why);
	if (is_about(why, "authentication failed") || is_about(why, "invalid ciphertext") ||
		is_about(why, "illegal base64") || is_about(why, "unable to decrypt"))
		return fault_set(f, RC_DENIED, "vault: a wrapped key does not open: it was altered (%.80s)", why);
	return fault_set(f, RC_REFUSED, "vault: refused (%d): %.150s", status, why);
}

static enum rc send(const struct transit *t, const char *method, const char *path, const struct buf *body,
	struct http_answer *ret, struct fault *f)
{
	struct hush token = { 0 };
	char url[URL_MAX];
	bool spaced = t->conf.namespace && *t->conf.namespace;

	enum rc rc = read_token(t, &token, f);
	if (rc != RC_OK)
		return rc;
	const struct http_call_header headers[] = { { "X-Vault-Request", "true" },
		{ "X-Vault-Token", (const char *)token.p }, { "Content-Type", "application/json" },
		{ spaced ? "X-Vault-Namespace" : NULL, t->conf.namespace }, { 0 } };
	snprintf(url, sizeof(url), "%s/v1/%s/%s", t->conf.url, t->conf.mount, path);
	const struct http_ask ask = { .method = method,
		.url = url,
		.headers = headers,
		.body = body ? body->p : NULL,
		.body_n = body ? body->n : 0,
		.body_max = ANSWER_MAX,
		.deadline_ms = TRANSIT_DEADLINE_MS,
		.connect_ms = TRANSIT_DEADLINE_MS,
		.tls_ca = t->conf.ca_file };
	rc = http_call(&ask, ret, f);
	hush_done(&token);
	return rc == RC_TIMEOUT ? fault_set(f, RC_AWAY, "vault: no answer in time") : rc;
}

/* *ret_answer is wiped and dropped by the caller; NULL: the answer has no body. */
static enum rc call(const struct transit *t, const char *method, const char *path, const struct buf *body,
	json_t **ret_answer, struct fault *f)
{
	struct http_answer a = { 0 };
	json_t *j = NULL;

	enum rc rc = send(t, method, path, body, &a, f);
	if (rc != RC_OK)
		return rc;
	if (a.body.n && json_read((const char *)a.body.p, a.body.n, &j, NULL) != RC_OK)
		j = NULL;
	if (a.status < 200 || a.status > 299)
		rc = refused(t, a.status, error_of(j), f);
	hush_wipe(a.body.p, a.body.room);
	http_answer_done(&a);
	if (rc == RC_OK)
		*ret_answer = j;
	else
		json_drop(j);
	return rc;
}

static void put_member(struct buf *b, const char *name, const void *p, size_t n)
{
	buf_fmt(b, "%c\"%s\":\"", b->n ? ',' : '{', name);
	base64_put(b, p, n);
	buf_u8(b, '"');
}

/* ---- the contract ---- */

static enum rc unexpected(struct fault *f)
{
	return fault_set(f, RC_REFUSED, "vault: the answer is not understood");
}

static enum rc wrap(struct kek *k, const char *bound, const struct hush *key, struct buf *to, struct fault *f)
{
	struct transit *t = transit_of(k);
	struct buf body = { 0 };
	char path[256], ours[KEK_WRAPPED_MAX];
	const char *rest = NULL;
	json_t *answer = NULL;

	if (key->n != KEK_KEY)
		return fault_set(f, RC_INTERNAL, "a key of another length");
	if (!buf_room(&body, 1024)) /* one that grows would leave copies behind */
		return RC_NOMEM;
	put_member(&body, "plaintext", key->p, key->n);
	put_member(&body, "associated_data", bound, strlen(bound));
	buf_u8(&body, '}');
	snprintf(path, sizeof(path), "encrypt/%s", t->conf.key);
	enum rc rc = body.bad ? RC_NOMEM : call(t, "POST", path, &body, &answer, f);
	hush_wipe(body.p, body.room);
	buf_done(&body);
	if (rc != RC_OK)
		return rc;
	const char *text = json_string_value(json_object_get(json_object_get(answer, "data"), "ciphertext"));
	bool ok = text && !strncmp(text, "vault:v", 7) && strlen(text) < KEK_WRAPPED_MAX;
	if (ok) /* its "v" is left out */
		snprintf(ours, sizeof(ours), TRANSIT_NAME ":%s", text + 7);
	ok = ok && kek_version_of(ours, TRANSIT_NAME, &rest) > 0;
	if (ok)
		buf_str(to, ours);
	json_drop(answer);
	return !ok ? unexpected(f) : to->bad ? RC_NOMEM : RC_OK;
}

static enum rc take_plain(const json_t *answer, struct hush *ret, struct fault *f)
{
	const char *text = json_string_value(json_object_get(json_object_get(answer, "data"), "plaintext"));
	struct buf b = { 0 };

	if (!text || !buf_room(&b, 256) || strlen(text) > 128 || !base64_get(text, strlen(text), &b) ||
		b.n != KEK_KEY) {
		hush_wipe(b.p, b.room);
		buf_done(&b);
		return unexpected(f);
	}
	enum rc rc = hush_set(ret, b.p, b.n);
	hush_wipe(b.p, b.room);
	buf_done(&b);
	return rc;
}

static enum rc unwrap(struct kek *k, const char *bound, const char *wrapped, struct hush *ret, struct fault *f)
{
	struct transit *t = transit_of(k);
	const char *rest = NULL;
	int64_t version = kek_version_of(wrapped, TRANSIT_NAME, &rest);
	struct buf body = { 0 };
	char path[256];
	json_t *answer = NULL;

	if (!version)
		return fault_set(
			f, RC_CONFLICT, "the key was wrapped by another provider (%.*s)", KEK_NAME_MAX, wrapped);
	if (strspn(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=") != strlen(rest))
		return fault_set(f, RC_DENIED, "a wrapped key is damaged");
	buf_fmt(&body, "{\"ciphertext\":\"vault:v%lld:%s\"", (long long)version, rest);
	put_member(&body, "associated_data", bound, strlen(bound));
	buf_u8(&body, '}');
	snprintf(path, sizeof(path), "decrypt/%s", t->conf.key);
	enum rc rc = body.bad ? RC_NOMEM : call(t, "POST", path, &body, &answer, f);
	buf_done(&body);
	if (rc == RC_OK)
		rc = take_plain(answer, ret, f);
	json_wipe(answer);
	json_drop(answer);
	return rc;
}

static enum rc check_key(const struct transit *t, const json_t *data, struct fault *f)
{
	const char *type = json_string_value(json_object_get(data, "type"));

	if (!type || strcmp(type, "aes256-gcm96") != 0)
		return fault_set(f, RC_INVALID, "vault: the key %.64s must be of type aes256-gcm96, not %.32s",
			t->conf.key, type ? type : "unknown");
	if (json_is_true(json_object_get(data, "derived")))
		return fault_set(
			f, RC_INVALID, "vault: the key %.64s is derived: make one that is not", t->conf.key);
	if (json_is_true(json_object_get(data, "exportable")) ||
		json_is_true(json_object_get(data, "allow_plaintext_backup")))
		return fault_set(f, RC_DENIED,
			"vault: the key %.64s can be taken out (exportable or allow_plaintext_backup): make one "
			"that "
			"cannot",
			t->conf.key);
	return RC_OK;
}

static enum rc health(struct kek *k, struct kek_health *ret, struct fault *f)
{
	struct transit *t = transit_of(k);
	char path[256];
	json_t *answer = NULL;

	snprintf(path, sizeof(path), "keys/%s", t->conf.key);
	enum rc rc = call(t, "GET", path, NULL, &answer, f);
	const json_t *data = json_object_get(answer, "data");
	int64_t newest = json_integer_value(json_object_get(data, "latest_version")),
		oldest = json_integer_value(json_object_get(data, "min_decryption_version"));
	if (rc == RC_OK)
		rc = check_key(t, data, f);
	if (rc == RC_OK && newest < 1)
		rc = unexpected(f);
	if (rc == RC_OK)
		*ret = (struct kek_health){ oldest > 1 ? oldest : 1, newest };
	json_drop(answer);
	return rc;
}

static enum rc add(struct kek *k, int64_t *ret_version, struct fault *f)
{
	struct transit *t = transit_of(k);
	struct kek_health h = { 0 };
	char path[256];
	json_t *answer = NULL;

	snprintf(path, sizeof(path), "keys/%s/rotate", t->conf.key);
	enum rc rc = call(t, "POST", path, NULL, &answer, f);
	json_drop(answer);
	if (rc == RC_DENIED)
		return fault_set(f, RC_INVALID,
			"vault: the token may not rotate the key %.64s: rotate it there (vault write -f "
			"%.64s/keys/%.64s/"
			"rotate), then again here",
			t->conf.key, t->conf.mount, t->conf.key);
	if (rc == RC_OK)
		rc = health(k, &h, f);
	if (rc == RC_OK)
		*ret_version = h.newest;
	return rc;
}

static void transit_free(struct kek *k) { free(transit_of(k)); }

static const struct kek_impl transit_impl = {
	.name = TRANSIT_NAME, .wrap = wrap, .unwrap = unwrap, .add = add, .health = health, .free = transit_free
};

static bool is_name(const char *s)
{
	return *s && strlen(s) <= 64 &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./") == strlen(s);
}

static enum rc check_conf(const struct transit_conf *c, struct fault *f)
{
	static const char local[] = "http://127.0.0.1:";

	if (!c->url || !c->token_file || !c->key || !c->mount)
		return fault_set(f, RC_INVALID, "vault needs kek.vault_url and kek.vault_token_file");
	if (strncmp(c->url, "https://", 8) != 0 && strncmp(c->url, local, strlen(local)) != 0)
		return fault_set(
			f, RC_INVALID, "kek.vault_url must begin with https://: keys and the token go over it");
	if (!is_name(c->mount) || !is_name(c->key))
		return fault_set(
			f, RC_INVALID, "kek.vault_mount and kek.vault_key are names: letters, digits, _ - . /");
	return RC_OK;
}

enum rc transit_open(const struct transit_conf *conf, struct kek **ret, struct fault *f)
{
	struct kek_health h = { 0 };
	enum rc rc = check_conf(conf, f);

	if (rc != RC_OK)
		return rc;
	struct transit *t = calloc(1, sizeof(*t));
	if (!t)
		return RC_NOMEM;
	t->kek.impl = &transit_impl;
	t->conf = *conf;
	rc = health(&t->kek, &h, f);
	if (rc == RC_OK)
		*ret = &t->kek;
	else
		transit_free(&t->kek);
	return rc;
}
