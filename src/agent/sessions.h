/*
 * sessions: the agent's Steam sessions: one for each account that the control plane gave to it (BOT), and one of the agent's own
 * for questions that need no account. The machines (flow/bot) live on the loop thread, here; workers ask by sessions_do.
 *
 * The control plane says what is wanted of an account; a worker's LOGIN and LOGOUT only wait for it. What happens is reported
 * (agent/reports); secrets go and come sealed. Logons pass the lanes. The list of Steam's servers is fetched by a worker when it
 * is first needed, and again every SESSIONS_LIST_MS.
 */
#pragma once

#include "agent/sessions_call.h"
#include "agent/sessions_conf.h"

struct tunnel_msg;

/* Opens what was sealed to this agent, as hexadecimal. NULL opens to nothing. Any thread. */
must_check enum rc sessions_open(const struct sessions *ss, const char *sealed, struct hush *ret, struct fault *f);

/* Texts of conf are borrowed for its life. */
must_check enum rc sessions_new(const struct sessions_conf *conf, struct sessions **ret_sessions, struct fault *f);
void sessions_free(struct sessions *ss); /* when the loop has ended */
void sessions_stop(struct sessions *ss); /* loop: logs all off; what waits is answered */
bool sessions_are_off(const struct sessions *ss);
size_t sessions_online(const struct sessions *ss); /* of accounts and the own one */

/* Loop: BOT, BOT_GONE, ANSWER; false: a message about something else. */
bool sessions_message(struct sessions *ss, const struct tunnel_msg *m);
/* Loop: the leases of the accounts cannot be renewed: all are off at once. Each comes back with its next BOT. */
void sessions_fence(struct sessions *ss);
