#include "esp/sa.h"

static bool reached(const struct esp_life *life, const struct esp_sa *sa, struct instant now)
{
	return sa->packets >= life->packets || sa->bytes >= life->bytes || now.us >= life->deadline_us;
}

enum esp_limit esp_sa_limit(const struct esp_sa *sa, struct instant now)
{
	if (reached(&sa->hard, sa, now))
		return ESP_LIMIT_HARD;
	return reached(&sa->soft, sa, now) ? ESP_LIMIT_SOFT : ESP_LIMIT_NONE;
}
