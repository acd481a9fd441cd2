// SPDX-License-Identifier: GPL-2.0
/*
 * What a program that polls costs: no system call, and one doorbell for each
 * batch. A seccomp filter that kills is the counter that cannot be fooled.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>

#include "process.h"
#include "small.h"

enum { DEPTH = 64, WARM_UP = 200 };

/* Said to the kernel around the measured part, to be found in a trace. */
#define MARK_PID	24301
#define MARK_TEXT	"kill(24301,"

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Requests name their memory by a pointer only, which is not registered. */
static bool pointers;

/* The short form has fewer where each has its own doorbell: they are slow. */
static unsigned int requests(unsigned int batch, bool by_pointers)
{
	if (stack_long())
		return 1000000;
	return by_pointers ? 200000 : batch > 1 ? 1000000 : 100000;
}

/* Keeps @batch requests or more in flight, polls. False if one went wrong. */
static bool poll_requests(struct hisiacc_queue *queue, unsigned int total,
			  unsigned int batch)
{
	unsigned int prepared = 0, taken = 0, i;
	struct hisiacc_completion done[32];
	struct hisiacc_zip_req req;
	int n;

	while (taken < total) {
		while (prepared < total &&
		       hisiacc_queue_room(queue) >= batch) {
			for (i = 0; i < batch; i++) {
				req = small_req(prepared % DEPTH);
				if (pointers)
					req.src_mem = req.dst_mem = NULL;
				if (hisiacc_zip_prep(queue, &req, prepared++))
					return false;
			}
			if (hisiacc_queue_submit(queue) != (int)batch)
				return false;
		}
		n = hisiacc_queue_peek(queue, done, 32);
		if (n < 0)
			return false;
		for (i = 0; i < (unsigned int)n; i++)
			if (done[i].status || done[i].user_data != taken++)
				return false;
	}
	return true;
}

/* Whatever is called from now on but exit_group() kills. */
static void forbid_system_calls(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
			 offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	struct sock_fprog prog = { ARRAY_SIZE(code), code };

	child_check(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	child_check(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

/* A child's own device; it cannot use Check. */
static void child_open(uint32_t flags)
{
	struct hisiacc_queue_attr attr = { .size = sizeof(attr),
					   .flags = flags, .depth = DEPTH };

	child_check(!hisiacc_open_engine(HISIACC_ENGINE_ZIP, &stack.ctx));
	child_check(!hisiacc_queue_alloc(stack.ctx, &attr, &stack.comp));
	if (pointers) {
		stack.buf = malloc(65536);
		stack.size = 65536;
	} else {
		child_check(!hisiacc_mem_alloc(stack.ctx, 65536, 0,
					       &stack.mem));
		stack.buf = hisiacc_mem_addr(stack.mem);
		stack.size = hisiacc_mem_size(stack.mem);
	}
	small_init(DEPTH);
	child_check(poll_requests(stack.comp, WARM_UP, 1));
}

struct poller {
	unsigned int total;
	unsigned int batch;
	uint32_t flags;
	bool pointers;
};

static int poll_without_system_calls(void *arg)
{
	const struct poller *poller = arg;

	pointers = poller->pointers;
	child_open(poller->flags);
	forbid_system_calls();
	return !poll_requests(stack.comp, poller->total, poller->batch);
}

static int call_the_kernel(void *arg)
{
	(void)arg;
	forbid_system_calls();
	syscall(SYS_getppid);
	return 0;
}

START_TEST(the_filter_kills)
{
	struct poller by_call = { 1, 1, HISIACC_QUEUE_NO_DOORBELL_MAP, false };

	ck_assert_int_eq(child_run(call_the_kernel, NULL), -SIGSYS);
	/* ringing by system call is noticed, so the next test can fail */
	ck_assert_int_eq(child_run(poll_without_system_calls, &by_call),
			 -SIGSYS);
}
END_TEST

START_TEST(polling_makes_no_system_call)
{
	unsigned int batch = _i ? 32 : 1;
	struct poller poller = { requests(batch, _i == 2), batch, 0,
				 _i == 2 };
	double start = now();

	ck_assert_int_eq(child_run(poll_without_system_calls, &poller), 0);
	printf("system calls: 0 for %u requests in batches of %u, memory %s, "
	       "%.0f requests/s, emulated\n", poller.total, poller.batch,
	       poller.pointers ? "by pointers" : "registered", poller.total / (now() - start));
}
END_TEST

/* ---- The same, seen by strace ---- */

static int poll_between_marks(void)
{
	child_open(0);
	kill(MARK_PID, 0);
	child_check(poll_requests(stack.comp, 2000, 8));
	kill(MARK_PID, 0);
	return 0;
}

START_TEST(strace_sees_no_system_call)
{
	char command[512], line[512];
	int marks = 0, between = 0;
	FILE *trace;

	if (system("command -v strace >/dev/null"))
		skip("there is no strace");
	snprintf(command, sizeof(command),
		 "STACK_POLL=1 strace -f -o /tmp/stack.trace /proc/%d/exe",
		 getpid());
	ck_assert_int_eq(system(command), 0);
	trace = fopen("/tmp/stack.trace", "r");
	ck_assert_ptr_nonnull(trace);
	while (fgets(line, sizeof(line), trace)) {
		if (strstr(line, MARK_TEXT))
			marks++;
		else if (marks == 1)
			between++;
	}
	fclose(trace);
	ck_assert_int_eq(marks, 2);
	ck_assert_int_eq(between, 0);
}
END_TEST

/* ---- Doorbells ---- */

static void check_doorbells(unsigned int batch)
{
	unsigned int total = 32 * 200;
	uint64_t sq = monitor_count(MONITOR_SQ_DOORBELLS);
	uint64_t cq = monitor_count(MONITOR_CQ_DOORBELLS);
	struct hisiacc_queue_stats stats = { .size = sizeof(stats) };

	ck_assert(poll_requests(stack.comp, total, batch));
	sq = monitor_count(MONITOR_SQ_DOORBELLS) - sq;
	cq = monitor_count(MONITOR_CQ_DOORBELLS) - cq;
	ck_assert_uint_eq(sq, total / batch);
	/* it need not hear of each one that was taken */
	ck_assert_uint_le(cq, total / (DEPTH / 4));
	ck_assert_int_eq(hisiacc_queue_stats(stack.comp, &stats), 0);
	ck_assert_uint_eq(stats.sq_doorbells, sq);
	ck_assert_uint_eq(stats.cq_doorbells, cq);
	printf("doorbells per request: batch %u: %.4f, and %.4f to give back "
	       "completion slots (emulated counts)\n", batch,
	       (double)sq / total, (double)cq / total);
}

START_TEST(one_doorbell_for_each_batch)
{
	stack_open(1u << 20, DEPTH);
	small_init(DEPTH);
	check_doorbells(_i ? 32 : 1);
	stack_close();
}
END_TEST

static void add(void)
{
	test_set_timeout(900);
	test_add(the_filter_kills);
	test_add_loop(polling_makes_no_system_call, 0, 3);
	test_add(strace_sees_no_system_call);
	test_add_loop(one_doorbell_for_each_batch, 0, 2);
}

int main(int argc, char **argv)
{
	if (getenv("STACK_POLL"))
		return poll_between_marks();
	return test_main(argc, argv, add, NULL, NULL);
}
