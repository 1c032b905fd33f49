/*
 * key_fold: what became of a try, folded into the key's row in the transaction that ended the task (K3). Then the account is
 * free again and the batch goes on. Is control.owned. On the writer.
 */
#pragma once

#include "control/tx.h"

struct moves_task;

must_check enum rc key_fold_task(struct tx *tx, const struct moves_task *t);
