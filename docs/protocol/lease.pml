/*
 * lease: one task that has an effect, a control plane, two agents and time, for spin. What it stands for, what it proves and what a
 * run of it said is in lease.md beside it; tools/check_model.sh runs it.
 *
 * -DGUARDED  the task is of class guarded (it can be found out whether it was done); else of class once
 * -DFAULTS=n so often an agent or the control plane is killed, or a connection breaks
 *
 * Planted faults, each of which must be found:
 * -DNO_FENCE    results and questions of an attempt that is not the current one count
 * -DNO_MARGIN   the agent believes its permission as long as the control plane's lease lasts
 * -DLATE_START  it counts from when the permission came, not from when it was asked for
 * -DLATE_INTENT the permission leaves before the intent is committed
 * -DNO_INTENT   an attempt whose lease lapsed is taken for one without an effect
 * -DNO_SEQ      a frame that came before is taken again
 * -DNO_PROBE    a guarded task is repeated without asking
 */
#ifndef FAULTS
#define FAULTS 3
#endif
#define AGENTS   2
#ifndef ATTEMPTS
#define ATTEMPTS 2 /* at most; the code has 3 */
#endif
#define LEASE    4 /* ticks of the control plane's clock */
#ifdef NO_MARGIN
#define MINE LEASE
#else
#define MINE 2 /* ticks of the agent's clock, in which it may use a permission */
#endif
#define CHAN 3

mtype = { DISPATCH, BEGIN, OK, DENY, RESULT, ACK, STALE, HELLO };       /* the tunnel's messages that matter here */
mtype = { QUEUED, HELD, UNKNOWN, SUCCEEDED, FAILED };                   /* the task's row */
mtype = { IDLE, TAKEN, KEPT, ASKED, MAY, DID, ENDED };                  /* the agent's work */
mtype = { NONE, MAYBE, YES, NOT };                                      /* the journal, and a result */

/* The control plane's database: what survives it. */
mtype row = QUEUED;
byte attempt, holder;
bool intent; /* of the current attempt */
bool probe;  /* the next attempt has to find out first */
byte lease_age;
bool ran_fast; /* its clock has already gained its tick on this lease */

/* The tunnels. A connection takes its frames with it when it ends. */
chan up[AGENTS] = [CHAN] of { mtype, byte, mtype };
chan down[AGENTS] = [CHAN] of { mtype, byte, bool };
bool online[AGENTS]; /* the HELLO was heard */
bool dialled[AGENTS];

/* The agents. */
mtype work[AGENTS] = IDLE;
byte mine[AGENTS]; /* its attempt */
bool asks_first[AGENTS], sent[AGENTS], forsaken[AGENTS];
byte age[AGENTS];      /* of its permission, on its own clock */
bool ran_slow[AGENTS]; /* its clock has already lost its tick on this permission */
mtype disk[AGENTS] = NONE;
mtype outcome[AGENTS] = NONE;

/* The judge. */
byte effects; /* what Steam has done */
byte ends;
byte faults;

#define over       (row == UNKNOWN || row == SUCCEEDED || row == FAILED)
#define current(a, n) (row == HELD && holder == a && attempt == n)
#ifdef NO_FENCE
#define counts(a, n) (row == HELD)
#else
#define counts(a, n) current(a, n)
#endif

inline drain(c)
{
	do
	:: nempty(c) -> c?_,_,_
	:: empty(c) -> break
	od
}

/* A frame that is lost, doubled or out of its place ends the connection: the tunnel's numbers and tags see to that. */
inline cut(a)
{
	drain(up[a]);
	drain(down[a]);
	online[a] = false;
	dialled[a] = false;
	sent[a] = false;
	if
	:: work[a] == ASKED -> work[a] = KEPT; age[a] = 0; ran_slow[a] = false
	:: else
	fi
}

inline forget(a)
{
	work[a] = IDLE;
	mine[a] = 0;
	disk[a] = NONE;
	outcome[a] = NONE;
	asks_first[a] = false;
	sent[a] = false;
	forsaken[a] = false;
	age[a] = 0;
	ran_slow[a] = false
}

/* ---- the control plane: each of these is one transaction ---- */

inline finish(to)
{
	row = to;
	ends++;
	assert(ends == 1);                                /* no task ends twice */
	assert(to != SUCCEEDED || effects == 1);          /* what is said to be done was done, once */
	assert(to != FAILED || effects == 0);             /* what is said to have failed left nothing behind */
	lease_age = 0;
	ran_fast = false
}

