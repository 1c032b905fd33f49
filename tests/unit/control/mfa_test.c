/*
 * Attacks on second factors: a code again, a code 32 times at once, guessing, a recovery code twice, those of somebody else, an
 * authenticator that was begun by another; and that its secret is nowhere in the clear.
 */
#include "base/buf.h"
#include "control/people/lockout.h"
#include "control/people/mfa.h"
#include "control/people/qr.h"

#include "tests/unit/control/people_desk.h"

static struct desk d;
static int64_t now = 1700000000000;
static struct user_row ann = { .id = "usr_ann", .tenant_id = "ten_a" },
		       bob = { .id = "usr_bob", .tenant_id = "ten_a" };
static struct hush secret;

static void pass(int64_t ms)
{
	now += ms;
	desk_now(&d, now);
}

static const char *code_at(int64_t at)
{
	static char code[TOTP_CODE_MAX];
	const struct totp t = { TOTP_SHA1, TOTP_DIGITS, &secret };
	CHECK(totp_code(&t, totp_step(at), code) == RC_OK);
	return code;
}

static enum rc verify(const struct user_row *u, const char *code) { return mfa_verify(&d.tx, u, code, NULL); }

static void enrol(void)
{
	struct mfa_state s;
	struct hush again = { 0 };
	enum totp_algorithm a;
	bool needed = true;

	CHECK(mfa_confirm(&d.tx, &ann, "123456") == RC_CONFLICT);
	desk_ok(&d, mfa_begin(&d.tx, &ann, TOTP_SHA1, &secret));
	hush_done(&secret);
	desk_ok(&d, mfa_begin(&d.tx, &ann, TOTP_SHA1, &secret)); /* once more: the first secret is gone */
	desk_ok(&d, mfa_begun(&d.tx, "usr_ann", &a, &again));
	CHECK(a == TOTP_SHA1 && hush_same(&again, secret.p, secret.n) && secret.n == TOTP_SECRET);
	hush_done(&again);
	desk_ok(&d, mfa_state(&d.tx, "usr_ann", &s));
	CHECK(s.begun && !s.enrolled);
	/* Not before it was confirmed, and not by a code of it either. */
	CHECK(mfa_needed(&d.tx, &ann, &needed) == RC_OK && !needed &&
		verify(&ann, code_at(now)) == RC_UNAUTHENTICATED);
	CHECK(mfa_confirm(&d.tx, &ann, "000000") == RC_UNAUTHENTICATED);
	desk_ok(&d, mfa_confirm(&d.tx, &ann, code_at(now)));
	CHECK(mfa_needed(&d.tx, &ann, &needed) == RC_OK && needed);
	CHECK(mfa_confirm(&d.tx, &ann, code_at(now)) == RC_CONFLICT &&
		mfa_begin(&d.tx, &ann, TOTP_SHA1, &again) == RC_CONFLICT);
	CHECK(mfa_begun(&d.tx, "usr_ann", &a, &again) == RC_MISSING); /* never shown again */
	CHECK(verify(&ann, code_at(now)) == RC_UNAUTHENTICATED);      /* the code that confirmed it is used */
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM events WHERE type = $1", "mfa.enrolled") == 1);
}

static void once(void)
{
	int right = 0, other = 0;

	pass(600000);
	for (int i = 0; i < 32; i++) { /* the writer runs one after the other what came at once */
		enum rc rc = verify(&ann, code_at(now));
		right += rc == RC_OK;
		other += rc == RC_UNAUTHENTICATED || rc == RC_LIMIT;
	}
	CHECK(right == 1 && other == 31);
	pass(3600000);
	CHECK(verify(&ann, code_at(now + 30000)) == RC_OK);      /* a clock that is ahead */
	CHECK(verify(&ann, code_at(now)) == RC_UNAUTHENTICATED); /* what lies before it is used up */
	CHECK(verify(&ann, code_at(now - 30000)) == RC_UNAUTHENTICATED);
	pass(60000);
	CHECK(verify(&ann, code_at(now - 60000)) == RC_UNAUTHENTICATED && verify(&ann, code_at(now)) == RC_OK);
	CHECK(verify(&bob, code_at(now + 30000)) == RC_UNAUTHENTICATED); /* who has no authenticator */
}

/* All codes that there are, in turn, for a day: some hundred are looked at. */
static void guessing(void)
{
	char code[8];
	int judged = 0, right = 0;

	pass(86400000);
	for (int i = 0; i < 86400; i += 5) {
		d.tx.now_ms = now + i * 1000;
		snprintf(code, sizeof(code), "%06d", i * 11 % 1000000);
		if (!strcmp(code, code_at(d.tx.now_ms)) || !strcmp(code, code_at(d.tx.now_ms - 30000)) ||
			!strcmp(code, code_at(d.tx.now_ms + 30000)))
			continue;
		enum rc rc = verify(&ann, code);
		judged += rc == RC_UNAUTHENTICATED;
		right += rc == RC_OK;
	}
	CHECK(right == 0 && judged > 5 && judged < 130);
	CHECK(verify(&ann, code_at(d.tx.now_ms)) == RC_LIMIT); /* not even the right one */
	pass(2 * 86400000);
	CHECK(verify(&ann, code_at(now)) == RC_OK);
	/* From one address, many people's codes. */
	judged = 0;
	for (int i = 0; i < 64; i++) {
		char id[32];
		snprintf(id, sizeof(id), "usr_n%d", i);
		const struct user_row u = { .id = id };
		d.tx.peer = "192.0.2.9";
		judged += verify(&u, "123456") == RC_UNAUTHENTICATED;
	}
	CHECK(judged == 30);
	d.tx.peer = "";
}

