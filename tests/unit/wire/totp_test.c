/* RFC 6238, appendix B: every row, of all three algorithms. RFC 4648, section 10: base 32. */
#include "wire/totp.h"

#include "tests/unit/check.h"

static const char seeds[] = "1234567890123456789012345678901234567890123456789012345678901234";

static struct hush secret_of(size_t n)
{
	struct hush h = { 0 };
	CHECK(hush_set(&h, seeds, n) == RC_OK);
	return h;
}

static void vectors(void)
{
	static const struct {
		int64_t at;
		const char *codes[3];
	} rows[] = {
		{ 59, { "94287082", "46119246", "90693936" } },
		{ 1111111109, { "07081804", "68084774", "25091201" } },
		{ 1111111111, { "14050471", "67062674", "99943326" } },
		{ 1234567890, { "89005924", "91819424", "93441116" } },
		{ 2000000000, { "69279037", "90698825", "38618901" } },
		{ 20000000000, { "65353130", "77737706", "47863826" } },
	};
	static const size_t sizes[] = { 20, 32, 64 };
	char code[TOTP_CODE_MAX];

	for (int a = 0; a < 3; a++) {
		struct hush h = secret_of(sizes[a]);
		const struct totp t = { (enum totp_algorithm)a, 8, &h }, six = { (enum totp_algorithm)a, 6, &h };
		for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
			CHECK(totp_code(&t, totp_step(rows[i].at * 1000), code) == RC_OK);
			CHECK_STR(code, rows[i].codes[a]);
			CHECK(totp_code(&six, totp_step(rows[i].at * 1000), code) == RC_OK);
			CHECK_STR(code, rows[i].codes[a] + 2); /* the last digits of the same number */
		}
		hush_done(&h);
	}
}

static void matches(void)
{
	struct hush h = secret_of(20), none = { 0 };
	const struct totp t = { TOTP_SHA1, 6, &h }, empty = { TOTP_SHA1, 6, &none };
	const int64_t now = 1234567890000, step = totp_step(now);
	char code[TOTP_CODE_MAX];
	int64_t at = 0;

	for (int64_t off = -3; off <= 3; off++) {
		CHECK(totp_code(&t, step + off, code) == RC_OK);
		bool near = off >= -TOTP_SKEW_STEPS && off <= TOTP_SKEW_STEPS;
		CHECK(totp_match(&t, now, 0, code, &at) == near && (!near || at == step + off));
		CHECK(!totp_match(&t, now, step + off, code, &at)); /* used before */
		CHECK(totp_match(&t, now, step + off - 1, code, &at) == near);
	}
	static const char *const wrong[] = { "", "0", "00000", "0059240", "005925", " 05924",
		"\xd9\xa0\xd9\xa0\xd9\xa5", "abcdef" };
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		CHECK(!totp_match(&t, now, 0, wrong[i], &at));
	CHECK(totp_match(&t, now, 0, "005924", &at) && at == step);
	CHECK(totp_code(&empty, step, code) == RC_INVALID && !totp_match(&empty, now, 0, "005924", &at));
	CHECK(totp_code(&t, -1, code) == RC_INVALID && totp_step(-5) == 0 && !totp_match(&t, -5, 0, "755224", &at));
	hush_done(&h);
}

static void texts(void)
{
	static const char *const rows[][2] = { { "", "" }, { "f", "MY" }, { "fo", "MZXQ" }, { "foo", "MZXW6" },
		{ "foob", "MZXW6YQ" }, { "fooba", "MZXW6YTB" }, { "foobar", "MZXW6YTBOI" } };
	struct hush h = secret_of(20);
	const struct totp t = { TOTP_SHA256, 6, &h };
	struct buf b = { 0 };

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		totp_base32(&b, (const uint8_t *)rows[i][0], strlen(rows[i][0]));
		CHECK_STR(buf_text(&b), rows[i][1]);
		b.n = 0;
	}
	totp_uri(&b, &t, "Foot & plate", "a@b?c=d:e");
	CHECK_STR(buf_text(&b),
		"otpauth://totp/Foot%20%26%20plate:a%40b%3Fc%3Dd%3Ae?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
		"&issuer=Foot%20%26%20plate&algorithm=SHA256&digits=6&period=30");
	buf_done(&b);
	hush_done(&h);
}

int main(void)
{
	vectors();
	matches();
	texts();
	return 0;
}
