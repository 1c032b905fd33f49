#include "sim/chat.h"

#include <stdlib.h>
#include <string.h>

/* A ring: `next` is where the next one goes. */
struct chat {
	struct chat_message at[CHAT_MAX];
	size_t next, n;
};

bool chat_add(struct sim *s, uint64_t from, uint64_t to, const char *text, struct chat_message *ret)
{
	if (!s->chat)
		s->chat = calloc(1, sizeof(*s->chat));
	char *copy = s->chat && strlen(text) <= CHAT_TEXT_MAX ? strdup(text) : NULL;
	if (!copy)
		return false;
	uint32_t now = (uint32_t)sim_time(s), ordinal = 0;
	const struct chat_message *before;
	for (size_t i = 0; (before = chat_newest(s, i)) && before->time == now && ordinal == 0; i++)
		if (chat_is_between(before, from, to))
			ordinal = before->ordinal + 1;
	struct chat_message *m = &s->chat->at[s->chat->next];
	free(m->text);
	*m = (struct chat_message){ .from = from, .to = to, .time = now, .ordinal = ordinal, .text = copy };
	s->chat->next = (s->chat->next + 1) % CHAT_MAX;
	s->chat->n += s->chat->n < CHAT_MAX;
	*ret = *m;
	return true;
}

const struct chat_message *chat_newest(const struct sim *s, size_t i)
{
	if (!s->chat || i >= s->chat->n)
		return NULL;
	return &s->chat->at[(s->chat->next + CHAT_MAX - 1 - i) % CHAT_MAX];
}

bool chat_is_between(const struct chat_message *m, uint64_t a, uint64_t b)
{
	return (m->from == a && m->to == b) || (m->from == b && m->to == a);
}

void chat_done(struct sim *s)
{
	for (size_t i = 0; s->chat && i < CHAT_MAX; i++)
		free(s->chat->at[i].text);
	free(s->chat);
	s->chat = NULL;
}
