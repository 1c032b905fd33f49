#include "model/apikey.h"

#include "tests/unit/check.h"

/* Made by another program, from the bytes that bytes_of(seed) gives. */
static const struct {
	const char *kind;
	uint32_t seed;
	const char *key;
} vectors[] = {
	{ "live", 1, "fp_live_C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs" },
	{ "agt", 2, "fp_agt_GXqpTOVGJPJYRbN6y5Wh6clqA5ZutB4Gb59C" },
	{ "live", 3, "fp_live_L91wIuFxAll8zPhoaE1afQwsGrPUpv3lm7s5" },
	{ "agt", 4, "fp_agt_Pe3lK6P4D7xXNfhvN45fGvGy5FVEDk2egXNe" },
	{ "live", 5, "fp_live_b9w9NkyrygTmLlR8V6anzmj4HM93nY0wR6ff" },
	{ "live", 6, "fp_live_glyGqBpJt8xbWKjKUW95wqc3BSLvtW32iv73" },
	{ "x", 7, "fp_x_kGsMJbYknbJJ4Ip4heKaZTWHWRZi6P49qJuk" },
	{ "sixsix", 8, "fp_sixsix_osuTu1PCh3f8VGnxnN54PJqOhQDXpK3n0DQc" },
	{ "live", 9, "fp_live_NnZOaHmbV1x3EthFvQhD8AAUtXzNX817Hklb" },
	{ "agt", 10, "fp_agt_5spgz08EVyNmcDraTwTCLz1dbWeC830JA2Js" },
};
#define VECTORS (sizeof(vectors) / sizeof(*vectors))

static void bytes_of(uint32_t seed, uint8_t ret[static APIKEY_RANDOM])
{
	for (size_t i = 0; i < APIKEY_RANDOM; i++) {
		seed = (seed * 1103515245u + 12345u) & 0x7FFFFFFF;
		ret[i] = (uint8_t)(seed >> 16);
	}
}

static void known(void)
{
	for (size_t i = 0; i < VECTORS; i++) {
		uint8_t random[APIKEY_RANDOM];
		char key[APIKEY_MAX];
		bytes_of(vectors[i].seed, random);
		apikey_make(key, vectors[i].kind, random);
		CHECK_STR(key, vectors[i].key);
		CHECK(apikey_is(key, NULL) && apikey_is(key, vectors[i].kind));
		CHECK(!apikey_is(key, "") && !apikey_is(key, "liv") && !apikey_is(key, "livex"));
		CHECK(apikey_is(key, "live") == !strcmp(vectors[i].kind, "live"));
	}
}

/* Bytes past the largest multiple of 62 are passed over, so that every character is as likely; 34 of them are the most. */
static void uneven_bytes_are_passed_over(void)
{
	uint8_t random[APIKEY_RANDOM];
	char key[APIKEY_MAX], same[APIKEY_MAX];

	for (size_t i = 0; i < APIKEY_RANDOM; i++)
		random[i] = (uint8_t)(i < 34 ? 248 + i % 8 : 247 - i);
	apikey_make(key, "live", random);
	memmove(random, random + 34, 30);
	apikey_make(same, "live", random);
	CHECK_STR(key, same);
	memset(random, 247, sizeof(random));
	apikey_make(key, "live", random);
	CHECK(!strncmp(key, "fp_live_zzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", 38));
	memset(random, 0, sizeof(random));
	apikey_make(key, "live", random);
	CHECK(!strncmp(key, "fp_live_000000000000000000000000000000", 38));
}

/* No single character may be another, be gone, be doubled, or change places with its neighbour. */
static void every_single_change(void)
{
	for (size_t v = 0; v < VECTORS; v++) {
		const char *key = vectors[v].key;
		size_t n = strlen(key);
		char other[APIKEY_MAX + 1];
		for (size_t at = 0; at < n; at++) {
			for (int c = 1; c < 256; c++) {
				memcpy(other, key, n + 1);
				other[at] = (char)c;
				CHECK(apikey_is(other, NULL) == !strcmp(other, key));
			}
			memcpy(other, key, n + 1);
			memmove(other + at, other + at + 1, n - at);
			CHECK(!apikey_is(other, NULL));
			memcpy(other, key, at + 1);
			memcpy(other + at + 1, key + at, n - at + 1);
			CHECK(!apikey_is(other, NULL));
			memcpy(other, key, n + 1);
			other[at] = key[at + 1] ? key[at + 1] : '0';
			if (key[at + 1])
				other[at + 1] = key[at];
			CHECK(apikey_is(other, NULL) == !strcmp(other, key));
		}
	}
}

/* Some have the right checksum, and are refused by their form. */
static void refused(void)
{
	const char *const bad[] = { "", "fp", "fp_", "fp__", "fp_live", "fp_live_",
		"live_C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs", "C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs",
		"FP_live_C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs", "fp_live_C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs ",
		" fp_live_C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs", "fp_live_C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs\n",
		"fp_agt_C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs", "fp_sevenxx_C25jDeMy3b0SdB15naOqF9feBRkCyR0Sy2rl",
		"Bearer fp_live_C25jDeMy3b0SdB15naOqF9feBRkCyR3nm4Fs" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK(!apikey_is(bad[i], NULL) && !apikey_is(bad[i], "live"));
	CHECK(!apikey_is(NULL, NULL) && !apikey_is(NULL, "live"));
}

int main(void)
{
	known();
	uneven_bytes_are_passed_over();
	every_single_change();
	refused();
	return 0;
}
