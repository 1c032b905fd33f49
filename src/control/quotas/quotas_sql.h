/* quotas_sql: which quotas a maker falls under, as a condition in SQL. */
#pragma once

/* Of the quota `q`: is its subject one of the maker's? `maker` is an expression: kind, colon, id. */
#define QUOTAS_FITS(maker)                                                                                       \
	"((q.subject_kind = 'tenant' AND q.subject_id = q.tenant_id) OR (q.subject_kind IN ('key', 'user') AND " \
	"q.subject_kind || ':' || q.subject_id = " maker                                                         \
	") OR (q.subject_kind = 'user' AND q.subject_id = (SELECT "                                              \
	"k.user_id FROM api_keys k WHERE 'key:' || k.id = " maker " AND k.id = substr(" maker                    \
	", 5))) OR (q.subject_kind = 'group' AND q.subject_id IN (SELECT m.group_id FROM group_members m WHERE " \
	"'user:' || m.user_id = " maker                                                                          \
	" OR m.user_id = (SELECT k.user_id FROM api_keys k WHERE 'key:' || k.id = " maker                        \
	" AND k.id = substr(" maker ", 5)))))"
