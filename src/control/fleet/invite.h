/*
 * invite: a place for the in-process agent, made before anybody could ask for it over the API.
 */
#pragma once

#include "base/fault.h"
#include "base/hush.h"
#include "base/own.h"

struct control;

/*
 * A one-time enrolment token for an agent in the region of this name, which is made when there is none. After life_start, on the
 * thread that called it, before the loop runs.
 */
must_check enum rc invite_agent(struct control *c, const char *region, struct hush *ret_token, struct fault *f);
