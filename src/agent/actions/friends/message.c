/* friends.message: said once. The dedupe key is in the intent that the control plane keeps; a lost answer is not sent again. */
#include "agent/actions/friends/relation.h"
#include "model/action_friends.h"

#include <inttypes.h>
#include <stdio.h>

extern const struct action_run friends_message;

#define ENTRY_TEXT 1 /* EChatEntryType */

static enum rc run(struct action_task *t, const void *in, void *out, struct fault *f)
{
	const struct action_message *want = in;
	struct action_message_result *to = out;
	CFriendMessagesSendMessageRequest m = CFRIEND_MESSAGES__SEND_MESSAGE__REQUEST__INIT;
	struct ask q = { .method = "FriendMessages.SendMessage#1",
		.in = &m.base,
		.out = &cfriend_messages__send_message__response__descriptor };
	char effect[96];

	m.has_steamid = m.has_chat_entry_type = m.has_contains_bbcode = m.has_echo_to_sender = true;
	m.steamid = want->steam_id;
	m.chat_entry_type = ENTRY_TEXT;
	m.message = (char *)want->text;
	m.client_message_id = (char *)want->dedupe_key;
	snprintf(effect, sizeof(effect), "message %s", want->dedupe_key);
	enum rc rc = task_effect(t, effect, f);
	if (rc == RC_OK)
		rc = ask_steam(t, &q, f);
	t->unknown = ask_is_lost(t, &q, rc);
	if (rc == RC_OK)
		to->sent_ms = (int64_t)((const CFriendMessagesSendMessageResponse *)q.got)->server_timestamp * 1000;
	return rc;
}

static enum rc plan(struct action_task *t, const void *in, struct action_plan *plan, struct fault *f)
{
	const struct action_message *want = in;

	(void)f;
	return ask_plan(t, plan, "send %" PRIu64 " a message", want->steam_id);
}

const struct action_run friends_message = { .name = "friends.message", .run = run, .plan = plan };
