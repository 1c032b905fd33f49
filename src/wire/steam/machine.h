/*
 * machine: the machine id that a logon carries: a binary VDF of three SHA-1 in hexadecimal, 155 bytes. Steam wants it stable for
 * an account; what it is made of is our own. Source: steam-protocol facts 1.5.
 */
#pragma once

#include "base/own.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MACHINE_ID 155 /* bytes */

/* `of`: what tells this machine from others, for us the account's name. */
void machine_id(const char *of, uint8_t ret[static MACHINE_ID]);

/* Whether these bytes have the form of a machine id. */
must_check bool machine_is_id(const void *p, size_t n);
