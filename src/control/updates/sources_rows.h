/*
 * sources_rows: the rows of sources, of what was asked of them, and of how they answered. On the writer's thread. Texts are in the arena.
 */
#pragma once

#include "base/field.h"
#include "control/tx.h"
#include "model/breaker.h"

/* A way to ask a store. */
struct source_kind {
	const char *name, *store;
	const char *fallback; /* stands in for it; NULL: none does */
	bool stands_in;       /* it is such a one: asked for one title at a time */
	bool feed;            /* tells what changed, and metadata alone */
	uint32_t refs_max;    /* of one task */
};
extern const struct source_kind sources_kinds[]; /* ends in { 0 } */
const struct source_kind *sources_kind(const char *name);

struct source {
	const char *name;
	struct breaker breaker; /* of the source as a whole: see sources_egresses */
	const char *last_error, *gap_why, *sweep_after, *rollout;
	int64_t cursor, cursor_at, newest, tick_at;
	int64_t gap_from, gap_to, gap_since, gap_changed, gap_closed_at; /* gap_from 0: none is open */
	int64_t sweep_at;
	bool sweep_open;
	int64_t version, updated_at;
};

/* rollout, read. Nothing set: all titles are asked of the source. */
struct source_rollout {
	uint32_t percent;         /* of titles */
	uint32_t max_titles;      /* 0: no limit */
	struct field_list labels; /* struct field_pair: of titles that have a watch with all of them */
	bool shadow;              /* it is asked, and its answers only held against the other's */
};
extern const struct field sources_rollout_fields[];
must_check enum rc sources_rollout_read(struct tx *tx, const struct source *s, struct source_rollout *ret);

/* As a whole: closed, or forced to be. */
bool sources_is_asked(const struct source *s);

/* RC_MISSING: there is none of that name. */
must_check enum rc sources_load(struct tx *tx, const char *name, struct source *ret);
must_check enum rc sources_save(struct tx *tx, const struct source *s);

/* The breaker of the whole may have moved from `was`: kept and told. `why`: what was wrong; NULL: nothing is. */
must_check enum rc sources_moved(struct tx *tx, struct source *s, int was, const char *why);
/* source.state_changed: of one egress, or of the source as a whole (NULL). */
must_check enum rc sources_tell(struct tx *tx, const char *source, const char *egress_id, int was,
	const struct breaker *b, const char *why);

enum ask_kind {
	ASK_CHANGES,
	ASK_SWEEP,  /* metadata of all that are watched, a page */
	ASK_META,   /* metadata, for polls */
	ASK_WANTED, /* what is known to have changed */
	ASK_FULL,   /* for polls */
	ASK_OLDEST, /* what was not looked at for long */
	ASK_FALLBACK,
	ASK_SHADOW, /* for comparison alone */
	ASK_PROBE,  /* the one of a breaker that is half open, by its egress */
	ASK_AVAILABLE,
	ASK_OWNED, /* with an account, what the anonymous session may not see */
	ASK_KINDS
};
struct source_ask {
	const char *id, *source, *task_id, *page;
	const char *account_id; /* for sources_ask_new: whose session asks; NULL: the agent's own */
	const char *egress_id;  /* by which it is asked; NULL: nobody has it yet. A probe goes to this alone */
	const char *scope; /* the tenant of that account, who alone hears of the answer; NULL: everybody does */
	int kind;
	struct field_list refs; /* of const char *: those without an answer */
	int64_t asked_at, heard_at;
	bool hedged;
};
must_check enum rc sources_asks(
	struct tx *tx, struct field_list *ret); /* all that are open, of struct source_ask */
must_check enum rc sources_ask_load(struct tx *tx, const char *id, struct source_ask *ret);
must_check enum rc sources_ask_save(struct tx *tx, const struct source_ask *a);
must_check enum rc sources_ask_drop(struct tx *tx, const char *id);

/* Makes the task and the row. `payload` NULL: titles.poll of a->refs. */
must_check enum rc sources_ask_new(struct tx *tx, struct source_ask *a, const char *action, const char *payload);
must_check enum rc sources_ask_cancel(struct tx *tx, const struct source_ask *a);

struct source_marks {
	int64_t asked, good, compared, agreed;
};
must_check enum rc sources_mark(struct tx *tx, const char *source, const struct source_marks *more);
must_check enum rc sources_marks(
	struct tx *tx, const char *source, struct source_marks *ret); /* of the last hour */

/* Answers these as unknown, since nobody can be asked: what polls wait for is over. refs: of const char *. */
must_check enum rc sources_unknown(
	struct tx *tx, const char *source, const struct field_list *refs, const char *reason);
/* The same of what this question has no answer to, in its scope alone. */
must_check enum rc sources_unanswered(struct tx *tx, const struct source_ask *a, const char *reason);

/* In thousandths; 1000 of nothing. */
int64_t sources_ratio(int64_t part, int64_t of);
