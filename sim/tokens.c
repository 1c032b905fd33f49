#include "sim/tokens.h"

#include "base/list.h"
#include "proto/steam/auth.pb-c.h"
#include "sim/services.h"
#include "wire/steam/eresult.h"

#include <inttypes.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JWT_MAX       2048
#define SIGNATURE     64
#define ID_BITS       52
#define ENUMERATE_MAX 200

/* A refresh token that was made. In tokens.all, oldest first. */
struct made {
	struct list node;
	uint64_t id, steamid;
	char id_text[24], device[TOKENS_DEVICE_MAX];
	enum token_platform platform;
	bool persistent, revoked;
	int64_t created, seen;
};

struct tokens {
	EVP_PKEY *key;
	struct list all;
	struct map by_id;
	size_t n;
	uint64_t last_id;
};

enum rc tokens_new(struct tokens **ret, struct fault *f)
{
	/* The same at every start, so that a Steam that was restarted knows its tokens. */
	static const char seed[] = "the key that this simulated Steam signs its tokens with";
	uint8_t secret[32];
	SHA256((const unsigned char *)seed, sizeof(seed), secret);

	struct tokens *t = calloc(1, sizeof(*t));
	if (t)
		t->key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret, sizeof(secret));
	if (!t || !t->key) {
		free(t);
		return fault_set(f, RC_INTERNAL, "no key for tokens");
	}
	list_init(&t->all);
	*ret = t;
	return RC_OK;
}

static void forget(struct tokens *t, struct made *m)
{
	(void)map_take(&t->by_id, m->id_text);
	list_remove(&m->node);
	free(m);
	t->n--;
}

void tokens_free(struct tokens *t)
{
	if (!t)
		return;
	list_each (at, after, &t->all) {
		forget(t, list_of(at, struct made, node));
	}
	map_done(&t->by_id);
	EVP_PKEY_free(t->key);
	free(t);
}

static struct made *made_of(const struct tokens *t, uint64_t id)
{
	char text[24];
	snprintf(text, sizeof(text), "%" PRIu64, id);
	return map_get(&t->by_id, text);
}

/* ---- the text ---- */

static void put_base64url(struct buf *to, const uint8_t *p, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	for (size_t i = 0; i < n; i += 3) {
		uint32_t three = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
				 (i + 2 < n ? p[i + 2] : 0);
		for (size_t k = 0; k < 4 && k <= n - i; k++)
			buf_u8(to, (uint8_t)digits[three >> (18 - 6 * k) & 63]);
	}
}

static int digit_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

/* How many bytes came out; 0 when it is none, or too long. */
static size_t read_base64url(const char *s, size_t n, uint8_t *to, size_t room)
{
	uint32_t bits = 0;
	unsigned have = 0;
	size_t got = 0;

	for (size_t i = 0; i < n; i++) {
		int d = digit_of(s[i]);
		if (d < 0 || got == room)
			return 0;
		bits = bits << 6 | (uint32_t)d;
		have += 6;
		if (have >= 8) {
			have -= 8;
			to[got++] = (uint8_t)(bits >> have);
		}
	}
	return got;
}

/* The whole token: header, body, signature. */
static void put_signed(struct tokens *t, const struct buf *body, struct buf *to)
{
	static const char head[] = "{ \"typ\": \"JWT\", \"alg\": \"EdDSA\" }";
	uint8_t signature[SIGNATURE];
	size_t n = sizeof(signature), from = to->n;
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	put_base64url(to, (const uint8_t *)head, sizeof(head) - 1);
	buf_u8(to, '.');
	put_base64url(to, body->p, body->n);
	if (to->bad || body->bad || !md || EVP_DigestSignInit(md, NULL, NULL, NULL, t->key) != 1 ||
		EVP_DigestSign(md, signature, &n, to->p + from, to->n - from) != 1)
		to->bad = true;
	EVP_MD_CTX_free(md);
	buf_u8(to, '.');
	put_base64url(to, signature, sizeof(signature));
}

static bool check_signature(struct tokens *t, const char *jwt, size_t signed_n, const char *signature)
{
	uint8_t raw[SIGNATURE + 2];
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool good = md && read_base64url(signature, strlen(signature), raw, sizeof(raw)) == SIGNATURE &&
		    EVP_DigestVerifyInit(md, NULL, NULL, NULL, t->key) == 1 &&
		    EVP_DigestVerify(md, raw, SIGNATURE, (const uint8_t *)jwt, signed_n) == 1;
	EVP_MD_CTX_free(md);
	return good;
}

/* "18C5_22B3F431_CDF6A": the account's generation, and the id in two parts. */
static void put_jti(struct buf *b, uint32_t generation, uint64_t id)
{
	buf_fmt(b, "%04X_%08X_%05X", generation & 0xffff, (unsigned)(id >> 20), (unsigned)(id & 0xfffff));
}

