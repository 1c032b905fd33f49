/*
 * key: a product key on its way to an account. One row each; it changes state through one door, key_move. What Steam said of
 * a try decides what becomes of it: key_fate. Pure. product.md 5.5 (keys).
 */
#pragma once

#include "base/own.h"
#include "base/rc.h"

#include <stdbool.h>
#include <stdint.h>

enum key_state {
	KEY_QUEUED,      /* waits for an account */
	KEY_ASSIGNED,    /* is the payload of a task */
	KEY_IN_FLIGHT,   /* that task's intent is kept: Steam may have it */
	KEY_RECONCILING, /* nobody knows what became of a try; the task finds out */
	KEY_UNKNOWN,     /* it could not: a person has to say (of the task) */
	KEY_REDEEMED,    /* over, as all that follow */
	KEY_INVALID,
	KEY_USED_ELSEWHERE,
	KEY_WALLET_CODE, /* is none of these keys; nothing was redeemed */
	KEY_EXHAUSTED,   /* no account is left that could take it */
	KEY_CANCELED,
	KEY_STATES
};
extern const char *const key_words[]; /* ends in NULL */

static inline bool key_is_over(enum key_state s) { return s >= KEY_REDEEMED; }

/* RC_CONFLICT when the move is not lawful; *s is then untouched. To the same state is no move and is lawful. */
must_check enum rc key_move(enum key_state *s, enum key_state to);

/* Which account gets the next key. */
enum key_distribution {
	KEY_FIRST_MISSING, /* the first of the candidates that is free and is not known to own it */
	KEY_ROUND_ROBIN,   /* the one that got the fewest */
	KEY_ONE_EACH,      /* as round_robin, and at most one redeemed each */
	KEY_SEQUENTIAL,    /* one account after the other, each until its limit */
	KEY_PINNED         /* the account that stands with the key */
};
extern const char *const key_distribution_words[];

struct key_fate {
	enum key_state to; /* KEY_QUEUED: to be tried on another account */
	bool known;        /* is the status one that we know? Else it counts as a try that failed */
};

/*
 * What becomes of a key of which keys.redeem says `status`. After an attempt whose answer was lost the action itself finds out
 * whether what reads as owned or used was ourselves (T24): it sees the licences.
 */
struct key_fate key_fate(const char *status);

#define KEY_TEXT_MIN 5
#define KEY_TEXT_MAX 64
#define KEY_CHARS    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-"

/* Is it a key's text? */
bool key_is_text(const char *key, size_t n);
/* All but the first five characters hidden; the dashes stay. ret has room for n + 1. */
void key_mask(const char *key, size_t n, char *ret);
/* As it is compared: upper case. In place. */
void key_canonical(char *key);
