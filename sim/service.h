/* service: how a method of one of Steam's services is asked, over a connection or by HTTP. */
#pragma once

#include "sim/sim.h"

struct cm;

/* The answer of a service method. */
struct service_answer {
	int32_t eresult;
	const char *error;    /* for people; NULL */
	struct buf body;      /* the caller's */
	struct effect effect; /* what the faults want of the answer; the caller carries it out */
};

/* Who asks. */
struct service_from {
	struct person *who; /* NULL: nobody (not logged on, no access token) */
	const char *ip;
	bool web;        /* by HTTP */
	struct cm *conn; /* the connection it came by; NULL: by HTTP */
};

/* A method by its name with version, "Authentication.GetPasswordRSAPublicKey#1". Every method of this Steam, of all services, is found here
 * (sim/services.def); it is counted. False: there is none. When `effect` says that nothing shall be answered, it was not run,
 * unless the effect is one of those that come after the deed. */
bool service_call(struct sim *s, const struct service_from *from, const char *method, const void *p, size_t n,
	struct service_answer *ret);
