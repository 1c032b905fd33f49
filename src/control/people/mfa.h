/*
 * mfa: the second factor of people: an authenticator's codes (wire/totp), and ten recovery codes. A code counts once, whatever comes at the
 * same time: the step of the last one is moved on by one conditional statement. control-plane.md 2.5 (MFA-01, MFA-02).
 *
 * The authenticator's secret is in the vault; of a recovery code only a keyed hash is kept.
 */
#pragma once

#include "base/hush.h"
#include "control/people/users.h"
#include "wire/totp.h"

#define MFA_RECOVERY_CODES    10
#define MFA_RECOVERY_CODE_MAX 20 /* "abcd-efgh-ijkl-mnop" and NUL: 80 random bits */

struct call;

struct mfa_state {
	bool enrolled; /* an authenticator that gave a right code once */
	bool begun;    /* a secret was shown, and no code has come yet */
	bool required; /* a policy of the tenant, or of a role of theirs, asks for one */
	uint32_t recovery_left;
	int64_t confirmed_at;
};
must_check enum rc mfa_state(struct tx *tx, const char *user_id, struct mfa_state *ret);

/* Must a log-on of this person bring a code besides? */
must_check enum rc mfa_needed(struct tx *tx, const struct user_row *user, bool *ret);

/*
 * A code of the authenticator, or a recovery code, with or without its dashes. *ret_recovery (may be NULL): it was one. RC_UNAUTHENTICATED: wrong,
 * or used before. RC_LIMIT: too many wrong ones. Of both, what was counted must be kept (call.refuse). Event and audit row are
 * written. On the writer.
 */
must_check enum rc mfa_verify(struct tx *tx, const struct user_row *user, const char *code, bool *ret_recovery);

/* A new secret, to be confirmed; one that was not confirmed is replaced. RC_CONFLICT: enrolled already. On the writer. */
must_check enum rc mfa_begin(
	struct tx *tx, const struct user_row *user, enum totp_algorithm algorithm, struct hush *ret);

/* What is to be shown of the secret that was begun. RC_MISSING: none was. `secret` is yours. */
must_check enum rc mfa_begun(
	struct tx *tx, const char *user_id, enum totp_algorithm *ret_algorithm, struct hush *ret);

/* The first code: from now on one is asked for. RC_CONFLICT: nothing was begun, or it was confirmed; else as mfa_verify. */
must_check enum rc mfa_confirm(struct tx *tx, const struct user_row *user, const char *code);

/* Ten new recovery codes; those from before count no more. */
must_check enum rc mfa_recovery(
	struct tx *tx, const char *user_id, char ret[static MFA_RECOVERY_CODES][MFA_RECOVERY_CODE_MAX]);

/* Forgets the authenticator and the recovery codes. *ret_had (may be NULL): there was one. No event. */
must_check enum rc mfa_drop(struct tx *tx, const char *user_id, bool *ret_had);

/*
 * What a route answers to a wrong code or password of who is logged in: it is not the session that is wrong, so it is no 401. What was
 * counted is kept (call.refuse). Other errors come back as they are.
 */
must_check enum rc mfa_refused(struct call *c, enum rc rc);
