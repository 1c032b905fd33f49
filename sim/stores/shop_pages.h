/*
 * shop_pages: the stores beside Steam over HTTP: their sites, the faults of their answers, and what a test may do to them:
 *
 *      POST /sim/epic?app=APP[&version=V][&title=T]
 *      POST /sim/gog?product=ID[&branch=B][&version=V][&title=T]
 *
 * One thread.
 */
#pragma once

#include <stdbool.h>

struct answer;
struct ask;

/* False: not a path of theirs. */
bool shop_pages(struct ask *q, struct answer *a);
bool shop_controls(struct ask *q, struct answer *a);
