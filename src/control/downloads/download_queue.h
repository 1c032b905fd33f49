/*
 * download_queue: who goes next. Downloads that wait are admitted while there are slots: of all, of the key, of the tenant (quotas
 * downloads.active). Tenants share them by their weights, a tenant's go by priority and age (model/download). One is admitted by one
 * transaction that reserves its bytes, takes its slot, chooses its account and makes its task; or it says what it waits for. Those that
 * want what another fetches already follow it instead. On the writer.
 */
#pragma once

#include "control/downloads/download_row.h"

#define DOWNLOAD_QUEUE_STEPS 256 /* rows that one look moves at most */

/* Admits what can go. Costs nothing but a look when nothing waits or no slot is free. */
must_check enum rc download_queue_pump(struct tx *tx);
