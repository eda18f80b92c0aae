#include "lab/fault.h"

#include <stdlib.h>
#include <string.h>

#include "control/client.h"
#include "lab/net.h"
#include "lab/net_fault.h"
#include "lab/overload.h"
#include "lab/programs.h"
#include "lab/run.h"
#include "lab/watch.h"

enum {
	OFF_MS = 2000,        /* a reboot's time without power */
	REBIND_MS = 500,      /* between two changes of a NAT box's mappings */
	FLAP_DOWN_MS = 500,   /* longer than fast detection takes, shorter than routing timers … */
	FLAP_UP_MS = 500,     /* … and up again for as long */
	TURN_MS = 5000,       /* one after the other: the first stays broken that long … */
	TURN_BACK_S = 20,     /* … and its router has that long to come back … */
	TURN_STILL_MS = 3000, /* … and a while to carry traffic again */
	TUNNELS_BACK_MS = 5000,
	ANSWER_TIMEOUT_MS = 1000,
};

static void note(const struct lab *lab, struct fault_marks *m, const struct fault_part *f, bool heal, const char *what)
{
	struct fault_mark *k;

	if (!m || m->count == FAULT_MARKS_MAX)
		return;
	k = &m->marks[m->count++];
	*k = (struct fault_mark){ .ns = lab_now_ns(), .heal = heal };
	snprintf(k->text, sizeof(k->text), "%.20s: %.40s", lab->plan->routers[f->router].name, what);
}

static void kill_programs(const struct lab *lab, const struct fault_part *f)
{
	pid_t pids[LAB_PROGRAMS_PIDS];
	size_t count = programs_pids(lab, f->router, f->program[0] ? f->program : NULL, pids);

	process_kill(pids, count);
}

static int set_link(struct lab *lab, const struct fault_part *f, bool up, char *error, size_t size)
{
	const struct lab_segment *s = f->kind == FAULT_INSIDE ? lab_plan_inside(lab->plan, f->router) :
				      f->interface[0] ? lab_plan_way_out_by(lab->plan, f->router, f->interface) :
							lab_plan_uplink(lab->plan, f->router);

	if (!s || net_port_set(lab, f->router, s, f->kind == FAULT_UPLINK_FAR, up) < 0) {
		snprintf(error, size, "%s: cannot set the link", lab->plan->routers[f->router].name);
		return 2;
	}
	return 0;
}

static int power_off(struct lab *lab, const struct fault_part *f)
{
	overload_end(lab, f->router);
	kill_programs(lab, &(struct fault_part){ .router = f->router });
	net_router_off(lab, f->router);
	return 0;
}

static int power_on(struct lab *lab, const struct fault_part *f, char *error, size_t size)
{
	int r = net_router_on(lab, f->router, error, size);

	return r ? r : programs_start(lab, f->router, error, size);
}

static int reboot(struct lab *lab, const struct fault_part *f, struct fault_marks *m, char *error, size_t size)
{
	note(lab, m, f, false, "power off");
	power_off(lab, f);
	if (!lab_pause_ms(OFF_MS))
		return 0;
	note(lab, m, f, true, "power on");
	return power_on(lab, f, error, size);
}

static int flap(struct lab *lab, const struct fault_part *f, struct fault_marks *m, char *error, size_t size)
{
	int r = 0;

	for (unsigned i = 0; i < f->amount && r == 0 && !lab_interrupted; i++) {
		note(lab, m, f, false, "uplink down");
		r = set_link(lab, f, false, error, size);
		lab_pause_ms(FLAP_DOWN_MS);
		note(lab, m, f, true, "uplink up");
		if (r == 0)
			r = set_link(lab, f, true, error, size);
		lab_pause_ms(FLAP_UP_MS);
	}
	return r;
}

static int rebind(struct lab *lab, const struct fault_part *f, struct fault_marks *m, char *error, size_t size)
{
	int r = 0;

	for (unsigned i = 0; i < f->amount && r == 0 && !lab_interrupted; i++) {
		if (i > 0)
			lab_pause_ms(REBIND_MS);
		note(lab, m, f, false, "other ports at its NAT box");
		r = net_fault_rebind(lab, f->router, error, size);
	}
	return r;
}

/* What is inside ESP is lost by the router's own control process; the rest in the network. */
static int drop_nhrp(const struct lab *lab, const struct fault_part *f, bool on, char *error, size_t size)
{
	static const char *const ways[] = { "none", "in", "out", "both" };
	char path[PATH_MAX], request[32], *body = NULL;
	size_t length;
	int r;

	if (!programs_is_protected(lab, f->router))
		return net_fault_drop(lab, f, on, error, size);
	programs_socket(lab, f->router, path);
	snprintf(request, sizeof(request), "drop-nhrp %s", ways[on ? f->way : 0]);
	r = control_request(path, request, ANSWER_TIMEOUT_MS, &body, &length);
	/* A control process that was started anew meanwhile drops nothing. */
	if (r != 0 && on)
		snprintf(error, size, "%s: %.200s", lab->plan->routers[f->router].name, body ? body : "dmvpnd does not answer");
	free(body);
	return on ? r : 0;
}

static int drop(const struct lab *lab, const struct fault_part *f, bool on, char *error, size_t size)
{
	return f->kind == FAULT_BLACKHOLE && f->packets == FAULT_NHRP ? drop_nhrp(lab, f, on, error, size) :
									net_fault_drop(lab, f, on, error, size);
}

