/*
 * task: what an action may ask for while it runs (task_effect, task_progress, task_lanes, task_pause of agent/action_run), and the loop's side
 * of the first. Before an effect the agent's journal gets a provisional RESULT under the attempt's own key: "outcome unknown".
 * The real one replaces it. So what a crash leaves behind is told by itself after the restart, and the control plane probes.
 */
#pragma once

#include <stdint.h>

struct tunnel_msg;
struct work;

/* Loop: it takes so many bits a second from now on. `w` may be NULL. */
void task_tune(struct work *w, int64_t bps);

/* Loop: EFFECT_OK, EFFECT_DENY, PUBLISH_OK or PUBLISH_DENY came; all begin with task and attempt. `w` may be NULL. */
void task_heard(struct work *w, const struct tunnel_msg *m);
/* Loop: the tunnel is up or has room: says EFFECT_BEGIN when it was not said on this connection. */
void task_effect_tell(struct work *w);
void task_effect_untold(struct work *w); /* loop: the tunnel is down */
