// SPDX-License-Identifier: MIT
/* Waiting for completions: deadlines, spinning, sleeping, events. */
#include <errno.h>
#include <poll.h>

#include "internal.h"
#include "ring.h"
#include "sys.h"

/* How long a wait spins: grows when that pays off, shrinks when it does not. */
#define SPIN_MIN_NS	1000u
#define SPIN_MAX_NS	32000u
#define SPIN_START_NS	8000u
#define SPIN_ROUNDS	32

/* Looks at the state this often where no descriptor tells of its changes. */
#define STATE_POLL_NS	20000000u

void hisiacc_queue_wait_init(struct hisiacc_queue *queue)
{
	queue->event_own = -1;
	queue->event_user = -1;
	queue->event_set = -1;
	queue->spin_ns = SPIN_START_NS;
}

void hisiacc_queue_wait_fini(struct hisiacc_queue *queue)
{
	if (queue->event_own >= 0)
		hisiacc_sys_close(queue->event_own);
}

uint64_t hisiacc_deadline(uint64_t from_now_ns)
{
	uint64_t now = hisiacc_sys_now();

	return from_now_ns > UINT64_MAX - now ? HISIACC_NO_DEADLINE :
	       now + from_now_ns;
}

bool hisiacc_deadline_passed(uint64_t deadline_ns)
{
	return deadline_ns != HISIACC_NO_DEADLINE &&
	       hisiacc_sys_now() >= deadline_ns;
}

/* Spins until there is something to peek, or for long enough. */
static bool spin(struct hisiacc_queue *queue, uint64_t deadline_ns)
{
	uint64_t now = hisiacc_sys_now();
	uint64_t end = now + queue->spin_ns;
	int i;

	if (end > deadline_ns)
		end = deadline_ns;
	while (now < end) {
		for (i = 0; i < SPIN_ROUNDS; i++) {
			if (hisiacc_ring_ready(queue) ||
			    hisiacc_queue_check(queue)) {
				queue->spin_ns += queue->spin_ns / 4;
				if (queue->spin_ns > SPIN_MAX_NS)
					queue->spin_ns = SPIN_MAX_NS;
				return true;
			}
			hisiacc_cpu_relax();
		}
		now = hisiacc_sys_now();
	}
	queue->spin_ns /= 2;
	if (queue->spin_ns < SPIN_MIN_NS)
		queue->spin_ns = SPIN_MIN_NS;
	return false;
}

static int set_event(struct hisiacc_queue *queue, int fd)
{
	struct hisi_acc_queue_event arg = {
		.argsz = sizeof(arg),
		.handle = queue->handle,
		.event_fd = fd,
	};
	int err;

	if (fd == queue->event_set)
		return 0;
	err = hisiacc_sys_ioctl(queue->ctx->fd, HISI_ACC_QUEUE_EVENT, &arg);
	if (!err)
		queue->event_set = fd;
	return err;
}

/*
 * Has the kernel signal a descriptor that is the queue's alone, so that two
 * threads with a queue each never take the other's signal.
 */
static int use_own_event(struct hisiacc_queue *queue)
{
	if (queue->event_own < 0) {
		int fd = hisiacc_sys_eventfd();

		if (fd < 0)
			return fd;
		queue->event_own = fd;
	}
	return set_event(queue, queue->event_own);
}

/*
 * Sleeps until the event, a failure, a signal or the deadline. The context's
 * descriptor tells of failures, but of every queue's: if another one's keeps
 * it ready it is left out, and the sleep is bounded instead.
 */
static int sleep_on_event(struct hisiacc_queue *queue, uint64_t deadline_ns,
			  bool *skip_ctx)
{
	struct pollfd fds[] = {
		{ .fd = queue->event_own, .events = POLLIN },
		{ .fd = queue->ctx->fd },
	};
	uint64_t timeout = UINT64_MAX;
	uint64_t count;
	int n;

	if (deadline_ns != HISIACC_NO_DEADLINE) {
		uint64_t now = hisiacc_sys_now();

		if (now >= deadline_ns)
			return -ETIME;
		timeout = deadline_ns - now;
	}
	if (*skip_ctx && timeout > STATE_POLL_NS)
		timeout = STATE_POLL_NS;
	queue->sleeps++;
	n = hisiacc_sys_poll(fds, *skip_ctx ? 1 : 2, timeout);
	if (n < 0)
		return n == -EINTR ? 0 : n;
	if (fds[0].revents)
		(void)hisiacc_sys_read(queue->event_own, &count, sizeof(count));
	else if (n > 0 && !*skip_ctx && fds[1].revents)
		*skip_ctx = true;
	return 0;
}

int hisiacc_queue_wait(struct hisiacc_queue *queue,
		       struct hisiacc_completion *out, unsigned int count,
		       uint64_t deadline_ns)
{
	bool skip_ctx = false;
	int n;

	if (!count)
		return -EINVAL;
	n = hisiacc_queue_peek(queue, out, count);
	if (n || queue->head == queue->published)
		return n;
	if (hisiacc_deadline_passed(deadline_ns))
		return -ETIME;
	if (spin(queue, deadline_ns))
		return hisiacc_queue_peek(queue, out, count);
	n = use_own_event(queue);
	if (n)
		return n;
	for (;;) {
		/* Arm, look, sleep: what comes after the look is signalled. */
		n = hisiacc_ring_ack(queue, HISI_QM_DB_ARM);
		if (n && !hisiacc_queue_check(queue))
			return n;
		n = hisiacc_queue_peek(queue, out, count);
		if (n)
			return n;
		n = sleep_on_event(queue, deadline_ns, &skip_ctx);
		if (n)
			return n;
	}
}

int hisiacc_queue_set_event(struct hisiacc_queue *queue, int fd)
{
	int err;

	if (fd < -1)
		return -EBADF;
	/* The number may name another file by now, so the kernel is told anew. */
	queue->event_set = -2;
	err = set_event(queue, fd);
	if (!err)
		queue->event_user = fd;
	return err;
}

int hisiacc_queue_arm(struct hisiacc_queue *queue)
{
	int err = hisiacc_queue_check(queue);

	if (!err)
		err = set_event(queue, queue->event_user);
	if (!err)
		err = hisiacc_ring_ack(queue, HISI_QM_DB_ARM);
	if (queue->saved_count || hisiacc_ring_ready(queue))
		return 1;
	return err;
}
