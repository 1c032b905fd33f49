/*
 * totp: codes of authenticator programs (RFC 6238, RFC 4226), and the text that their QR code holds. Pure: the time is an argument.
 */
#pragma once

#include "base/buf.h"
#include "base/hush.h"

#define TOTP_PERIOD_S   30
#define TOTP_SKEW_STEPS 1 /* a clock may be so many steps off, either way */
#define TOTP_DIGITS     6
#define TOTP_SECRET     20 /* bytes of a new one */
#define TOTP_CODE_MAX   9  /* eight digits and NUL */

enum totp_algorithm { TOTP_SHA1, TOTP_SHA256, TOTP_SHA512 };
extern const char *const totp_words[]; /* "SHA1", …; ends in NULL */

struct totp {
	enum totp_algorithm algorithm;
	unsigned digits; /* 6 to 8 */
	const struct hush *secret;
};

/* The step that a moment lies in; 0 before 1970. */
int64_t totp_step(int64_t unix_ms);

/* The code of a step. RC_INVALID: no secret, a step below 0, or a number of digits that there is not. */
must_check enum rc totp_code(const struct totp *t, int64_t step, char ret[static TOTP_CODE_MAX]);

/*
 * Which step near this moment, but after `last` (of the code that was used before), has this code? False: none. Takes the same time
 * whichever it is.
 */
bool totp_match(const struct totp *t, int64_t unix_ms, int64_t last, const char *code, int64_t *ret_step);

/* RFC 4648, upper case, without padding. */
void totp_base32(struct buf *to, const uint8_t *p, size_t n);

/* otpauth://totp/ISSUER:LOGIN?secret=… */
void totp_uri(struct buf *to, const struct totp *t, const char *issuer, const char *login);
