/* owned: the account's licences as Steam told its session. */
#pragma once

#include "agent/actions/ask.h"
#include "proto/steam/library.pb-c.h"

/* Just after a logon it waits until Steam has told them. */
must_check enum rc owned_read(struct action_task *t, CMsgClientLicenseList **ret, struct fault *f);
/* NULL: the account has none for that package. */
const CMsgClientLicenseList__License *owned_find(const CMsgClientLicenseList *l, uint32_t package);
