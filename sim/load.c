#include "sim/load.h"

#include "sim/auth.h"
#include "sim/cdn/cdn.h"
#include "sim/chat.h"
#include "sim/econ/offer.h"
#include "sim/held.h"
#include "sim/library.h"
#include "sim/tokens.h"
#include "sim/workshop.h"

#include <stdlib.h>

static enum rc more_line(void *ctx, const char *folder, const char *line, struct fault *f)
{
	struct sim *s = ctx;
	enum rc rc = people_line(&s->people, line, f);
	if (rc == RC_MISSING)
		rc = cdn_line(s->cdn, line, folder, f);
	if (rc == RC_MISSING)
		rc = sim_shops_line(s, line, f);
	if (rc == RC_MISSING)
		rc = econ_line(s->econ, line, f);
	if (rc == RC_MISSING)
		rc = library_line(s, folder, line, f);
	if (rc == RC_MISSING)
		rc = workshop_line(s, folder, line, f);
	return rc;
}

enum rc sim_load(struct sim *s, const char *path, struct fault *f)
{
	if (people_init(&s->people) != RC_OK)
		return fault_set(f, RC_NOMEM, "no memory for the people");
	s->econ = econ_new(&s->people);
	if (!s->econ)
		return fault_set(f, RC_NOMEM, "no memory for the items");
	enum rc rc = auth_new(&s->auth, f);
	if (rc == RC_OK)
		rc = tokens_new(&s->tokens, f);
	if (rc == RC_OK)
		rc = held_new(&s->held, f);
	if (rc == RC_OK)
		rc = cdn_sim_new(&s->cdn, f);
	if (rc == RC_OK)
		rc = sim_shops_new(s, f);
	if (rc == RC_OK)
		rc = world_load_more(&s->world, path, &(struct world_more){ more_line, s }, f);
	return rc;
}

enum rc sim_line(struct sim *s, const char *line, struct fault *f)
{
	enum rc rc = more_line(s, "/", line, f);
	return rc == RC_MISSING ? fault_set(f, RC_INVALID, "'%.60s' is no line that can be added", line) : rc;
}

void sim_done(struct sim *s)
{
	auth_free(s->auth);
	tokens_free(s->tokens);
	held_free(s->held);
	chat_done(s);
	library_free(s->library);
	workshop_free(s->workshop);
	cdn_sim_free(s->cdn);
	cm_forget(s);
	s->cdn = NULL;
	sim_shops_done(s);
	offer_done(s->econ);
	econ_free(s->econ);
	s->econ = NULL;
	people_done(&s->people);
	world_done(&s->world);
	faults_clear(&s->faults);
	free(s->logons);
	free(s->redeems);
	s->redeems = NULL;
	s->auth = NULL;
	s->tokens = NULL;
	s->held = NULL;
	s->logons = NULL;
}
