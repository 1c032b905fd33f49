#include "base/buf.h"
#include "control/access/audit.h"
#include "control/events/events.h"
#include "control/people/mfa.h"
#include "control/people/qr.h"
#include "control/people/sessions.h"
#include "control/people/user_routes.h"

#define ISSUER      "Footplate"
#define CODE_IN_MAX 32

struct state_view {
	bool enrolled, begun, required;
	uint32_t recovery_left;
	int64_t confirmed_at;
};
static const struct field state_fields[] = {
	{ .name = "enrolled",
		.type = FIELD_BOOL,
		FIELD_AT(struct state_view, enrolled),
		.doc = "Whether log-ons ask for a code." },
	{ .name = "begun",
		.type = FIELD_BOOL,
		FIELD_AT(struct state_view, begun),
		.doc = "Whether an authenticator waits to be confirmed." },
	{ .name = "required",
		.type = FIELD_BOOL,
		FIELD_AT(struct state_view, required),
		.doc = "Whether a policy asks you for one: before, nothing but your own account is open to you." },
	{ .name = "recoveryCodesLeft",
		.type = FIELD_U32,
		FIELD_AT(struct state_view, recovery_left),
		.doc = "Recovery codes that were not used." },
	{ .name = "confirmedAt",
		.type = FIELD_TIME,
		FIELD_AT(struct state_view, confirmed_at),
		.doc = "Since when; null: there is none." },
	{ 0 },
};

/* The person of the call, who must be one with a session. */
static enum rc myself(struct call *c, struct user_row *ret)
{
	if (c->who->kind != PRINCIPAL_USER)
		return fault_set(c->tx.fault, RC_CONFLICT, "a key has no second factor; log in as a person");
	return users_find(&c->tx, c->who->id, ret);
}

static enum rc show_state(struct call *c, void *ret_out)
{
	struct state_view *v = ret_out;
	struct user_row me;
	struct mfa_state s = { 0 };

	enum rc rc = myself(c, &me);
	if (rc == RC_OK)
		rc = mfa_state(&c->tx, me.id, &s);
	*v = (struct state_view){ s.enrolled, s.begun, s.required, s.recovery_left, s.confirmed_at };
	return rc;
}

/* ---- an authenticator ---- */

struct enroll_in {
	int algorithm;
};
static const struct field enroll_in_fields[] = {
	{ .name = "algorithm",
		.type = FIELD_ENUM,
		FIELD_AT(struct enroll_in, algorithm),
		.words = totp_words,
		.doc = "Default: SHA1, which all authenticators know." },
	{ 0 },
};

struct enroll_view {
	const char *secret, *uri, *qr;
	int algorithm;
	uint32_t digits, period;
};
static const struct field enroll_fields[] = {
	{ .name = "secret",
		.type = FIELD_STR,
		FIELD_AT(struct enroll_view, secret),
		.doc = "For who types it: base 32. It is shown until the first code came, and never again." },
	{ .name = "uri", .type = FIELD_STR, FIELD_AT(struct enroll_view, uri), .doc = "What the QR code holds." },
	{ .name = "qrSvg", .type = FIELD_STR, FIELD_AT(struct enroll_view, qr), .doc = "The QR code, as SVG." },
	{ .name = "algorithm",
		.type = FIELD_ENUM,
		FIELD_AT(struct enroll_view, algorithm),
		.words = totp_words,
		.doc = "Of the codes." },
	{ .name = "digits", .type = FIELD_U32, FIELD_AT(struct enroll_view, digits), .doc = "Of a code." },
	{ .name = "period",
		.type = FIELD_U32,
		FIELD_AT(struct enroll_view, period),
		.doc = "Seconds that a code holds." },
	{ 0 },
};

static const char *keep(struct call *c, struct buf *b)
{
	const char *text = b->bad ? NULL : arena_str(c->tx.arena, buf_text(b));

	hush_wipe(b->p, b->n);
	buf_done(b);
	return text;
}

