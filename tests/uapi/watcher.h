/* SPDX-License-Identifier: GPL-2.0 */
/* Watched registrations, and what the status page says of them. */
#ifndef TESTS_UAPI_WATCHER_H
#define TESTS_UAPI_WATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ioctls.h"

/* A context of the test's. */
struct watcher {
	int fd;
	uint32_t mems;		/* handles are not greater */
	const volatile struct hisi_acc_status *status;
	const volatile uint32_t *stale;
};

void watcher_init(struct watcher *w);
/* The same for a context that is there. */
void watcher_init_for(struct watcher *w, int fd);
bool can_watch(const struct watcher *w);
/* One for the test, if the module watches. */
#define watch_or_skip(w)						\
	do {								\
		watcher_init(w);					\
		if (!can_watch(w))					\
			skip("the module does not watch");		\
	} while (0)

/* Registers; ends the test where that fails. */
uint32_t watch(const struct watcher *w, uint32_t flags, void *data, size_t size);
bool is_stale(const struct watcher *w, uint32_t handle);
uint32_t count_stale(const struct watcher *w);
uint32_t generation(const struct watcher *w);

#endif /* TESTS_UAPI_WATCHER_H */
