/* loop_sim: what the simulation's own parts ask of a loop. */
#pragma once

struct loop;
struct loop_job;

/* As if a descriptor had become ready: taken by the loop after what was posted and what is due. Any. */
void loop_arrive(struct loop *l, struct loop_job *job);
