/*
 * shop_poll: titles that are asked for one by one, in one or more variants each (an operating system …), over a store's lane. For the sources
 * epic.* and gog.*.
 */
#pragma once

#include "agent/actions/titles/titles.h"
#include "agent/shop_web.h"

#define SHOP_POLL_VARIANTS 2

struct shop_poll {
	const struct hush *token; /* NULL: it wants none */
	struct shop_login *login; /* which renews it; NULL: nobody does */
	enum lane lane;
	const char *variants[SHOP_POLL_VARIANTS];
	unsigned variants_n;
	/* Of ref `at`, in the arena; NULL: the ref is none of this store. */
	const char *(*address)(struct titles_poll *p, size_t at, const char *variant);
	/* Adds to *to what the answer (200, 404) says. RC_MISSING: there is no such title in this variant. */
	enum rc (*read)(struct titles_poll *p, size_t at, const struct http_answer *a, struct action_title *to,
		struct fault *f);
};

must_check enum rc shop_poll_run(struct titles_poll *p, const struct shop_poll *how, struct fault *f);

/* Why nothing is known after this, with the task's code; NULL: the store was not reached. */
const char *shop_poll_reason(const struct action_task *t, enum rc rc);
