/* labels: maps of texts, as the database holds them. */
#pragma once

#include "base/arena.h"
#include "base/field.h"

/* A FIELD_MAP as JSON, in the arena; NULL without memory. */
const char *labels_json(struct arena *a, const struct field_list *labels);
