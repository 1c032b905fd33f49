/*
 * people_rules: what is configured about passwords, guesses and fresh proofs (the settings people.*).
 */
#pragma once

#include "model/guess.h"

struct control;

struct people_rules {
	uint32_t argon2_kib, argon2_passes; /* of a new password's hash */
	uint32_t password_min;              /* characters of one */
	const char *common_passwords;       /* a file of what nobody may take, a line each; NULL: none */
	struct guess_rules login, address, code;
	int64_t step_up_ms; /* a sensitive call needs a proof that is younger */
};

/* As configured, else the defaults of the settings. */
const struct people_rules *people_rules_of(const struct control *c);
