/*
 * msgs: the messages of Steam that are no protobuf: structs in little endian, some with binary VDF inside. Each is read and
 * written; texts and lists live in the arena. Readers: RC_MALFORMED when the body is cut off or has bytes left, RC_TOO_LARGE past
 * a limit. Source: steam-protocol facts 1.3, 1.5, 5.
 */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/own.h"

#define MSGS_BANS_MAX     4096
#define MSGS_PASSES_MAX   1024
#define MSGS_NEWS_MAX     1024
#define MSGS_LICENCES_MAX 1024

struct vdf;

/* ClientVACBanStatus 782. */
struct msgs_vac_bans {
	struct msgs_vac_range {
		uint32_t first, last; /* apps */
		uint32_t zero;        /* as sent */
	} * ranges;
	uint32_t n;
};

/* ClientUpdateGuestPassesList 798. */
struct msgs_guest_passes {
	uint32_t eresult;
	const struct vdf **give, **redeem; /* documents; each holds a MessageObject */
	uint32_t give_n, redeem_n;
};

/* ClientServerUnavailable 5500: the request of that job is lost. */
struct msgs_unavailable {
	uint64_t job;
	uint32_t emsg, server_type;
};

/* ClientSetIgnoreFriend 855, and its answer 856. */
struct msgs_ignore {
	uint64_t me, friend;
	bool block;
};
struct msgs_ignored {
	uint64_t friend;
	uint32_t eresult;
};

/* ClientMarketingMessageUpdate2 5510. */
struct msgs_news {
	uint32_t time;
	struct msgs_notice {
		uint64_t gid;
		const char *url;
		uint32_t flags;
	} * notices;
	uint32_t n;
};

/* What came of a key: purchase_receipt_info of ClientPurchaseResponse, a binary VDF. */
struct msgs_receipt {
	struct msgs_licence {
		uint32_t package;
		const char *what; /* "" when it is not told */
	} * licences;
	uint32_t n;
	uint64_t transaction;
	uint32_t time, status, detail; /* detail: EPurchaseResultDetail */
	const char *country;
};

must_check enum rc msgs_vac_bans_read(
	const void *p, size_t n, struct arena *a, struct msgs_vac_bans *ret, struct fault *f);
void msgs_vac_bans_write(const struct msgs_vac_bans *m, struct buf *to);

must_check enum rc msgs_guest_passes_read(
	const void *p, size_t n, struct arena *a, struct msgs_guest_passes *ret, struct fault *f);
void msgs_guest_passes_write(const struct msgs_guest_passes *m, struct buf *to);

must_check enum rc msgs_unavailable_read(const void *p, size_t n, struct msgs_unavailable *ret, struct fault *f);
void msgs_unavailable_write(const struct msgs_unavailable *m, struct buf *to);

must_check enum rc msgs_ignore_read(const void *p, size_t n, struct msgs_ignore *ret, struct fault *f);
void msgs_ignore_write(const struct msgs_ignore *m, struct buf *to);
must_check enum rc msgs_ignored_read(const void *p, size_t n, struct msgs_ignored *ret, struct fault *f);
void msgs_ignored_write(const struct msgs_ignored *m, struct buf *to);

must_check enum rc msgs_news_read(const void *p, size_t n, struct arena *a, struct msgs_news *ret, struct fault *f);
void msgs_news_write(const struct msgs_news *m, struct buf *to);

must_check enum rc msgs_receipt_read(
	const void *p, size_t n, struct arena *a, struct msgs_receipt *ret, struct fault *f);
must_check enum rc msgs_receipt_write(const struct msgs_receipt *m, struct buf *to, struct fault *f);

/* Appends what such a message says, as JSON for people. RC_MISSING, and nothing appended: not one of these. */
must_check enum rc msgs_describe(uint32_t emsg, const void *p, size_t n, struct buf *to, struct fault *f);