static int inject_part(struct lab *lab, const struct fault_part *f, struct fault_marks *m, char *error, size_t size)
{
	char text[64];

	switch (f->kind) {
	case FAULT_KILL:
		snprintf(text, sizeof(text), "kill %s", f->program[0] ? f->program : "all programs");
		note(lab, m, f, false, text);
		kill_programs(lab, f);
		return 0;
	case FAULT_POWEROFF:
		note(lab, m, f, false, "power off");
		return power_off(lab, f);
	case FAULT_REBOOT:
		return reboot(lab, f, m, error, size);
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR:
		note(lab, m, f, false, f->kind == FAULT_UPLINK ? "uplink down" : "uplink down at its far end");
		return set_link(lab, f, false, error, size);
	case FAULT_INSIDE:
		note(lab, m, f, false, "inside link down");
		return set_link(lab, f, false, error, size);
	case FAULT_FLAP:
		return flap(lab, f, m, error, size);
	case FAULT_BLACKHOLE:
		note(lab, m, f, false, "black hole");
		return drop(lab, f, true, error, size);
	case FAULT_LOSS:
		snprintf(text, sizeof(text), "%u %% loss", f->amount);
		note(lab, m, f, false, text);
		return drop(lab, f, true, error, size);
	case FAULT_TUNNEL:
		note(lab, m, f, false, "tunnel devices deleted");
		return net_fault_tunnels_delete(lab, f->router, error, size);
	case FAULT_OVERLOAD:
		snprintf(text, sizeof(text), "%u %% of the time stolen", f->amount);
		note(lab, m, f, false, text);
		return overload_begin(lab, f->router, f->amount, error, size);
	case FAULT_DIRECT:
		snprintf(text, sizeof(text), "no path to %.24s", lab->plan->routers[f->peer].name);
		note(lab, m, f, false, text);
		return drop(lab, f, true, error, size);
	case FAULT_REBIND:
		return rebind(lab, f, m, error, size);
	case FAULT_ADDRESS:
		note(lab, m, f, false, "another address");
		return net_fault_address(lab, f->router, true, error, size);
	}
	return 2;
}

/* The daemon has a while to make them again by itself. */
static int tunnels_back(struct lab *lab, const struct fault_part *f, struct fault_marks *m, char *error, size_t size)
{
	pid_t pids[LAB_PROGRAMS_PIDS];

	for (int64_t end = lab_now_ns() + TUNNELS_BACK_MS * 1000000LL; lab_now_ns() < end; lab_pause_ms(50))
		if (net_fault_tunnels_there(lab, f->router) || lab_interrupted)
			return 0;
	note(lab, m, f, true, "dmvpnd started anew");
	process_kill(pids, programs_pids(lab, f->router, "dmvpnd", pids));
	return programs_start(lab, f->router, error, size);
}

/* The keeper restarts its children by itself; everything else is started again here. */
static int heal_part(struct lab *lab, const struct fault_part *f, struct fault_marks *m, char *error, size_t size)
{
	switch (f->kind) {
	case FAULT_KILL:
		note(lab, m, f, true, "programs started");
		return programs_start(lab, f->router, error, size);
	case FAULT_POWEROFF:
		note(lab, m, f, true, "power on");
		return power_on(lab, f, error, size);
	case FAULT_UPLINK:
	case FAULT_UPLINK_FAR:
	case FAULT_INSIDE:
		note(lab, m, f, true, "link up");
		return set_link(lab, f, true, error, size);
	case FAULT_BLACKHOLE:
	case FAULT_LOSS:
	case FAULT_DIRECT:
		note(lab, m, f, true, "packets pass again");
		return drop(lab, f, false, error, size);
	case FAULT_TUNNEL:
		return tunnels_back(lab, f, m, error, size);
	case FAULT_OVERLOAD:
		note(lab, m, f, true, "nothing stolen any more");
		overload_end(lab, f->router);
		return 0;
	case FAULT_ADDRESS:
		note(lab, m, f, true, "its own address again");
		return net_fault_address(lab, f->router, false, error, size);
	case FAULT_REBOOT:
	case FAULT_FLAP:
	case FAULT_REBIND:
		return 0; /* over already */
	}
	return 2;
}

/* Mended, and its router back among the others. */
static int finish_turn(struct lab *lab, const struct fault_part *f, struct fault_marks *m, char *error, size_t size)
{
	int64_t end = lab_now_ns() + TURN_BACK_S * 1000000000LL;
	size_t expected, up;
	int r;

	lab_pause_ms(TURN_MS);
	r = lab_interrupted ? 0 : heal_part(lab, f, m, error, size);
	while (r == 0 && !lab_interrupted && lab_now_ns() < end) {
		watch_registrations(lab, &expected, &up);
		if (up >= expected && watch_routes_complete(lab))
			break;
		lab_pause_ms(100);
	}
	lab_pause_ms(TURN_STILL_MS);
	return r;
}

int fault_inject(struct lab *lab, const struct fault *f, struct fault_marks *marks, char *error, size_t size)
{
	int r = 0;

	for (size_t i = 0; i < f->part_count && r == 0 && !lab_interrupted; i++) {
		r = inject_part(lab, &f->parts[i], marks, error, size);
		if (r == 0 && f->in_turn && i + 1 < f->part_count && !lab_interrupted)
			r = finish_turn(lab, &f->parts[i], marks, error, size);
	}
	return r;
}

int fault_heal(struct lab *lab, const struct fault *f, struct fault_marks *marks, char *error, size_t size)
{
	int r = 0;

	/* The last first: a dead router's uplink is there before its programs look for it. */
	for (size_t i = f->part_count; i-- > 0 && r == 0;)
		if (!f->in_turn || i + 1 == f->part_count)
			r = heal_part(lab, &f->parts[i], marks, error, size);
	return r;
}