/* control/engine/moves, moves_fail, with model/task, task_retry. `doubt`: this attempt may have had its effect. */
inline lose(doubt)
{
	probe = probe && (doubt || !intent);
	if
	:: !(doubt) && !probe && attempt < ATTEMPTS -> row = QUEUED
	:: !(doubt) && !probe && attempt >= ATTEMPTS -> finish(FAILED)
#ifdef GUARDED
	:: ((doubt) || probe) && attempt < ATTEMPTS -> row = QUEUED;
#ifndef NO_PROBE
		probe = true
#endif
	:: ((doubt) || probe) && attempt >= ATTEMPTS -> finish(UNKNOWN)
#else
	:: (doubt) || probe -> finish(UNKNOWN)
#endif
	fi;
	intent = false;
	holder = AGENTS;
	lease_age = 0;
	ran_fast = false
}

inline result(a, n, what)
{
	if
	:: counts(a, n) ->
		assert(current(a, n)); /* an accepted result is of the current attempt */
		if
		:: what == YES -> finish(SUCCEEDED)
		:: what == NOT -> lose(false)
		:: what == MAYBE -> lose(intent)
		fi;
		down[a]!ACK,n,false
	:: else ->
		down[a]!STALE,n,false
	fi
}

/* What the agent comes back with, and without. */
inline hello(a, n)
{
	online[a] = true;
	if
	:: row == HELD && holder == a && attempt != n -> lose(intent)
	:: row == HELD && holder == a && attempt == n -> lease_age = 0; ran_fast = false
	:: else
	fi;
	if
	:: n != 0 && !current(a, n) -> down[a]!STALE,n,false
	:: else
	fi
}

inline control_crash()
{
	faults++;
	cut(0);
	cut(1);
	if
	:: row == HELD -> lease_age = 0; ran_fast = false /* a whole lease to come back */
	:: else
	fi
}

inline keep_intent()
{
	intent = true;
	lease_age = 0;
	ran_fast = false
}


inline dispatch(a)
{
	attempt++;
	row = HELD;
	holder = a;
	intent = false;
	lease_age = 0;
	ran_fast = false;
	down[a]!DISPATCH,attempt,probe
}

/* The intent is committed, and then the answer leaves; a crash can come between. */
inline begin(a, n)
{
	if
	:: counts(a, n) && lease_age < LEASE ->
#ifdef LATE_INTENT
		down[a]!OK,n,false;
		late = n
#else
		keep_intent();
		if
		:: down[a]!OK,n,false
		:: faults < FAULTS -> control_crash()
		fi
#endif
	:: else -> down[a]!DENY,n,false
	fi
}

inline hear(a)
{
	up[a]?what,n,as;
	if
	:: what == HELLO -> hello(a, n)
	:: what == BEGIN -> begin(a, n)
	:: what == RESULT -> result(a, n, as)
	fi;
	n = 0;
	what = NONE;
	as = NONE
}

active proctype control()
{
	byte n, late;
	mtype what = NONE, as = NONE;
end:
	do
	:: atomic { row == QUEUED && online[0] && nfull(down[0]) -> dispatch(0) }
	:: atomic { row == QUEUED && online[1] && nfull(down[1]) -> dispatch(1) }
	:: atomic { nempty(up[0]) && nfull(down[0]) -> hear(0) }
	:: atomic { nempty(up[1]) && nfull(down[1]) -> hear(1) }
#ifdef NO_INTENT
	:: atomic { row == HELD && lease_age >= LEASE -> lose(false) }
#else
	:: atomic { row == HELD && lease_age >= LEASE -> lose(intent) }
#endif
	:: atomic { faults < FAULTS && !over -> control_crash() }
#ifdef LATE_INTENT
	:: atomic { late != 0 && row == HELD && attempt == late -> keep_intent(); late = 0 }
	:: atomic { late != 0 && faults < FAULTS -> control_crash(); late = 0 }
#endif
	od
}

/* ---- an agent ---- */

/* agent/journal: a put is on disk before anything else goes on. */
inline put(a, what)
{
	outcome[a] = what;
	disk[a] = what
}

inline end_work(a, what)
{
	put(a, what);
	if
	:: forsaken[a] -> forget(a)
	:: else -> work[a] = ENDED
	fi
}