static void put_audience(struct buf *b, unsigned audience)
{
	static const char *const names[] = { "client", "web", "mobile", "renew", "derive", "machine" };
	const char *comma = "";
	buf_str(b, "\"aud\": [ ");
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(audience & 1u << i))
			continue;
		buf_fmt(b, "%s\"%s\"", comma, names[i]);
		comma = ", ";
	}
	buf_str(b, " ]");
}

static unsigned audience_of(enum token_platform platform)
{
	if (platform == TOKEN_CLIENT)
		return TOKEN_FOR_CLIENT | TOKEN_FOR_WEB;
	return platform == TOKEN_MOBILE ? TOKEN_FOR_WEB | TOKEN_FOR_MOBILE : TOKEN_FOR_WEB;
}

static struct made *make(struct sim *s, struct tokens *t, const struct person *p, enum token_platform platform)
{
	struct made *m = calloc(1, sizeof(*m));
	if (!m)
		return NULL;
	if (t->n == TOKENS_MAX)
		forget(t, list_of(t->all.next, struct made, node));
	/* Ids go with the time, so those of another run of this Steam are others. */
	uint64_t id = (uint64_t)sim_time_ms(s) << 10 & ((UINT64_C(1) << ID_BITS) - 1);
	t->last_id = id > t->last_id ? id : t->last_id + 1;
	*m = (struct made){ .id = t->last_id, .steamid = p->steamid, .platform = platform };
	m->created = m->seen = sim_time(s);
	snprintf(m->id_text, sizeof(m->id_text), "%" PRIu64, m->id);
	if (map_put(&t->by_id, m->id_text, m) != RC_OK) {
		free(m);
		return NULL;
	}
	list_append(&t->all, &m->node);
	t->n++;
	return m;
}

uint64_t tokens_put_refresh(struct sim *s, struct person *p, enum token_platform platform, bool persistent,
	const char *device, struct buf *to)
{
	struct made *m = make(s, s->tokens, p, platform);
	struct buf b = { 0 };
	int64_t now = sim_time(s);

	if (!m)
		return 0;
	m->persistent = persistent;
	snprintf(m->device, sizeof(m->device), "%s", device);
	buf_fmt(&b, "{ \"iss\": \"steam\", \"sub\": \"%s\", ", p->id_text);
	put_audience(&b, audience_of(platform) | TOKEN_FOR_RENEW | TOKEN_FOR_DERIVE);
	buf_fmt(&b, ", \"exp\": %" PRId64 ", \"nbf\": %" PRId64 ", \"iat\": %" PRId64 ", \"jti\": \"",
		now + TOKENS_REFRESH_S, now - 1, now);
	put_jti(&b, p->token_generation, m->id);
	buf_fmt(&b,
		"\", \"oat\": %" PRId64
		", \"per\": %d, \"ip_subject\": \"127.0.0.1\", \"ip_confirmer\": \"127.0.0.1\" }",
		now, persistent);
	put_signed(s->tokens, &b, to);
	buf_done(&b);
	return m->id;
}

void tokens_put_access(struct sim *s, const struct person *p, const struct token *of, struct buf *to)
{
	struct buf b = { 0 };
	int64_t now = sim_time(s);

	buf_str(&b, "{ \"iss\": \"r:");
	put_jti(&b, p->token_generation, of->id);
	buf_fmt(&b, "\", \"sub\": \"%s\", ", p->id_text);
	put_audience(&b, audience_of(of->platform));
	buf_fmt(&b, ", \"exp\": %" PRId64 ", \"nbf\": %" PRId64 ", \"iat\": %" PRId64 ", \"jti\": \"",
		now + TOKENS_ACCESS_S, now - 1, now);
	put_jti(&b, p->token_generation, of->id + 1);
	buf_fmt(&b,
		"\", \"oat\": %" PRId64 ", \"rt_exp\": %" PRId64 ", \"per\": 0, \"ip_subject\": \"127.0.0.1\", "
		"\"ip_confirmer\": \"127.0.0.1\" }",
		now, of->exp);
	put_signed(s->tokens, &b, to);
	buf_done(&b);
}

void tokens_put_machine(struct sim *s, const struct person *p, struct buf *to)
{
	struct buf b = { 0 };
	int64_t now = sim_time(s);

	buf_fmt(&b, "{ \"iss\": \"steam\", \"sub\": \"%s\", ", p->id_text);
	put_audience(&b, TOKEN_FOR_MACHINE);
	buf_fmt(&b, ", \"exp\": %" PRId64 ", \"nbf\": %" PRId64 ", \"iat\": %" PRId64 ", \"jti\": \"",
		now + TOKENS_REFRESH_S, now - 1, now);
	put_jti(&b, p->token_generation, 0);
	buf_str(&b, "\", \"per\": 1 }");
	put_signed(s->tokens, &b, to);
	buf_done(&b);
}

/* ---- and back ---- */