static enum rc show_secret(struct call *c, const struct totp *t, const char *login, struct enroll_view *v)
{
	struct buf secret = { 0 }, uri = { 0 }, qr = { 0 };

	totp_base32(&secret, t->secret->p, t->secret->n);
	totp_uri(&uri, t, ISSUER, login);
	enum rc rc = qr_svg(buf_text(&uri), &qr);
	*v = (struct enroll_view){ .secret = keep(c, &secret),
		.uri = keep(c, &uri),
		.qr = keep(c, &qr),
		.algorithm = (int)t->algorithm,
		.digits = t->digits,
		.period = TOTP_PERIOD_S };
	return rc == RC_OK && !(v->secret && v->uri && v->qr) ? RC_NOMEM : rc;
}

static enum rc enroll(struct call *c, void *ret_out)
{
	const struct enroll_in *in = c->in;
	struct hush secret = { 0 };
	struct user_row me;

	enum rc rc = myself(c, &me);
	if (rc == RC_OK)
		rc = mfa_begin(&c->tx, &me, in ? (enum totp_algorithm)in->algorithm : TOTP_SHA1, &secret);
	if (rc == RC_OK)
		rc = audit_add(&c->tx, "mfa.begun", me.id);
	const struct totp t = { in ? (enum totp_algorithm)in->algorithm : TOTP_SHA1, TOTP_DIGITS, &secret };
	if (rc == RC_OK)
		rc = show_secret(c, &t, me.login, ret_out);
	hush_done(&secret);
	return rc;
}

static enum rc show_qr(struct call *c, void *ret_out)
{
	struct hush secret = { 0 };
	struct totp t = { .digits = TOTP_DIGITS, .secret = &secret };
	struct enroll_view v;
	struct user_row me;
	(void)ret_out;

	enum rc rc = myself(c, &me);
	if (rc == RC_OK)
		rc = mfa_begun(&c->tx, me.id, &t.algorithm, &secret);
	if (rc == RC_OK)
		rc = show_secret(c, &t, me.login, &v);
	hush_done(&secret);
	if (rc == RC_OK)
		buf_str(c->body, v.qr);
	return rc;
}

struct code_in {
	const char *code;
};
static const struct field code_fields[] = {
	{ .name = "code",
		.type = FIELD_STR,
		FIELD_AT(struct code_in, code),
		.flags = FIELD_REQUIRED | FIELD_SECRET,
		.min = 1,
		.max = CODE_IN_MAX,
		.doc = "What the authenticator shows; a recovery code will do, but for a new authenticator." },
	{ 0 },
};

struct recovery_view {
	struct field_list codes;
};
static const struct field recovery_fields[] = {
	{ .name = "recoveryCodes",
		.type = FIELD_LIST,
		FIELD_AT(struct recovery_view, codes),
		.item = FIELD_STR,
		.doc = "Each is good once, instead of a code. They are shown this once." },
	{ 0 },
};

static enum rc show_recovery(struct call *c, const char *user_id, struct recovery_view *v)
{
	char made[MFA_RECOVERY_CODES][MFA_RECOVERY_CODE_MAX];
	const char **texts = arena_take(c->tx.arena, MFA_RECOVERY_CODES * sizeof(*texts));
	enum rc rc = texts ? mfa_recovery(&c->tx, user_id, made) : RC_NOMEM;

	for (size_t i = 0; rc == RC_OK && i < MFA_RECOVERY_CODES; i++)
		if (!(texts[i] = arena_str(c->tx.arena, made[i])))
			rc = RC_NOMEM;
	hush_wipe(made, sizeof(made));
	v->codes = (struct field_list){ texts, MFA_RECOVERY_CODES };
	return rc;
}

static enum rc step_up_session(struct call *c, bool second_factor)
{
	struct session_made made;
	return people_sessions_step_up(c, second_factor, &made);
}

static enum rc confirm(struct call *c, void *ret_out)
{
	const struct code_in *in = c->in;
	struct user_row me;

