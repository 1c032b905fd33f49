/*
 * canary: every secret that a system test uses is one: what it tells the simulated Steam, what it gives the API under a secret's name, and
 * what the API makes and shows once. When the rig is done, none of them may stand in anything that was left: databases and their
 * logs, journals, logs of programs, arguments and environments of those that run; in the clear, in base64 or in hexadecimal.
 *
 * What a test or the rig itself wrote for a program to read is left out: see canary_files. Any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CANARY_MIN 10 /* shorter ones would be found by chance */

/* One secret; `what` says what it is, for the failure's line, and is copied. Shorter ones than CANARY_MIN are not watched. */
void canary_add(const char *what, const char *secret);

/* The secrets of a world of steamsim: password=, shared=, identity=. */
void canary_add_world(const char *world);

/* The secret members of a request's JSON body, and of an answer. */
void canary_add_asked(const char *method, const char *path, const char *body);
void canary_add_answered(const char *body);

/* How many of them are there; each is told on standard error. A folder: with all below it. */
unsigned canary_look(const char *where, const void *p, size_t n);
unsigned canary_look_folder(const char *path);
unsigned canary_look_process(pid_t pid);

size_t canary_count(void); /* that are watched */
