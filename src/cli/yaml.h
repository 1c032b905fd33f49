/*
 * yaml: a JSON value as YAML 1.2 in block style. A text is quoted whenever a reader of YAML 1.1 or 1.2 could take it for
 * something else.
 */
#pragma once

#include "base/buf.h"

struct json_t;

void yaml_put(struct buf *to, const struct json_t *v);
