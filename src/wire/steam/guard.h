/*
 * guard: Steam Guard's codes and keys: what the mobile app computes from an account's two secrets. Pure: the time is an argument.
 * The results are secrets too, for as long as they hold. Source: steam-protocol facts 2.3, 2.6.
 */
#pragma once

#include "base/hush.h"
#include "base/own.h"
#include "base/rc.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GUARD_PERIOD_S   30
#define GUARD_CODE       6  /* five letters and NUL */
#define GUARD_KEY        29 /* base64 of a SHA-1, and NUL */
#define GUARD_TAG_MAX    32
#define GUARD_SIGNATURE  32
#define GUARD_DEVICE_ID  45 /* "android:", a UUID, NUL */
#define GUARD_SECRET_MAX 64 /* bytes; Steam's have 20 */

/* A secret as people have it: base64, or 40 hexadecimal digits. RC_INVALID: neither, or empty. */
must_check enum rc guard_secret(const char *text, size_t n, struct hush *ret);

/* The code of this moment, and the seconds that it still holds (1 to 30). RC_INVALID: no secret, or a time before 1970. */
must_check enum rc guard_code(
	const struct hush *shared, int64_t unix_s, char ret[static GUARD_CODE], unsigned *ret_left_s);

/* The key of a request to mobileconf; `tag` is NULL or its kind. A pair of time and tag is good for one request. RC_INVALID:
 * as above, or a tag over GUARD_TAG_MAX bytes. */
must_check enum rc guard_confirmation_key(
	const struct hush *identity, int64_t unix_s, const char *tag, char ret[static GUARD_KEY]);

/* What the app calls itself when it does not know the id that it registered. */
void guard_device_id(uint64_t steamid, char ret[static GUARD_DEVICE_ID]);

/* A QR code's text, https://s.team/q/VERSION/CLIENT. False: it is none. */
must_check bool guard_challenge(const char *url, uint16_t *ret_version, uint64_t *ret_client);

/* Signs the approval of an auth session. RC_INVALID: no secret. */
must_check enum rc guard_approval(const struct hush *shared, uint16_t version, uint64_t client, uint64_t steamid,
	uint8_t ret[static GUARD_SIGNATURE]);
