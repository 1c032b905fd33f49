/*
 * sealed: the secret members of a job's payload (FIELD_SECRET in the action's table). They are taken out before anything is stored,
 * kept sealed by the vault in the job's row until the job is over, and leave for the agent that runs the task, sealed to its key.
 * On the writer.
 */
#pragma once

#include "control/tx.h"
#include "model/action.h"

/* Has the action's payload secret members? */
bool sealed_has(const struct action *a);

/* *ret_payload is what may be stored; *ret_secret the sealed rest, NULL when there is none. In the arena. */
must_check enum rc sealed_split(struct tx *tx, const struct action *a, const char *job_id, const char *payload,
	const char **ret_payload, const char **ret_secret);

/* The same, for an agent: hexadecimal of wire/seal, of a JSON object of the members. In the arena. */
must_check enum rc sealed_for_agent(
	struct tx *tx, const char *job_id, const char *secret, const char *agent_id, const char **ret_hex);

/* The payload as it is shown: with "(set)" for what is secret. In the arena. */
const char *sealed_shown(struct arena *a, const char *action, const char *payload);
