/* labels: maps and lists, as the database holds them. */
#pragma once

#include "base/arena.h"
#include "base/field.h"

/* A FIELD_MAP as JSON, in the arena; NULL without memory. */
const char *labels_json(struct arena *a, const struct field_list *labels);

/* The same of a FIELD_LIST of texts, and of numbers (uint32_t). */
const char *labels_texts_json(struct arena *a, const struct field_list *texts);
const char *labels_numbers_json(struct arena *a, const struct field_list *numbers);
