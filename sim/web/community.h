/*
 * community: API keys. Every account that is not limited has one: its account id in eight hex digits, and 24 that follow from
 * its name.
 */
#pragma once

struct people;
struct person;

#define COMMUNITY_KEY 33

void community_key(const struct person *p, char ret[static COMMUNITY_KEY]);
struct person *community_by_key(struct people *people, const char *key); /* NULL: nobody's */
