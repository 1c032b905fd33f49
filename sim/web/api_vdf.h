/*
 * api_vdf: answers of the Web API in its other format: asked with format=vdf, JSON becomes text VDF; what is a list becomes an
 * object with the keys "0", "1" ... One thread.
 */
#pragma once

#include "sim/web/ask.h"

/* Turns the JSON of an answer into VDF when the question wants it. */
void api_vdf_if_wanted(const struct ask *q, struct answer *a);
