/* webhook_listen: `footplate webhook listen`: what a webhook would be told, for a receiver that only this machine reaches. */
#pragma once

#include "cli/cmd.h"

#define WEBHOOK_LISTEN_COLUMNS "ts:TIME,type,id,status:HTTP,error"

extern const struct verb_option webhook_listen_options[];
enum cli_exit webhook_listen(struct cmd *c);
