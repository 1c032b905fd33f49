/* record: what Steam says of an app, as its branches and depots. */
#pragma once

#include "agent/action_run.h"
#include "wire/steam/titles_facts.h"

/* All of *ret lives in `a`. On failure t->code says not_found or access_denied, when it is that. */
must_check enum rc manifests_record(
	struct action_task *t, uint32_t app, struct arena *a, struct titles_facts *ret, struct fault *f);
