#include "lab/probe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lab/memory.h"
#include "lab/run.h"

#define TRACE_WAIT_NS 20000000000LL /* half a second of it is listening, the rest a slow machine's */

static struct lab_address address_of(const struct lab_host *h, uint32_t family)
{
	return family == IP_V4 ? h->v4 : h->v6;
}

static bool both_have(const struct lab_plan *plan, size_t a, size_t b, uint32_t family)
{
	struct lab_address x = address_of(&plan->hosts[a], family), y = address_of(&plan->hosts[b], family);

	return a != b && !ipaddr_is_none(&x.addr) && !ipaddr_is_none(&y.addr);
}

static void set_address(struct probe_pair *p, const struct ipaddr *a)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(PROBE_PORT) };

	p->address = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(PROBE_PORT) };
	if (a->family == IP_V6) {
		memcpy(&p->address.sin6_addr, a->bytes, 16);
		return;
	}
	memcpy(&v4.sin_addr, a->bytes, 4);
	memset(&p->address, 0, sizeof(p->address));
	memcpy(&p->address, &v4, sizeof(v4));
}

static const uint32_t families[] = { IP_V4, IP_V6 };

/* Counts the pairs, or (with out) writes them. */
static uint32_t list_pairs(const struct lab_plan *plan, struct probe_pair *out)
{
	uint32_t count = 0;

	for (size_t f = 0; f < 2; f++)
		for (size_t a = 0; a < plan->host_count; a++)
			for (size_t b = 0; b < plan->host_count; b++) {
				struct lab_address to = address_of(&plan->hosts[b], families[f]);

				if (!both_have(plan, a, b, families[f]))
					continue;
				if (out) {
					out[count].from = (uint32_t)a;
					out[count].to = (uint32_t)b;
					out[count].family = families[f];
					set_address(&out[count], &to.addr);
				}
				count++;
			}
	return count;
}

static size_t slots_needed(uint32_t pairs, int window_s)
{
	size_t fast = (size_t)PROBE_FAST_MAX * (size_t)window_s * (1000 / PROBE_MIN_MS);

	return fast + (size_t)pairs * (size_t)window_s * (1000000 / PROBE_SLOW_US);
}

static struct probe_shared *map_shared(const struct lab_plan *plan, int window_s, size_t *bytes)
{
	uint32_t pairs = list_pairs(plan, NULL);
	size_t slots = slots_needed(pairs, window_s);
	size_t head = (sizeof(struct probe_shared) + pairs * sizeof(struct probe_pair) + 63) & ~(size_t)63;
	struct probe_shared *s;

	*bytes = head + slots * (2 * sizeof(int64_t) + 1);
	s = mmap(NULL, *bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (s == MAP_FAILED)
		return NULL;
	s->pair_count = pairs;
	s->slots = slots;
	s->window_s = window_s;
	s->sent_ns = (int64_t *)((char *)s + head);
	s->received_ns = s->sent_ns + slots;
	s->hops = (uint8_t *)(s->received_ns + slots);
	list_pairs(plan, s->pairs);
	return s;
}

static pid_t start_agent(const struct lab *lab, struct probe_shared *s, size_t host)
{
	char netns[128];
	pid_t runner = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	signal(SIGINT, SIG_IGN); /* the runner ends it */
	signal(SIGTERM, SIG_DFL);
	signal(SIGCHLD, SIG_IGN);
	lab_netns(lab, NODE_HOST, host, netns);
	if (netns_enter(netns) < 0)
		_exit(1);
	probe_agent(s, (uint32_t)host, runner);
}

int probes_start(const struct lab *lab, struct probes *p, int window_s, char *error, size_t size)
{
	*p = (struct probes){ 0 };
	p->shared = map_shared(lab->plan, window_s, &p->bytes);
	if (!p->shared) {
		snprintf(error, size, "no memory for the probes: %s", strerror(errno));
		return 2;
	}
	p->agents = lab_calloc(lab->plan->host_count, sizeof(*p->agents));
	for (size_t i = 0; i < lab->plan->host_count; i++) {
		pid_t pid = start_agent(lab, p->shared, i);

		if (pid < 0) {
			snprintf(error, size, "cannot start a probe agent: %s", strerror(errno));
			return 2;
		}
		p->agents[p->agent_count++] = pid;
	}
	for (int64_t end = lab_now_ns() + 5000000000LL; atomic_load(&p->shared->ready) < p->agent_count;)
		if (lab_now_ns() > end || !lab_pause_ms(5)) {
			snprintf(error, size, "probe agents do not start");
			return 2;
		}
	return 0;
}

void probes_stop(struct probes *p)
{
	process_kill(p->agents, p->agent_count);
	if (p->shared)
		munmap(p->shared, p->bytes);
	free(p->agents);
	*p = (struct probes){ 0 };
}

void probes_all_slow(struct probes *p, uint32_t limit_us)
{
	uint32_t bounded = (uint32_t)(p->shared->pair_count * 1000000ull / PROBE_RATE_MAX);

	for (uint32_t i = 0; i < p->shared->pair_count; i++)
		p->shared->pairs[i].interval_us = bounded > limit_us ? bounded : limit_us;
}

void probes_begin(struct probes *p)
{
	static uint32_t window;
	struct probe_shared *s = p->shared;
	size_t offset = 0;

	probes_end(p);
	for (uint32_t i = 0; i < s->pair_count; i++) {
		struct probe_pair *k = &s->pairs[i];
		size_t wanted = k->interval_us ? (size_t)s->window_s * 1000000u / k->interval_us : 0;

		if (wanted > s->slots - offset)
			wanted = s->slots - offset;
		k->offset = offset;
		k->capacity = (uint32_t)wanted;
		atomic_store(&k->sent, 0);
		atomic_store(&k->duplicates, 0);
		atomic_store(&k->late, 0);
		atomic_store(&k->last_received_ns, 0);
		offset += wanted;
	}
	memset(s->sent_ns, 0, offset * sizeof(int64_t));
	memset(s->received_ns, 0, offset * sizeof(int64_t));
	atomic_store(&s->window, ++window);
}

void probes_end(struct probes *p)
{
	atomic_store(&p->shared->window, 0);
	/* Agents look up at least every 20 ms; nobody may write when the arrays are cleared. */
	lab_pause_ms(30);
}

bool probes_heard(const struct probes *p, size_t pair, int64_t since_ns)
{
	return atomic_load(&p->shared->pairs[pair].last_received_ns) >= since_ns;
}

bool probes_trace(struct probes *p)
{
	struct probe_shared *s = p->shared;

	for (uint32_t i = 0; i < s->pair_count; i++) {
		atomic_store(&s->pairs[i].path.reached, 0);
		memset(s->pairs[i].path.hops, 0, sizeof(s->pairs[i].path.hops));
	}
	atomic_store(&s->traced, 0);
	atomic_fetch_add(&s->trace, 1);
	for (int64_t end = lab_now_ns() + TRACE_WAIT_NS; atomic_load(&s->traced) < p->agent_count;)
		if (lab_now_ns() > end || !lab_pause_ms(5))
			return false;
	return true;
}
