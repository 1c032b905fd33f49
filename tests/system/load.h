/*
 * load: a mixed load for tests that break things: jobs of all four classes (read, idempotent, guarded, once) that a thread submits, each
 * until it is acknowledged, and a judge that afterwards asks steamsim's ledger what really happened. A failure prints what and ends
 * the test.
 */
#pragma once

#include "tests/system/rig.h"

#include <pthread.h>
#include <stdatomic.h>

#define LOAD_ACCOUNTS 4
#define LOAD_JOBS_MAX 40000

enum load_kind { LOAD_READ, LOAD_IDEMPOTENT, LOAD_GUARDED, LOAD_ONCE, LOAD_KINDS };

struct load_job {
	char id[40]; /* of the acknowledged job */
};

struct load {
	struct rig *rig;
	char accounts[LOAD_ACCOUNTS][64];
	char judge[32];    /* the SteamID that is written to */
	unsigned pause_ms; /* between two jobs */
	pthread_t thread;
	pthread_rwlock_t url; /* the server's address is written by a restart: hold it for writing meanwhile */
	_Atomic bool stop;
	atomic_uint acked, refused; /* refused: answers 503, 409, 507 */
	struct load_job *jobs;
	const char *through; /* another address of the control plane; NULL: the rig's */
};

/* Starts steamsim with what the load needs; `more` are further options of it, ending in NULL, or NULL. */
void load_sim(struct rig *r, const char *const *more);

/* Makes the accounts and wants them online. The control plane and an agent are up. */
void load_init(struct load *l, struct rig *r);
void load_start(struct load *l);
void load_stop(struct load *l); /* what was begun is acknowledged; the server must be up */

/* Settings for both programs: what Steam allows is not what is tried here. */
#define LOAD_LANES                                                                                           \
	"lanes.limits=cm.connect=0,cm.login=0,cm.login.account=0,cm.job=0,pics.info=0,store.redeem=0,store." \
	"redeem.egress=0"

struct load_verdict {
	unsigned lost, doubled, attention, failed;
	long long wait_ms; /* until all were over */
};
/* Waits until every acknowledged job is over (two minutes at most), says for those that need somebody what the ledger says, and counts. */
struct load_verdict load_judge(struct load *l);
void load_done(struct load *l);
