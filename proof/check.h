/*
 * check: what must hold, read from the database behind the control plane's back, and from the event log: I1, I2, I4, I6, and
 * that what was seen once stays (a power cut takes nothing that was shown). Each look is of one snapshot.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void check_now(void);     /* nothing when the control plane does not run */
void check_close(void);   /* before the control plane is stopped */
bool check_is_over(void); /* as of the last look: all tasks have ended, or wait for a person */
void check_tell(void);    /* -v: what has not ended, and all that it may wait for */
bool check_is_told(void); /* the subscribers have the log as of the last look */
void check_end(void);     /* at the end: all of it, and what the clients were told */
void check_seen(int64_t pos, const char *data, size_t n); /* a subscriber got this event */
/* An agent begins with an attempt: until its process ends, it is not lost. */
void check_begun(const char *task, unsigned attempt);
unsigned check_newest(const char *task);          /* the last attempt that any began with; 0: none */
bool check_in_doubt(char job[64], char task[64]); /* a task that needs attention, of the last look */
extern uint64_t check_tasks, check_events;
