/*
 * notify: what a service manager is told (sd_notify(3)), and the sockets it hands over (sd_listen_fds(3)). Everything does nothing
 * when there is no such manager. Any thread.
 */
#pragma once

#include <stdint.h>

/* One or more lines "READY=1", parted by newlines, as one datagram to NOTIFY_SOCKET. Lost when it cannot be sent. */
void notify_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void notify_reloading(void); /* with the moment that the manager wants to know; notify_say("READY=1") follows */

/* How often the manager wants to hear WATCHDOG=1 at least, in milliseconds; 0: it does not. */
uint32_t notify_watchdog_ms(void);

/*
 * The listening stream socket that was handed over: the one with this name (FileDescriptorName=), or the only one. 0: none.
 * It is ours from then on.
 */
int notify_listener(const char *name);
