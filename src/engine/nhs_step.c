/*
 * What each state makes of each event; nhs.c draws the machine.
 */
#include <stdlib.h>

#include "engine/nhs_act.h"

static void nhs_in_waiting(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		nhs_enter_if_addressed(n, NHS_STANDBY);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING); /* the reason may be another now */
		break;
	case NHS_EVENT_TIMER:
	case NHS_EVENT_ACCEPTED:
	case NHS_EVENT_REFUSED:
	case NHS_EVENT_HEARD:
	case NHS_EVENT_GONE:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_PATH_LOST:
	case NHS_EVENT_PATH_BACK:
	case NHS_EVENT_TAKE:
	case NHS_EVENT_RELEASE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_standby(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		nhs_enter_if_addressed(n, NHS_STANDBY);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_ACCEPTED: /* late: it has us. Whether we want that the cluster decides */
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_HEARD:
	case NHS_EVENT_PATH_BACK:
		nhs_undoubt(n);
		break;
	case NHS_EVENT_GONE:
	case NHS_EVENT_PATH_LOST:
		nhs_doubt(n);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_TAKE:
		nhs_enter(n, NHS_REGISTERING);
		break;
	case NHS_EVENT_TIMER:
	case NHS_EVENT_REFUSED:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_RELEASE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_registering(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		nhs_enter_if_addressed(n, NHS_REGISTERING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		nhs_miss(n);
		break;
	case NHS_EVENT_ACCEPTED:
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_REFUSED:
		nhs_refuse(n);
		break;
	case NHS_EVENT_HEARD:
	case NHS_EVENT_PATH_BACK:
		nhs_ask_again(n);
		break;
	case NHS_EVENT_PATH_LOST:
		nhs_lose_path(n);
		break;
	case NHS_EVENT_RELEASE:
		nhs_enter(n, NHS_STANDBY);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_GONE:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_TAKE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_up(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY: /* a changed address or setting: register anew, traffic goes on */
		nhs_enter_if_addressed(n, NHS_REFRESHING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		nhs_enter(n, NHS_REFRESHING);
		break;
	case NHS_EVENT_GONE:
		nhs_gone(n);
		break;
	case NHS_EVENT_PATH_LOST:
		nhs_lose_path(n);
		break;
	case NHS_EVENT_RELEASE:
		nhs_enter(n, NHS_RELEASING);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_ACCEPTED: /* a duplicate of the reply */
	case NHS_EVENT_REFUSED:
	case NHS_EVENT_HEARD:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_PATH_BACK:
	case NHS_EVENT_TAKE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_refreshing(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		nhs_enter_if_addressed(n, NHS_REFRESHING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		nhs_miss(n);
		break;
	case NHS_EVENT_ACCEPTED:
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_REFUSED:
		nhs_refuse(n);
		break;
	case NHS_EVENT_HEARD:
	case NHS_EVENT_PATH_BACK:
		nhs_ask_again(n);
		break;
	case NHS_EVENT_GONE:
		nhs_gone(n);
		break;
	case NHS_EVENT_PATH_LOST:
		nhs_lose_path(n);
		break;
	case NHS_EVENT_RELEASE:
		nhs_enter(n, NHS_RELEASING);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_PURGED:
	case NHS_EVENT_TAKE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_down(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		nhs_enter_if_addressed(n, NHS_REGISTERING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		nhs_miss(n);
		break;
	case NHS_EVENT_ACCEPTED:
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_REFUSED:
		nhs_refuse(n);
		break;
	case NHS_EVENT_HEARD:
		nhs_ask_again(n);
		break;
	case NHS_EVENT_PATH_BACK:
		nhs_enter(n, NHS_RETURNING);
		break;
	case NHS_EVENT_RELEASE:
		nhs_enter(n, NHS_STANDBY);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_GONE:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_PATH_LOST:
	case NHS_EVENT_TAKE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_refused(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
		nhs_enter_if_addressed(n, NHS_REGISTERING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		nhs_miss_refusal(n);
		break;
	case NHS_EVENT_ACCEPTED:
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_REFUSED:
		nhs_refuse(n);
		break;
	case NHS_EVENT_HEARD: /* its refusals, for one */
		break;
	case NHS_EVENT_PATH_BACK:
		nhs_enter(n, NHS_RETURNING);
		break;
	case NHS_EVENT_PATH_LOST:
		nhs_lose_path(n);
		break;
	case NHS_EVENT_RELEASE:
		nhs_enter(n, NHS_STANDBY);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_GONE:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_TAKE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_returning(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_READY:
	case NHS_EVENT_TIMER:
	case NHS_EVENT_HEARD:
		nhs_enter_if_addressed(n, NHS_REGISTERING);
		break;
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_ACCEPTED:
		nhs_enter(n, NHS_UP);
		break;
	case NHS_EVENT_REFUSED:
		nhs_refuse(n);
		break;
	case NHS_EVENT_PATH_LOST:
		nhs_lose_path(n);
		break;
	case NHS_EVENT_RELEASE:
		nhs_enter(n, NHS_STANDBY);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_GONE:
	case NHS_EVENT_PURGED:
	case NHS_EVENT_PATH_BACK:
	case NHS_EVENT_TAKE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_releasing(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_UNREADY:
		nhs_enter(n, NHS_WAITING);
		break;
	case NHS_EVENT_TIMER:
		if (!nhs_farewell_again(n))
			nhs_enter(n, NHS_STANDBY);
		break;
	case NHS_EVENT_PURGED:
		nhs_enter(n, NHS_STANDBY);
		break;
	case NHS_EVENT_GONE:
	case NHS_EVENT_PATH_LOST:
		nhs_doubt(n);
		nhs_enter(n, NHS_STANDBY);
		break;
	case NHS_EVENT_TAKE:
		nhs_enter(n, NHS_REGISTERING);
		break;
	case NHS_EVENT_LEAVE:
		nhs_enter(n, NHS_LEAVING);
		break;
	case NHS_EVENT_READY:
	case NHS_EVENT_ACCEPTED:
	case NHS_EVENT_REFUSED:
	case NHS_EVENT_HEARD:
	case NHS_EVENT_PATH_BACK:
	case NHS_EVENT_RELEASE:
	case NHS_EVENT_COUNT:
		break;
	}
}

static void nhs_in_leaving(struct nhs *n, enum nhs_event event)
{
	switch (event) {
	case NHS_EVENT_TIMER:
		nhs_farewell_again(n);
		break;
	case NHS_EVENT_PURGED:
	case NHS_EVENT_UNREADY:
		nhs_farewell_over(n);
		break;
	case NHS_EVENT_READY:
	case NHS_EVENT_ACCEPTED:
	case NHS_EVENT_REFUSED:
	case NHS_EVENT_HEARD:
	case NHS_EVENT_GONE:
	case NHS_EVENT_LEAVE:
	case NHS_EVENT_PATH_LOST:
	case NHS_EVENT_PATH_BACK:
	case NHS_EVENT_TAKE:
	case NHS_EVENT_RELEASE:
	case NHS_EVENT_COUNT:
		break;
	}
}

void nhs_step(struct nhs *n, enum nhs_event event)
{
	switch (n->state) {
	case NHS_WAITING:
		nhs_in_waiting(n, event);
		break;
	case NHS_STANDBY:
		nhs_in_standby(n, event);
		break;
	case NHS_REGISTERING:
		nhs_in_registering(n, event);
		break;
	case NHS_UP:
		nhs_in_up(n, event);
		break;
	case NHS_REFRESHING:
		nhs_in_refreshing(n, event);
		break;
	case NHS_DOWN:
		nhs_in_down(n, event);
		break;
	case NHS_REFUSED:
		nhs_in_refused(n, event);
		break;
	case NHS_RETURNING:
		nhs_in_returning(n, event);
		break;
	case NHS_RELEASING:
		nhs_in_releasing(n, event);
		break;
	case NHS_LEAVING:
		nhs_in_leaving(n, event);
		break;
	case NHS_STATE_COUNT:
		abort();
	}
}
