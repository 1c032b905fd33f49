/*
 * sources_builds: builds that were announced are looked for until they can be fetched. On the writer's thread.
 */
#pragma once

#include "control/updates/sources_rows.h"

/* Asks for those that are due. `asks`: what is open; `owned`: those that accounts see; else as long as the source is asked at all. */
must_check enum rc sources_builds_ask(struct tx *tx, const struct field_list *asks, bool owned);
