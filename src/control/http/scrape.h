/* scrape: metrics that are counted when somebody asks for them. */
#pragma once

#include "control/tx.h"

int64_t scrape_memory(void); /* resident, in bytes */
void scrape_process(struct control *c);
/* Open tasks and agents, by indexes that hold no more than these. On a reader. */
must_check enum rc scrape_rows(struct tx *tx);
