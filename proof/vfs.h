/* vfs: SQLite over the simulated disks: every connection of a machine, and the checker's own. */
#pragma once

struct disk_file;

void vfs_register(void);              /* as SQLite's default */
void vfs_forget(struct disk_file *f); /* its machine has stopped: locks and shared memory are gone */
