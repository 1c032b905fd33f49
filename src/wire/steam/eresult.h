/*
 * eresult: the numbers and names of Steam's results. eresult.def lists all we know. Source: steam-protocol facts, Appendix C.
 */
#pragma once

#include <stdint.h>

enum eresult {
#define ERESULT(id, number, name) ERESULT_##id = (number),
#include "wire/steam/eresult.def"
#undef ERESULT
};

const char *eresult_name(int32_t eresult); /* "TryAnotherCM"; "unknown" for another number */
