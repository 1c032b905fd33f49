/* The vectors come from the test suites that each entry of vectors.json names. */
#include "wire/steam/guard.h"

#include "tests/unit/wire/corpus.h"
#include "wire/json.h"

#include <jansson.h>

static struct hush secret_of(const json_t *entry, const char *member)
{
	const char *text = json_string_value(json_object_get(entry, member));
	struct hush secret = { 0 };
	CHECK(text && guard_secret(text, strlen(text), &secret) == RC_OK);
	return secret;
}

static void codes(const json_t *vectors)
{
	const json_t *v;
	size_t i;
	json_array_foreach(json_object_get(vectors, "totp"), i, v)
	{
		struct hush secret = secret_of(v, "shared_secret_b64");
		int64_t now = json_integer_value(json_object_get(v, "unix_time"));
		char code[GUARD_CODE], other[GUARD_CODE];
		unsigned left;
		CHECK(guard_code(&secret, now, code, &left) == RC_OK);
		CHECK_STR(code, json_string_value(json_object_get(v, "code")));
		CHECK(left >= 1 && left <= 30 && (now + left) % 30 == 0);
		CHECK(guard_code(&secret, now + left - 1, other, &left) == RC_OK && left == 1);
		CHECK_STR(other, code);
		CHECK(guard_code(&secret, now + 1, other, &left) == RC_OK || left == 30);
		hush_done(&secret);
	}
	CHECK(i == 5);
}

static void keys(const json_t *vectors)
{
	const json_t *v;
	size_t i;
	json_array_foreach(json_object_get(vectors, "confirmation_hash"), i, v)
	{
		struct hush secret = secret_of(v, "identity_secret_b64");
		char key[GUARD_KEY];
		CHECK(guard_confirmation_key(&secret, json_integer_value(json_object_get(v, "unix_time")),
			      json_string_value(json_object_get(v, "tag")), key) == RC_OK);
		CHECK_STR(key, json_string_value(json_object_get(v, "hash_b64")));
		hush_done(&secret);
	}
	CHECK(i == 5);
}

static void devices(const json_t *vectors)
{
	const json_t *v = json_array_get(json_object_get(vectors, "device_id"), 0);
	char id[GUARD_DEVICE_ID];
	guard_device_id(strtoull(json_string_value(json_object_get(v, "steamid")), NULL, 10), id);
	CHECK_STR(id, json_string_value(json_object_get(v, "device_id")));
}

static void challenges(const json_t *vectors)
{
	const json_t *v;
	size_t i;
	uint16_t version = 0;
	uint64_t client = 0;
	json_array_foreach(json_object_get(vectors, "qr_challenge"), i, v)
	{
		bool read = guard_challenge(json_string_value(json_object_get(v, "url")), &version, &client);
		CHECK(read != json_is_true(json_object_get(v, "invalid")));
		CHECK(version == 1 && client == 2372462679780599330u);
	}
	CHECK(i == 3);
	CHECK(!guard_challenge("https://s.team/q/65536/1", &version, &client));
	CHECK(!guard_challenge("https://s.team/q/1/18446744073709551616", &version, &client));
	CHECK(!guard_challenge("https://s.team/q/1/", &version, &client) &&
		!guard_challenge("", &version, &client));
	CHECK(!guard_challenge("https://s.team/q/1/2 ", &version, &client));
	CHECK(guard_challenge("https://s.team/q/65535/18446744073709551615", &version, &client));
	CHECK(version == 65535 && client == UINT64_MAX);
}

/* Made by Python's hmac from the layout of the facts. */
static void approval(void)
{
	static const char want[] = "7f0d3d32325f9a55452476c97bba2f44cd6a18f0cfa63498e67d7afcb840d7f5";
	struct hush secret = { 0 };
	uint8_t sig[GUARD_SIGNATURE];
	char hex[2 * GUARD_SIGNATURE + 1];

	CHECK(guard_secret("zvIayp3JPvtvX/QGHqsqKBk/44s=", 28, &secret) == RC_OK);
	CHECK(guard_approval(&secret, 1, 2372462679780599330u, 76561197960265729u, sig) == RC_OK);
	for (unsigned i = 0; i < sizeof(sig); i++)
		snprintf(hex + 2 * i, 3, "%02x", sig[i]);
	CHECK_STR(hex, want);
	hush_done(&secret);
}

static void secrets(void)
{
	struct hush a = { 0 }, b = { 0 };
	char long_text[200], code[GUARD_CODE], key[GUARD_KEY];
	unsigned left;

	memset(long_text, 'A', sizeof(long_text));
	CHECK(guard_secret("CEF21ACA9DC93EFB6F5FF4061EAB2A28193fe38b", 40, &a) == RC_OK && a.n == 20);
	CHECK(guard_secret("zvIayp3JPvtvX/QGHqsqKBk/44s=", 28, &b) == RC_OK && hush_same(&a, b.p, b.n));
	CHECK(guard_secret("", 0, &a) == RC_INVALID && guard_secret("not a secret!", 13, &a) == RC_INVALID);
	CHECK(guard_secret(long_text, sizeof(long_text), &a) == RC_INVALID && a.n == 20);
	CHECK(guard_code(&a, -1, code, &left) == RC_INVALID);
	CHECK(guard_confirmation_key(&a, 1, "a tag of more than thirty-two bytes", key) == RC_INVALID);
	CHECK(guard_confirmation_key(&a, 1, "exactly thirty-two bytes of tag.", key) == RC_OK);
	hush_done(&a);
	CHECK(guard_code(&a, 1, code, &left) == RC_INVALID); /* no secret */
	hush_done(&b);
}

int main(void)
{
	struct buf text = corpus_read("tests/corpus/guard/vectors.json");
	struct json_t *vectors;
	CHECK(json_read((const char *)text.p, text.n, &vectors, NULL) == RC_OK);
	codes(vectors);
	keys(vectors);
	devices(vectors);
	challenges(vectors);
	approval();
	secrets();
	json_drop(vectors);
	buf_done(&text);
	return 0;
}
