/*
 * api_key: keys of the Web API. Every account that is not limited has one: its account id in eight hex digits, and 24 that follow from
 * its name.
 */
#pragma once

struct people;
struct person;

#define API_KEY_TEXT 33

void api_key_of(const struct person *p, char ret[static API_KEY_TEXT]);
struct person *api_key_person(struct people *people, const char *key); /* NULL: nobody's */
