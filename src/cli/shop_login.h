/*
 * shop_login: `footplate agent login`: shows the page on which a person logs an agent in at Epic or GOG, asks for the code that it gives, answers the
 * agent's challenge with it, and waits for what becomes of it.
 */
#pragma once

#include "cli/cmd.h"

#define SHOP_LOGIN_WAIT_S 90

enum cli_exit shop_login_run(struct cmd *c);
