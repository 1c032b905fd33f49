/*
 * sources_builds: builds that were announced are looked for until they can be fetched. On the writer's thread.
 */
#pragma once

#include "control/updates/sources_rows.h"

/* Asks for those that are due, as long as the source is asked at all. `asks`: what is open. */
must_check enum rc sources_builds_ask(struct tx *tx, const struct field_list *asks);
