/*
 * options: reads "--name VALUE", "--name=VALUE", "-x VALUE" and "-xVALUE" after tables of struct verb_option. What was typed
 * stands in a JSON object under the options' names: a FIELD_LIST as a list (typed again or parted by commas), a FIELD_MAP as
 * an object (typed again; with `values` as a list of the pairs as they were typed), the others as their values. Only a FIELD_JSON of the form @FILE (@- is the standard input)
 * looks outside. An option typed twice without being a list is refused.
 */
#pragma once

#include "base/arena.h"
#include "base/fault.h"
#include "base/own.h"
#include "cli/verb.h"

struct json_t;

#define OPTIONS_FILE_MAX (1u << 20) /* of a value @FILE */
#define OPTIONS_LIST_MAX 10000

struct options {
	const struct verb_option *tables[2]; /* of the verb, and the global ones; NULL: none */
	int argc, at;                        /* argv[at] is the next word */
	char **argv;
	struct json_t *given;
	struct arena *arena;
};

/* Takes argv[at], which begins with '-', and its value. RC_INVALID says what is wrong, without showing the value. */
must_check enum rc options_take(struct options *o, struct fault *f);

/* Checks one value and puts it under the option's name. */
must_check enum rc options_put(struct options *o, const struct verb_option *row, const char *text, struct fault *f);

/* Is the word an option? "-" is a file and "--" ends them. */
bool options_is(const char *word);

/* The row that is called so; NULL when there is none. */
const struct verb_option *options_find(const struct verb_option *t, const char *name, size_t n);
