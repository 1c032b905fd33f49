/*
 * matrix: what the authorization matrix is made of: tenants with one of everything, the people who try, and a sample of each operation.
 */
#pragma once

#include "tests/system/rig.h"

enum tenant { OWN, BLUE, RED, TENANTS }; /* OWN: the installation's */
extern const char *const matrix_tenants[TENANTS];
extern const char *const matrix_marks[TENANTS]; /* stand in every thing that is theirs, and nowhere else */

/* What can stand for {…} in a path. */
enum kind {
	K_NONE,
	/* Each tenant has one. */
	K_ACCOUNT,
	K_API_KEY,
	K_ARTIFACT,
	K_BATCH,
	K_BINDING,
	K_CHALLENGE,
	K_DELIVERY,
	K_DOWNLOAD,
	K_GAME_KEY,
	K_GROUP,
	K_JOB,
	K_POLICY,
	K_POLL,
	K_QUOTA,
	K_ROLE,
	K_SCHEDULE,
	K_SESSION,
	K_TASK,
	K_TRIGGER,
	K_TITLE,
	K_USER,
	K_WATCH,
	K_WEBHOOK,
	/* The installation has one. */
	K_AGENT,
	K_AUTHORITY,
	K_CERTIFICATE,
	K_BUDGET,
	K_EGRESS,
	K_PROVIDER,
	K_REGION,
	K_TENANT,
	/* Words. */
	K_ACTION,
	K_SECRET,
	K_SOURCE,
	K_STORE,
	K_WORD,
	KINDS
};
bool matrix_is_theirs(enum kind k);
/* As x-object names it; NULL: it is never the first of a path, or belongs to nobody. */
const char *matrix_word(enum kind k);

/* ids[t][k]; what the installation has stands in each. */
struct matrix {
	struct rig rig;
	char id[TENANTS][KINDS][64];
	char key[TENANTS][64]; /* of each tenant's owner, who made its things */
};

void matrix_seed(struct matrix *m);

/* One operation, and what its path is made of. */
struct matrix_sample {
	const char *op;
	enum kind args[3];
	const char *query; /* NULL: none */
};
extern const struct matrix_sample matrix_samples[]; /* ends in { 0 } */

/* Those that everyone may call: nothing else may be open. */
extern const char *const matrix_open[];
