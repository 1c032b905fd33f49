#include "wire/steam/channel.h"

#include "tests/unit/wire/corpus.h"
#include "wire/steam/rsa.h"

#define FOLDER "tests/corpus/rsa/"

static struct buf private, public;
static uint8_t key[CHANNEL_KEY], challenge[CHANNEL_CHALLENGE] = { 1, 2, 3 }, seed[CHANNEL_SEED] = { 4, 5 };
static const uint8_t salt[CHANNEL_SALT] = { 0xaa, 0xbb, 0xcc };

static void frames(void)
{
	struct buf wire = { 0 };
	const uint8_t *p;
	size_t n;

	channel_put(&wire, "one", 3);
	channel_put(&wire, "", 0);
	channel_put(&wire, "three", 5);
	CHECK(corpus_same(&(struct buf){ .p = wire.p, .n = 11 }, "\3\0\0\0VT01one", 11));
	for (size_t cut = 0; cut < 11; cut++) {
		struct rd in = rd_over(wire.p, cut);
		CHECK(channel_next(&in, &p, &n, NULL) == RC_MORE && rd_left(&in) == cut);
	}
	struct rd in = rd_over(wire.p, wire.n);
	CHECK(channel_next(&in, &p, &n, NULL) == RC_OK && n == 3 && !memcmp(p, "one", 3));
	CHECK(channel_next(&in, &p, &n, NULL) == RC_OK && n == 0);
	CHECK(channel_next(&in, &p, &n, NULL) == RC_OK && n == 5 && !memcmp(p, "three", 5));
	CHECK(channel_next(&in, &p, &n, NULL) == RC_MORE && rd_left(&in) == 0);

	in = rd_over("\1\0\0\0VT02x", 9);
	CHECK(channel_next(&in, &p, &n, NULL) == RC_MALFORMED);
	in = rd_over("\1\0\0\1VT01", 8); /* one more than the most */
	CHECK(channel_next(&in, &p, &n, NULL) == RC_TOO_LARGE);
	in = rd_over("\0\0\0\1VT01", 8);
	CHECK(channel_next(&in, &p, &n, NULL) == RC_MORE);
	buf_done(&wire);
}

static void handshake(void)
{
	struct buf request = { 0 }, response = { 0 }, result = { 0 };
	struct channel_offer offer = { buf_text(&public), key, challenge, seed };
	uint8_t asked[CHANNEL_CHALLENGE], agreed[CHANNEL_KEY], other[CHANNEL_CHALLENGE] = { 9 };
	int32_t eresult;

	channel_request_write(&request, challenge);
	CHECK(request.n == 24 && channel_request_read(request.p, request.n, asked, NULL) == RC_OK);
	CHECK(!memcmp(asked, challenge, sizeof(asked)));
	CHECK(channel_response_write(&response, &offer, NULL) == RC_OK && response.n == 144);
	CHECK(channel_response_read(response.p, response.n, buf_text(&private), challenge, agreed, NULL) == RC_OK);
	CHECK(!memcmp(agreed, key, sizeof(key)));
	CHECK(channel_response_read(response.p, response.n, buf_text(&private), other, agreed, NULL) == RC_DENIED);
	for (size_t i = 0; i < response.n; i++)
		CHECK(channel_response_read(response.p, i, buf_text(&private), challenge, agreed, NULL) ==
			RC_MALFORMED);
	response.p[20] ^= 1;
	CHECK(channel_response_read(response.p, response.n, buf_text(&private), challenge, agreed, NULL) ==
		RC_MALFORMED);
	channel_result_write(&result, 1);
	CHECK(channel_result_read(result.p, result.n, &eresult, NULL) == RC_OK && eresult == 1);
	CHECK(channel_result_read(result.p, 3, &eresult, NULL) == RC_MALFORMED);

	CHECK(channel_request_read(request.p, 8, asked, NULL) ==
		RC_INVALID); /* the old form, without a challenge */
	request.p[0] = 2;
	CHECK(channel_request_read(request.p, request.n, asked, NULL) == RC_INVALID);
	buf_done(&request);
	buf_done(&response);
	buf_done(&result);
}

static void keys(void)
{
	struct buf to = { 0 };
	struct rsa k;
	struct channel_offer offer = { channel_valve_key(), key, challenge, seed };

	CHECK(rsa_of_public_key(channel_valve_key(), strlen(channel_valve_key()), 1024, &k, NULL) == RC_OK);
	CHECK(k.modulus_n == 128 && k.exponent_n == 1 && k.exponent[0] == 17);
	CHECK(channel_response_write(&to, &offer, NULL) == RC_OK);
	offer.public_key = "no key";
	CHECK(channel_response_write(&to, &offer, NULL) == RC_MALFORMED);
	offer.public_key = "";
	CHECK(channel_response_write(&to, &offer, NULL) == RC_MALFORMED);
	CHECK(rsa_of_public_key(channel_valve_key(), strlen(channel_valve_key()), 2048, &k, NULL) == RC_DENIED);
	buf_done(&to);
}

/* Made by openssl(1) and Python's hmac from the layout of the facts. */
static const char sealed[] = "42c7cabedbd8367c378bedac6f974d062c3c9be500cccc3c9dac6ae0daef7dfe";

static void payloads(void)
{
	struct buf box = { 0 }, plain = { 0 };
	uint8_t other[CHANNEL_KEY] = { 0 };
	char hex[sizeof(sealed)];

	CHECK(channel_encrypt(key, salt, "hello steam", 11, &box) == RC_OK && box.n == (sizeof(sealed) - 1) / 2);
	for (size_t i = 0; i < box.n; i++)
		snprintf(hex + 2 * i, 3, "%02x", box.p[i]);
	CHECK_STR(hex, sealed);
	buf_str(&plain, ">");
	CHECK(channel_decrypt(key, box.p, box.n, &plain, NULL) == RC_OK);
	CHECK_STR(buf_text(&plain), ">hello steam");
	for (size_t i = 0; i < box.n; i++) {
		box.p[i] ^= 1;
		CHECK(channel_decrypt(key, box.p, box.n, &plain, NULL) == RC_DENIED && plain.n == 12);
		box.p[i] ^= 1;
		CHECK(channel_decrypt(key, box.p, i, &plain, NULL) == RC_DENIED && plain.n == 12);
	}
	CHECK(channel_decrypt(other, box.p, box.n, &plain, NULL) == RC_DENIED);
	box.n = plain.n = 0;
	CHECK(channel_encrypt(key, salt, "", 0, &box) == RC_OK && box.n == 32);
	CHECK(channel_decrypt(key, box.p, box.n, &plain, NULL) == RC_OK && plain.n == 0);
	buf_done(&box);
	buf_done(&plain);
}

int main(void)
{
	private = corpus_read(FOLDER "channel.pem");
	public = corpus_read(FOLDER "channel_public.pem");
	for (unsigned i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	frames();
	handshake();
	keys();
	payloads();
	buf_done(&private);
	buf_done(&public);
	return 0;
}
