/*
 * openapi: the API as OpenAPI 3.1, written from the tables that route, check and encode it: it cannot say anything else.
 */
#pragma once

#include "base/buf.h"

void openapi_write(struct buf *to);
