/*
 * columns: which members of an answer a table or a CSV file shows, as a verb's row spells them: "id,action,summary.total:TASKS".
 */
#pragma once

#include <stddef.h>

#define COLUMNS_MAX      16
#define COLUMNS_NAME_MAX 40

struct columns {
	struct column {
		char path[COLUMNS_NAME_MAX];    /* names parted by dots */
		char heading[COLUMNS_NAME_MAX]; /* for people; "createdAt" becomes "CREATED AT" */
	} at[COLUMNS_MAX];
	size_t n;
};

struct columns columns_read(const char *spec);