static void recovery(void)
{
	char codes[MFA_RECOVERY_CODES][MFA_RECOVERY_CODE_MAX], newer[MFA_RECOVERY_CODES][MFA_RECOVERY_CODE_MAX],
		shouted[64];
	struct mfa_state s;
	bool was = false;

	pass(86400000);
	desk_ok(&d, mfa_recovery(&d.tx, "usr_ann", codes));
	for (int i = 0; i < MFA_RECOVERY_CODES; i++) {
		CHECK(strlen(codes[i]) == 19 && (i == 0 || strcmp(codes[i], codes[0]) != 0));
		CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM mfa_recovery WHERE hash LIKE '%' || $1 || '%'",
			      codes[i]) == 0);
	}
	CHECK(verify(&bob, codes[0]) == RC_UNAUTHENTICATED);
	CHECK(mfa_verify(&d.tx, &ann, codes[0], &was) == RC_OK && was &&
		verify(&ann, codes[0]) == RC_UNAUTHENTICATED);
	snprintf(shouted, sizeof(shouted), " %.4s%.4s %.9s ", codes[1], codes[1] + 5, codes[1] + 10);
	for (char *p = shouted; *p; p++)
		*p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
	CHECK(verify(&ann, shouted) == RC_OK && verify(&ann, codes[1]) == RC_UNAUTHENTICATED);
	desk_ok(&d, mfa_state(&d.tx, "usr_ann", &s));
	CHECK(s.recovery_left == 8 &&
		DESK_INT(&d, "SELECT COUNT(*) FROM events WHERE type = $1", "mfa.recovery_used") == 2);
	desk_ok(&d, mfa_recovery(&d.tx, "usr_ann", newer));
	CHECK(verify(&ann, codes[2]) == RC_UNAUTHENTICATED && verify(&ann, newer[2]) == RC_OK);
	CHECK(verify(&ann, "aaaa-aaaa-aaaa-aaaa-aaaa-aaaa") == RC_UNAUTHENTICATED &&
		verify(&ann, "") == RC_UNAUTHENTICATED);
}

static void policy(void)
{
	struct mfa_state s;

	desk_ok(&d, mfa_state(&d.tx, "usr_bob", &s));
	CHECK(!s.required && !s.enrolled);
	people_bind(&d, "ten_a", "usr_bob", "operator", "{}");
	DESK_DO(&d, "INSERT INTO mfa_policies (tenant_id, role) VALUES ('ten_b', $1)", store_text("operator"));
	desk_ok(&d, mfa_state(&d.tx, "usr_bob", &s));
	CHECK(!s.required);
	DESK_DO(&d, "INSERT INTO mfa_policies (tenant_id, role) VALUES ('ten_a', $1)", store_text("operator"));
	desk_ok(&d, mfa_state(&d.tx, "usr_bob", &s));
	CHECK(s.required);
	desk_ok(&d, mfa_state(&d.tx, "usr_ann", &s));
	CHECK(!s.required);
	DESK_DO(&d, "INSERT INTO mfa_policies (tenant_id, role) VALUES ('ten_a', $1)", store_text(""));
	desk_ok(&d, mfa_state(&d.tx, "usr_ann", &s));
	CHECK(s.required);
}

static void qr(void)
{
	struct buf b = { 0 };
	char longest[QR_TEXT_MAX + 2];

	CHECK(qr_svg("otpauth://totp/x?secret=GEZDGNBV", &b) == RC_OK && !strncmp(buf_text(&b), "<svg ", 5));
	/* Version 3 has 29 modules; its finder patterns are where they have to be: seven dark ones in a row, in three corners. */
	CHECK(strstr(buf_text(&b), "viewBox=\"0 0 37 37\"") && strstr(buf_text(&b), "M4 4h7v1h-7z") &&
		strstr(buf_text(&b), "M26 4h7v1h-7z") && strstr(buf_text(&b), "M4 32h7v1h-7z") &&
		!strstr(buf_text(&b), "M26 32h7v1h-7z"));
	memset(longest, 'a', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	CHECK(qr_svg(longest, &b) == RC_TOO_LARGE);
	b.n = 0;
	CHECK(qr_svg(longest + 1, &b) == RC_OK);
	buf_done(&b);
}

int main(void)
{
	bool had = false, needed = true;

	desk_open(&d, now);
	d.conf.people = &people_rules;
	people_user(&d, "ten_a", "ann", NULL);
	people_user(&d, "ten_a", "bob", NULL);
	enrol();
	once();
	guessing();
	recovery();
	policy();
	qr();
	desk_ok(&d, mfa_drop(&d.tx, "usr_ann", &had));
	CHECK(had && mfa_needed(&d.tx, &ann, &needed) == RC_OK && !needed);
	CHECK(DESK_INT(&d, "SELECT COUNT(*) FROM secrets WHERE owner = $1", "usr_ann") == 0);
	hush_done(&secret);
	desk_close(&d);
	return 0;
}
