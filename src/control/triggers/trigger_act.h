/* trigger_act: what a trigger does is made: the job, the download, or the delivery to an endpoint. */
#pragma once

#include "control/triggers/trigger_row.h"
#include "wire/field_json.h"

/* `body`: what triggers_would says. A refusal (RC_INVALID, RC_DENIED …) has written nothing; its problems are in `r`. *ret_id is in the arena. */
must_check enum rc trigger_act_make(struct tx *tx, const struct trigger *t, const struct trigger_fire *f,
	const char *body, struct field_reader *r, const char **ret_id);
