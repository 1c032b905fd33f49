/*
 * sources_sessions: by which agents a source is asked, each over a session of its own, and how that goes. product.md 5.2.1.
 */
#pragma once

#include "control/tx.h"

#define SOURCES_SESSIONS_MAX     50 /* shown, those that were heard last */
#define SOURCES_SESSIONS_KEEP_MS (24 * (int64_t)3600000)

/* An agent has asked: well, or not. agent_id NULL: nobody did. On the writer's thread. */
must_check enum rc sources_sessions_heard(struct tx *tx, const char *source, const char *agent_id, bool well);
must_check enum rc sources_sessions_sweep(struct tx *tx);

/* A JSON list, in the arena: agentId, since, heardAt, answers, failures. */
must_check enum rc sources_sessions_text(struct tx *tx, const char *source, const char **ret_json);