	enum rc rc = myself(c, &me);
	if (rc == RC_OK)
		rc = mfa_confirm(&c->tx, &me, in->code);
	if (rc != RC_OK)
		return mfa_refused(c, rc);
	rc = step_up_session(c, true);
	return rc == RC_OK ? show_recovery(c, me.id, ret_out) : rc;
}

static enum rc turn_off(struct call *c, void *ret_out)
{
	const struct code_in *in = c->in;
	struct mfa_state s;
	struct user_row me;
	(void)ret_out;

	enum rc rc = myself(c, &me);
	if (rc == RC_OK)
		rc = mfa_state(&c->tx, me.id, &s);
	if (rc == RC_OK && !s.enrolled)
		return fault_set(c->tx.fault, RC_CONFLICT, "there is no authenticator");
	if (rc == RC_OK && s.required)
		return fault_set(c->tx.fault, RC_CONFLICT, "a policy asks you for a second factor");
	if (rc == RC_OK)
		rc = mfa_verify(&c->tx, &me, in->code, NULL);
	if (rc != RC_OK)
		return mfa_refused(c, rc);
	rc = mfa_drop(&c->tx, me.id, NULL);
	if (rc == RC_OK)
		rc = events_add(&c->tx, &(struct event){ .type = "mfa.disabled", .resource = me.id });
	return rc == RC_OK ? audit_add(&c->tx, "mfa.disabled", me.id) : rc;
}

static enum rc rotate(struct call *c, void *ret_out)
{
	struct mfa_state s;
	struct user_row me;

	enum rc rc = myself(c, &me);
	if (rc == RC_OK)
		rc = mfa_state(&c->tx, me.id, &s);
	if (rc == RC_OK && !s.enrolled)
		return fault_set(
			c->tx.fault, RC_CONFLICT, "there is no authenticator that they would stand in for");
	return rc == RC_OK ? show_recovery(c, me.id, ret_out) : rc;
}

#define OWN(name_, verb, path_) .name = (name_), .method = (verb), .path = "/v1/auth/" path_, .reach = REACH_SELF
#define CODE_IN                 .in = code_fields, .in_size = sizeof(struct code_in)
#define RECOVERY_OUT            .out = recovery_fields, .out_size = sizeof(struct recovery_view)

const struct route mfa_routes[] = {
	{ OWN("getMfa", "GET", "mfa"), .out = state_fields, .out_size = sizeof(struct state_view),
		.run = show_state, .doc = "Shows whether you have a second factor." },
	{ OWN("enrollTotp", "POST", "mfa/totp/enroll"), .flags = ROUTE_WRITE | ROUTE_MAYBE | ROUTE_STEP_UP,
		.in = enroll_in_fields, .in_size = sizeof(struct enroll_in), .out = enroll_fields,
		.out_size = sizeof(struct enroll_view), .run = enroll,
		.doc = "Makes the secret of an authenticator. It counts when its first code came (confirm)." },
	{ OWN("getTotpQr", "GET", "mfa/totp/qr.svg"), .flags = ROUTE_RAW | ROUTE_STEP_UP,
		.out_type = "image/svg+xml", .run = show_qr,
		.doc = "The QR code of an authenticator that waits to be confirmed." },
	{ OWN("confirmTotp", "POST", "mfa/totp/confirm"), .flags = ROUTE_WRITE | ROUTE_STEP_UP, CODE_IN,
		RECOVERY_OUT, .run = confirm,
		.doc = "Takes the first code: from now on log-ons ask for one. Shows ten recovery codes, this "
		       "once." },
	{ OWN("disableTotp", "POST", "mfa/totp/disable"), .flags = ROUTE_WRITE | ROUTE_STEP_UP, .status = 204,
		CODE_IN, .run = turn_off,
		.doc = "Forgets the authenticator and the recovery codes, unless a policy asks for a second "
		       "factor." },
	{ OWN("rotateRecoveryCodes", "POST", "mfa/recovery-codes/rotate"), .flags = ROUTE_WRITE | ROUTE_STEP_UP,
		RECOVERY_OUT, .run = rotate,
		.doc = "Makes ten new recovery codes and shows them, this once; the old ones count no more." },
	{ 0 },
};