inline listen(a)
{
#ifdef NO_SEQ
	if
	:: down[a]?what,n,first
	:: down[a]??<DISPATCH,n,first> -> what = DISPATCH
	:: down[a]??<OK,n,first> -> what = OK
	:: down[a]??ACK,n,first -> what = ACK
	fi;
#else
	down[a]?what,n,first;
#endif
	if
	:: what == DISPATCH && work[a] == IDLE ->
		mine[a] = n;
		asks_first[a] = first;
		work[a] = TAKEN
	:: what == DISPATCH && work[a] != IDLE && mine[a] != n -> up[a]!RESULT,n,NOT /* REJECT: no room */
	:: what == OK && work[a] == ASKED && mine[a] == n -> work[a] = MAY;
#ifdef LATE_START
		age[a] = 0;
		ran_slow[a] = false
#endif
	:: what == DENY && work[a] == ASKED && mine[a] == n -> end_work(a, NOT)
	:: (what == ACK || what == STALE) && mine[a] == n && n != 0 ->
		if
		:: work[a] == TAKEN || work[a] == KEPT || work[a] == ASKED || work[a] == ENDED -> forget(a)
		:: work[a] == MAY || work[a] == DID -> forsaken[a] = true /* its worker may already be past the question */
		fi
	:: else
	fi;
	n = 0;
	what = NONE;
	first = false
}

/* Asked of Steam, whose answer is true: see lease.md. */
inline look(a)
{
	if
	:: asks_first[a] && effects > 0 -> end_work(a, YES)
	:: else ->
		put(a, MAYBE);
		work[a] = KEPT
	fi
}

inline agent_crash(a)
{
	faults++;
	cut(a);
	age[a] = 0;
	ran_slow[a] = false;
	if
	:: disk[a] == NONE -> forget(a)
	:: else ->
		work[a] = ENDED;
		outcome[a] = disk[a]
	fi
}

active [AGENTS] proctype agent()
{
	byte me = _pid - 1, n;
	mtype what = NONE;
	bool first;
end:
	do
	:: atomic { !dialled[me] && nfull(up[me]) -> dialled[me] = true; up[me]!HELLO,mine[me],NONE }
	:: atomic { nempty(down[me]) && nfull(up[me]) -> listen(me) }
	:: atomic { work[me] == TAKEN -> look(me) }
	:: atomic { work[me] == KEPT && dialled[me] && nfull(up[me]) ->
		age[me] = 0;
		ran_slow[me] = false;
		up[me]!BEGIN,mine[me],NONE;
		work[me] = ASKED }
	:: atomic { work[me] == MAY && age[me] < MINE ->
		effects++;
		assert(effects == 1);              /* never twice */
		assert(current(me, mine[me])); /* and never by one that was given up: nobody will be surprised later */
		age[me] = 0;
		ran_slow[me] = false;
		work[me] = DID }
	:: atomic { work[me] == MAY && age[me] >= MINE -> age[me] = 0; ran_slow[me] = false; end_work(me, NOT) }
	:: atomic { work[me] == DID -> end_work(me, YES) }
	:: atomic { work[me] == DID && faults < FAULTS -> faults++; end_work(me, MAYBE) } /* Steam's answer is lost */
	:: atomic { work[me] == ENDED && dialled[me] && !sent[me] && nfull(up[me]) ->
		sent[me] = true;
		up[me]!RESULT,mine[me],outcome[me] }
	:: atomic { faults < FAULTS && !over -> agent_crash(me) }
	:: atomic { faults < FAULTS && !over && dialled[me] -> faults++; cut(me) }
	od
}

/* ---- time: every clock gains a tick; on one term the control plane's may gain one more, an agent's one less ---- */

inline tick_agent(a)
{
	if
	:: (work[a] == ASKED || work[a] == MAY) && age[a] < LEASE ->
		if
		:: age[a]++
		:: !ran_slow[a] -> ran_slow[a] = true
		fi
	:: else
	fi
}

active proctype time()
{
end:
	do
	:: atomic { row == HELD && lease_age < LEASE ->
		lease_age++;
		if
		:: !ran_fast && lease_age < LEASE -> lease_age++; ran_fast = true
		:: true
		fi;
		tick_agent(0);
		tick_agent(1) }
	od
}

/* A heartbeat renews; nothing is said of how long it was under way. */
active proctype heartbeats()
{
end:
	do
	:: atomic { row == HELD && lease_age > 0 && online[holder] -> lease_age = 0; ran_fast = false }
	od
}

/* With the faults behind it, the task ends. */
ltl ends_at_last { <> over }
