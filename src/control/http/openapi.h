/*
 * openapi: the API as OpenAPI 3.1, written from the tables that route, check and encode it: it cannot say anything else.
 */
#pragma once

#include "base/buf.h"

struct route;

void openapi_write(const struct route *const *routes, struct buf *to);