/* What follows `key` in a body that we wrote ourselves; "" when it is not there. */
static const char *after(const char *body, const char *key)
{
	const char *at = strstr(body, key);
	return at ? at + strlen(key) : "";
}

/* The number at *at, which is then behind it and its underscore. */
static unsigned long hex_then(const char **at)
{
	char *end;
	unsigned long v = strtoul(*at, &end, 16);

	*at = end + (*end == '_');
	return v;
}

static void read_body(const char *body, struct token *ret)
{
	static const char *const names[] = { "\"client\"", "\"web\"", "\"mobile\"", "\"renew\"", "\"derive\"",
		"\"machine\"" };
	const char *issuer = after(body, "\"iss\": \"");

	ret->refresh = strncmp(issuer, "r:", 2) != 0;
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ret->audience |= strstr(body, names[i]) ? 1u << i : 0;
	ret->steamid = strtoull(after(body, "\"sub\": \""), NULL, 10);
	ret->exp = strtoll(after(body, "\"exp\": "), NULL, 10);
	ret->persistent = *after(body, "\"per\": ") == '1';
	const char *jti = ret->refresh ? after(body, "\"jti\": \"") : issuer + 2;
	ret->generation = (unsigned)hex_then(&jti);
	uint64_t high = hex_then(&jti);
	ret->id = high << 20 | hex_then(&jti);
	ret->platform = ret->audience & TOKEN_FOR_CLIENT   ? TOKEN_CLIENT
			: ret->audience & TOKEN_FOR_MOBILE ? TOKEN_MOBILE
							   : TOKEN_WEB;
}

bool tokens_read(struct sim *s, const char *jwt, struct token *ret)
{
	const char *first = strchr(jwt, '.'), *second = first ? strchr(first + 1, '.') : NULL;
	uint8_t body[JWT_MAX + 1];
	struct token got = { 0 };

	if (!second || strlen(jwt) > JWT_MAX ||
		!check_signature(s->tokens, jwt, (size_t)(second - jwt), second + 1))
		return false;
	size_t n = read_base64url(first + 1, (size_t)(second - first - 1), body, JWT_MAX);
	body[n] = 0;
	read_body((const char *)body, &got);
	const struct person *p = people_by_id(&s->people, got.steamid);
	struct made *m = made_of(s->tokens, got.id);
	if (!p)
		return false;
	if (m)
		m->seen = sim_time(s);
	got.expired = got.exp <= sim_time(s);
	got.revoked = (m && m->revoked) || got.generation != (p->token_generation & 0xffff);
	*ret = got;
	return true;
}

void tokens_revoke(struct sim *s, uint64_t id)
{
	struct made *m = made_of(s->tokens, id);
	if (m)
		m->revoked = true;
}

/* ---- what their owner may ask ---- */

int32_t tokens_enumerate(struct service_call *c)
{
	CAuthenticationRefreshTokenEnumerateResponse m = CAUTHENTICATION__REFRESH_TOKEN__ENUMERATE__RESPONSE__INIT;
	CAuthenticationRefreshTokenEnumerateResponse__RefreshTokenDescription one[ENUMERATE_MAX],
		*all[ENUMERATE_MAX];
	struct tokens *t = c->sim->tokens;

	for (struct list *at = t->all.prev; at != &t->all && m.n_refresh_tokens < ENUMERATE_MAX; at = at->prev) {
		struct made *k = list_of(at, struct made, node);
		if (k->steamid != c->from->who->steamid || k->revoked ||
			k->created + TOKENS_REFRESH_S <= sim_time(c->sim))
			continue;
		all[m.n_refresh_tokens] = &one[m.n_refresh_tokens];
		CAuthenticationRefreshTokenEnumerateResponse__RefreshTokenDescription *d =
			all[m.n_refresh_tokens++];
		*d = (CAuthenticationRefreshTokenEnumerateResponse__RefreshTokenDescription)
			CAUTHENTICATION__REFRESH_TOKEN__ENUMERATE__RESPONSE__REFRESH_TOKEN_DESCRIPTION__INIT;
		d->has_token_id = d->has_time_updated = d->has_platform_type = d->has_logged_in = 1;
		d->token_id = k->id;
		d->token_description = k->device;
		d->time_updated = (uint32_t)k->seen;
		d->platform_type = (int32_t)k->platform;
		d->logged_in = 1;
	}
	m.refresh_tokens = all;
	service_say(c, &m.base);
	return ERESULT_OK;
}

int32_t tokens_revoke_one(struct service_call *c)
{
	const CAuthenticationRefreshTokenRevokeRequest *m = (const CAuthenticationRefreshTokenRevokeRequest *)c->in;
	struct made *k = made_of(c->sim->tokens, m->token_id);

	if (!k || k->steamid != c->from->who->steamid)
		return ERESULT_FILE_NOT_FOUND;
	tokens_revoke(c->sim, k->id);
	return ERESULT_OK;
}
