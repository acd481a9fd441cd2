// SPDX-License-Identifier: GPL-2.0
/* Memory modes: which is granted, what it does to memory, which pointers it takes. */
#include "test.h"

#define SVA	HISIACC_MODE_SVA
#define PASID	HISIACC_MODE_PASID
#define DMA	HISIACC_MODE_DMA
#define ALL	(SVA | PASID | DMA)

#define LEN	50000u
#define ROOM	100000u

static const uint32_t modes[] = { SVA, PASID, DMA };

static struct hisiacc_ctx *ctx;
static struct hisiacc_queue *queue;
static struct hisiacc_mem *mem;
static uint8_t *src, *dst, *back;

static void setup(void)
{
	fake_reset();
	fake.modes = ALL;
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	queue = NULL;
	mem = NULL;
	src = malloc(LEN);
	dst = malloc(ROOM);
	back = malloc(LEN);
	fill_text(src, LEN);
}

static void teardown(void)
{
	hisiacc_mem_free(mem);
	hisiacc_queue_free(queue);
	hisiacc_close(ctx);
	fake_check_empty();
	free(src);
	free(dst);
	free(back);
}

static int take_queue(uint32_t type, uint32_t wanted)
{
	struct hisiacc_queue_attr attr = {
		.size = sizeof(attr), .type = type, .modes = wanted,
	};

	return hisiacc_queue_alloc(ctx, &attr, &queue);
}

static void drop_queue(void)
{
	hisiacc_queue_free(queue);
	queue = NULL;
}

static void drop_mem(void)
{
	hisiacc_mem_free(mem);
	mem = NULL;
}

static struct hisiacc_queue_info info(void)
{
	struct hisiacc_queue_info info = { .size = sizeof(info) };

	ck_assert_int_eq(hisiacc_queue_info(queue, &info), 0);
	return info;
}

static unsigned int calls(unsigned int request)
{
	return fake.calls[request & 0x3f];
}

/* ---- Which mode ---- */

START_TEST(the_best_of_the_acceptable_modes_is_granted)
{
	static const struct {
		uint32_t machine, accepted, wanted, mode, reason;
	} cases[] = {
		{ ALL, 0, 0, SVA, 0 },
		{ ALL, ALL, PASID | DMA, PASID, 0 },
		{ ALL, PASID | DMA, 0, PASID, 0 },
		{ ALL, PASID | DMA, DMA, DMA, 0 },
		{ ALL, DMA, 0, DMA, 0 },
		{ PASID | DMA, 0, 0, PASID, HISIACC_REASON_NO_FAULTS },
		{ PASID | DMA, SVA | DMA, 0, DMA, HISIACC_REASON_NO_FAULTS },
		{ DMA, 0, 0, DMA, HISIACC_REASON_NO_FAULTS },
		{ DMA, PASID | DMA, 0, DMA, HISIACC_REASON_KERNEL_OLD },
		{ DMA, 0, PASID | DMA, DMA, HISIACC_REASON_KERNEL_OLD },
	};

	fake.modes = cases[_i].machine;
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, cases[_i].accepted), 0);
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, cases[_i].wanted),
			 0);
	ck_assert_uint_eq(info().mode, cases[_i].mode);
	ck_assert_uint_eq(info().reason, cases[_i].reason);
	ck_assert_uint_eq(info().pasid, cases[_i].mode == DMA ? 0 : FAKE_PASID);
}
END_TEST

START_TEST(modes_that_the_context_does_not_accept_are_refused)
{
	static const struct {
		uint32_t accepted, wanted;
		int err;
	} cases[] = {
		{ DMA, SVA, -EINVAL },
		{ DMA, SVA | DMA, -EINVAL },
		{ SVA | PASID, ALL, -EINVAL },
		{ SVA | PASID, 8, -EOPNOTSUPP },
		{ SVA | PASID, 8 | DMA, -EOPNOTSUPP },
		{ SVA | PASID, 1u << 31, -EOPNOTSUPP },
	};

	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, cases[_i].accepted), 0);
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, cases[_i].wanted),
			 cases[_i].err);
	ck_assert_ptr_null(queue);
	ck_assert_uint_eq(calls(HISI_ACC_QUEUE_ALLOC), 0);
	/* Nothing was left behind that would keep the modes as they are. */
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, 0), 0);
}
END_TEST

START_TEST(registrations_ask_for_the_contexts_modes)
{
	fake.modes = modes[_i];
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, ALL & ~modes[_i]), 0);
	ck_assert_int_eq(hisiacc_mem_register(ctx, src, LEN, 0, &mem),
			 -EOPNOTSUPP);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, LEN, 0, &mem), -EOPNOTSUPP);
	ck_assert_ptr_null(mem);
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, modes[_i]), 0);
	ck_assert_int_eq(hisiacc_mem_register(ctx, src, LEN, 0, &mem), 0);
	ck_assert_uint_eq(fake.mode, modes[_i]);
}
END_TEST

START_TEST(unknown_modes_are_refused)
{
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, DMA), 0);
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, 8), -EOPNOTSUPP);
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, ~0u), -EOPNOTSUPP);
	/* and the ones before still hold */
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, 0), 0);
	ck_assert_uint_eq(info().mode, DMA);
}
END_TEST

/* Objects that hold the modes: queue, registration, list, stream. */
static void *hold(int kind)
{
	struct hisiacc_zip_stream *stream;
	struct hisiacc_sgl *sgl;

	switch (kind) {
	case 0:
		return NULL;
	case 1:
		ck_assert_int_eq(hisiacc_mem_register(ctx, src, 1, 0, &mem), 0);
		return NULL;
	case 2:
		ck_assert_int_eq(hisiacc_sgl_alloc(queue, 1, &sgl), 0);
		return sgl;
	default:
		ck_assert_int_eq(hisiacc_zip_stream_alloc(queue,
							  HISIACC_ZIP_ZLIB,
							  &stream), 0);
		return stream;
	}
}

START_TEST(modes_stay_as_long_as_the_context_has_objects)
{
	void *object;

	if (_i != 1)
		ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, 0), 0);
	object = hold(_i);
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, DMA), -EBUSY);
	if (_i == 2)
		hisiacc_sgl_free(object);
	else if (_i == 3)
		hisiacc_zip_stream_free(object);
	if (_i > 1)
		ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, DMA), -EBUSY);
	drop_mem();
	drop_queue();
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, DMA), 0);
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, 0), 0);
	ck_assert_uint_eq(info().mode, DMA);
}
END_TEST

START_TEST(what_failed_holds_no_modes)
{
	static const int errors[] = { EBUSY, ENOSPC, ENOMEM, EIO };

	fake.fail_request = _i & 1 ? HISI_ACC_MEM_PIN : HISI_ACC_QUEUE_ALLOC;
	fake.fail_errno = errors[_i / 2];
	if (_i & 1)
		ck_assert_int_eq(hisiacc_mem_register(ctx, src, 1, 0, &mem),
				 -errors[_i / 2]);
	else
		ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, 0),
				 -errors[_i / 2]);
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, DMA), 0);
}
END_TEST

START_TEST(the_first_object_decides)
{
	/* A registration takes what is best; a queue that does not comes late. */
	ck_assert_int_eq(hisiacc_mem_register(ctx, src, LEN, 0, &mem), 0);
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, PASID | DMA), -EBUSY);
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, 0), 0);
	ck_assert_uint_eq(info().mode, SVA);
	drop_queue();
	drop_mem();
	/* The other way round the registration has the queue's mode. */
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, DMA), 0);
	ck_assert_int_eq(hisiacc_mem_register(ctx, src, LEN, 0, &mem), 0);
	ck_assert_uint_eq(fake.mode, DMA);
	ck_assert_uint_eq(fake.pinned, 1);
}
END_TEST

START_TEST(a_mode_that_is_taken_is_passed_over)
{
	static const struct {
		int sva, pasid, dma;
		int err;
		uint32_t mode, reason;
	} cases[] = {
		{ EBUSY, 0, 0, 0, PASID, HISIACC_REASON_BUSY },
		{ ENOSPC, 0, 0, 0, PASID, HISIACC_REASON_EXHAUSTED },
		{ ENOSPC, ENOSPC, 0, 0, DMA, HISIACC_REASON_EXHAUSTED },
		{ EBUSY, EBUSY, EBUSY, -EBUSY, 0, 0 },
		{ ENOSPC, ENOSPC, ENOSPC, -ENOSPC, 0, 0 },
	};

	fake.mode_errno[0] = cases[_i].sva;
	fake.mode_errno[1] = cases[_i].pasid;
	fake.mode_errno[2] = cases[_i].dma;
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, 0), cases[_i].err);
	if (!cases[_i].err) {
		ck_assert_uint_eq(info().mode, cases[_i].mode);
		ck_assert_uint_eq(info().reason, cases[_i].reason);
	}
}
END_TEST

START_TEST(a_mode_that_was_not_asked_for_is_nonsense)
{
	static const struct {
		uint32_t wanted, granted;
	} cases[] = {
		{ DMA, SVA }, { PASID | DMA, SVA }, { SVA, 8 }, { 0, SVA | DMA },
	};

	fake.mode_grant = cases[_i].granted;
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, cases[_i].wanted),
			 -EPROTO);
	ck_assert_ptr_null(queue);
	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, DMA), 0);
}
END_TEST

START_TEST(each_mode_has_its_reason)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	uint32_t reason;

	for (reason = 1; reason <= HISIACC_REASON_ADMIN; reason++) {
		fake.modes = ALL & ~modes[_i];
		fake.reasons[_i] = reason;
		ck_assert_int_eq(hisiacc_ctx_info(ctx, &info), 0);
		ck_assert_uint_eq(info.modes, ALL & ~modes[_i]);
		ck_assert_uint_eq(info.sva_reason, _i == 0 ? reason : 0);
		ck_assert_uint_eq(info.pasid_reason, _i == 1 ? reason : 0);
		ck_assert_uint_eq(info.dma_reason, _i == 2 ? reason : 0);
	}
	/* One that the machine has, and that is not to be had right now. */
	fake.modes = ALL;
	fake.mode_errno[_i] = EBUSY;
	ck_assert_int_eq(hisiacc_ctx_info(ctx, &info), 0);
	ck_assert_uint_eq(info.modes, ALL);
	ck_assert_uint_eq(info.sva_reason + info.pasid_reason + info.dma_reason,
			  HISIACC_REASON_BUSY);
}
END_TEST

START_TEST(open_engine_wants_one_mode_right_now)
{
	struct hisiacc_ctx *more = (void *)1;
	int i;

	for (i = 0; i < 3; i++)
		fake.mode_errno[i] = i == _i ? 0 : EBUSY;
	ck_assert_int_eq(hisiacc_open_engine(HISIACC_ENGINE_ZIP, &more), 0);
	hisiacc_close(more);
	fake.mode_errno[_i] = ENOSPC;
	ck_assert_int_eq(hisiacc_open_engine(HISIACC_ENGINE_ZIP, &more),
			 -EBUSY);
	ck_assert_ptr_null(more);
}
END_TEST

/* ---- What is pinned, and where the device sees it ---- */

START_TEST(memory_is_pinned_where_the_mode_needs_it_or_it_is_asked_for)
{
	static const uint32_t flags[] = {
		0, HISIACC_MEM_READ_ONLY, HISIACC_MEM_PIN,
		HISIACC_MEM_READ_ONLY | HISIACC_MEM_PIN,
	};
	uint32_t mode = modes[_i / 4], flag = flags[_i % 4];
	bool pinned = mode != SVA || flag & HISIACC_MEM_PIN;

	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, mode), 0);
	ck_assert_int_eq(hisiacc_mem_register(ctx, src, LEN, flag, &mem), 0);
	ck_assert_uint_eq(fake.pins, 1);
	ck_assert_uint_eq(fake.pinned, pinned);
	drop_mem();
	ck_assert_uint_eq(fake.pins, 0);
	if (flag & HISIACC_MEM_READ_ONLY)
		return;
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, LEN, flag, &mem), 0);
	ck_assert_uint_eq(fake.pinned, pinned);
}
END_TEST

START_TEST(only_dma_mode_has_other_addresses)
{
	uint64_t add = modes[_i] == DMA ? FAKE_IOVA : 0, iova;

	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, modes[_i]), 0);
	ck_assert_int_eq(hisiacc_mem_register(ctx, src, LEN, 0, &mem), 0);
	ck_assert_int_eq(hisiacc_queue_iova(queue, src + 7, LEN - 7, mem, true,
					    &iova), 0);
	ck_assert_uint_eq(iova, (uintptr_t)src + 7 + add);
	ck_assert_int_eq(hisiacc_queue_iova(queue, src + 7, LEN - 6, mem, true,
					    &iova), -EFAULT);
	ck_assert_int_eq(hisiacc_queue_iova(queue, src, LEN, NULL, true, &iova),
			 modes[_i] == SVA ? 0 : -EFAULT);
}
END_TEST

START_TEST(in_a_space_of_its_own_an_address_has_one_right)
{
	struct hisiacc_mem *more = (void *)1;

	ck_assert_int_eq(hisiacc_ctx_set_modes(ctx, modes[_i]), 0);
	ck_assert_int_eq(hisiacc_mem_register(ctx, src, LEN,
					      HISIACC_MEM_READ_ONLY, &mem), 0);
	ck_assert_int_eq(hisiacc_mem_register(ctx, src + 100, 1, 0, &more),
			 modes[_i] == PASID ? -EBUSY : 0);
	hisiacc_mem_free(more);
}
END_TEST

/* ---- Pointers that were not registered ---- */

static struct hisiacc_zip_req request(const void *from, size_t len, void *to,
				      size_t room)
{
	return (struct hisiacc_zip_req){
		.size = sizeof(struct hisiacc_zip_req),
		.format = HISIACC_ZIP_GZIP,
		.src = from,
		.src_len = len,
		.dst = to,
		.dst_len = room,
	};
}

/* Compresses src to dst, decompresses that to back, by any means. */
static void there_and_back(int (*work)(uint32_t type,
				       struct hisiacc_zip_req *req,
				       struct hisiacc_completion *done))
{
	struct hisiacc_zip_req req = request(src, LEN, dst, ROOM);
	struct hisiacc_completion done = { .status = 99 };

	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, SVA), 0);
	ck_assert_int_eq(work(HISIACC_ZIP_COMPRESS, &req, &done), 0);
	ck_assert_uint_eq(done.consumed, LEN);
	ck_assert_uint_eq(ref_decompress(HISIACC_ZIP_GZIP, dst, done.produced,
					 back, LEN), LEN);
	ck_assert_mem_eq(src, back, LEN);
	drop_queue();

	memset(back, 0, LEN);
	req = request(dst, done.produced, back, LEN);
	ck_assert_int_eq(take_queue(HISIACC_ZIP_DECOMPRESS, SVA), 0);
	ck_assert_int_eq(work(HISIACC_ZIP_DECOMPRESS, &req, &done), 0);
	ck_assert_uint_eq(done.produced, LEN);
	ck_assert_mem_eq(src, back, LEN);
	ck_assert_uint_eq(fake.pinned, 0);
}

static int by_one_shot(uint32_t type, struct hisiacc_zip_req *req,
		       struct hisiacc_completion *done)
{
	int err = type == HISIACC_ZIP_COMPRESS ?
		  hisiacc_zip_compress(queue, req, HISIACC_NO_DEADLINE, done) :
		  hisiacc_zip_decompress(queue, req, HISIACC_NO_DEADLINE, done);

	if (!err)
		ck_assert_uint_eq(done->status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(calls(HISI_ACC_MEM_PIN), 0);
	return err;
}

/* In two pieces each, which are not aligned. */
static int by_lists(uint32_t type, struct hisiacc_zip_req *req,
		    struct hisiacc_completion *done)
{
	size_t src_half = req->src_len / 2, dst_half = req->dst_len / 3;
	struct hisiacc_segment from[] = {
		{ (uint8_t *)(uintptr_t)req->src, src_half, NULL },
		{ (uint8_t *)(uintptr_t)req->src + src_half,
		  req->src_len - src_half, NULL },
	};
	struct hisiacc_segment to[] = {
		{ req->dst, dst_half, NULL },
		{ (uint8_t *)req->dst + dst_half, req->dst_len - dst_half, NULL },
	};
	struct hisiacc_sgl *lists[2];
	int err;

	(void)type;
	ck_assert_int_eq(hisiacc_sgl_alloc(queue, 2, &lists[0]), 0);
	ck_assert_int_eq(hisiacc_sgl_alloc(queue, 2, &lists[1]), 0);
	err = hisiacc_sgl_set(lists[0], from, 2);
	if (!err)
		err = hisiacc_sgl_set(lists[1], to, 2);
	if (!err) {
		*req = request(NULL, 0, NULL, 0);
		req->src_sgl = lists[0];
		req->dst_sgl = lists[1];
		ck_assert_int_eq(hisiacc_zip_prep(queue, req, 0), 0);
		ck_assert_int_eq(hisiacc_queue_submit(queue), 1);
		ck_assert_int_eq(hisiacc_queue_wait(queue, done, 1,
						    HISIACC_NO_DEADLINE), 1);
		ck_assert_uint_eq(done->status, HISIACC_STATUS_OK);
	}
	hisiacc_sgl_free(lists[0]);
	hisiacc_sgl_free(lists[1]);
	return err;
}

/* In pieces of 10000 bytes, with room for as much at a time. */
static int by_stream(uint32_t type, struct hisiacc_zip_req *req,
		     struct hisiacc_completion *done)
{
	struct hisiacc_completion sum = { .status = 0 };
	struct hisiacc_zip_stream *stream;
	struct hisiacc_zip_req piece;
	int err;

	(void)type;
	ck_assert_int_eq(hisiacc_zip_stream_alloc(queue, HISIACC_ZIP_GZIP,
						  &stream), 0);
	do {
		piece = request((const uint8_t *)req->src + sum.consumed,
				min_size(req->src_len - sum.consumed, 10000),
				(uint8_t *)req->dst + sum.produced,
				min_size(req->dst_len - sum.produced, 10000));
		piece.format = 0;
		if (sum.consumed + piece.src_len == req->src_len)
			piece.flags = HISIACC_ZIP_FINISH;
		err = hisiacc_zip_stream_run(stream, &piece,
					     HISIACC_NO_DEADLINE, done);
		sum.consumed += done->consumed;
		sum.produced += done->produced;
	} while (!err && done->status == HISIACC_STATUS_OK);
	if (!err)
		ck_assert_uint_eq(done->status, HISIACC_STATUS_END);
	done->consumed = sum.consumed;
	done->produced = sum.produced;
	hisiacc_zip_stream_free(stream);
	return err;
}

static int (*const works[])(uint32_t type, struct hisiacc_zip_req *req,
			    struct hisiacc_completion *done) = {
	by_one_shot, by_lists, by_stream,
};

START_TEST(sva_takes_any_pointer)
{
	there_and_back(works[_i]);
}
END_TEST

/* Where the driver cannot watch memory, that is. */
START_TEST(without_a_cache_the_other_modes_want_a_registration)
{
	struct hisiacc_completion done = { .status = 0 };
	uint32_t mode = modes[1 + _i / 3];
	struct hisiacc_zip_req req = request(src, LEN, dst, ROOM);

	hisiacc_close(ctx);
	fake.features = 0;
	ck_assert_int_eq(hisiacc_open("zip0", &ctx), 0);
	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, mode), 0);
	ck_assert_int_eq(works[_i % 3](HISIACC_ZIP_COMPRESS, &req, &done),
			 -EFAULT);
	/* The device was given nothing, and the queue is as good as before. */
	ck_assert_uint_eq(fake.requests, 0);
	ck_assert_uint_eq(hisiacc_queue_room(queue), 1023);
	ck_assert_int_eq(hisiacc_mem_alloc(ctx, LEN + ROOM, 0, &mem), 0);
	memcpy(hisiacc_mem_addr(mem), src, LEN);
	req = request(hisiacc_mem_addr(mem), LEN,
		      (uint8_t *)hisiacc_mem_addr(mem) + LEN, ROOM);
	req.src_mem = mem;
	req.dst_mem = mem;
	ck_assert_int_eq(hisiacc_zip_compress(queue, &req, HISIACC_NO_DEADLINE,
					      &done), 0);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	ck_assert_uint_eq(ref_decompress(HISIACC_ZIP_GZIP, req.dst,
					 done.produced, back, LEN), LEN);
	ck_assert_mem_eq(src, back, LEN);
}
END_TEST

START_TEST(in_sva_mode_registered_and_other_memory_go_together)
{
	struct hisiacc_zip_req req = request(src, LEN, dst, ROOM);
	struct hisiacc_completion done;

	ck_assert_int_eq(take_queue(HISIACC_ZIP_COMPRESS, SVA), 0);
	ck_assert_int_eq(hisiacc_mem_register(ctx, src, LEN,
					      HISIACC_MEM_READ_ONLY, &mem), 0);
	req.src_mem = mem;
	ck_assert_int_eq(hisiacc_zip_compress(queue, &req, HISIACC_NO_DEADLINE,
					      &done), 0);
	ck_assert_uint_eq(done.status, HISIACC_STATUS_OK);
	/* What a request says of its memory still has to be true. */
	req.src_len = LEN + 1;
	ck_assert_int_eq(hisiacc_zip_compress(queue, &req, HISIACC_NO_DEADLINE,
					      &done), -EFAULT);
	req = request(dst, 100, src, LEN);
	req.dst_mem = mem;
	ck_assert_int_eq(hisiacc_zip_compress(queue, &req, HISIACC_NO_DEADLINE,
					      &done), -EFAULT);
}
END_TEST

Suite *mode_suite(void)
{
	Suite *suite = suite_create("mode");
	TCase *tc = tcase_create("grant");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, the_best_of_the_acceptable_modes_is_granted, 0,
			    10);
	tcase_add_loop_test(tc,
			    modes_that_the_context_does_not_accept_are_refused,
			    0, 6);
	tcase_add_loop_test(tc, registrations_ask_for_the_contexts_modes, 0, 3);
	tcase_add_test(tc, unknown_modes_are_refused);
	tcase_add_loop_test(tc, modes_stay_as_long_as_the_context_has_objects,
			    0, 4);
	tcase_add_loop_test(tc, what_failed_holds_no_modes, 0, 8);
	tcase_add_test(tc, the_first_object_decides);
	tcase_add_loop_test(tc, a_mode_that_is_taken_is_passed_over, 0, 5);
	tcase_add_loop_test(tc, a_mode_that_was_not_asked_for_is_nonsense, 0,
			    4);
	tcase_add_loop_test(tc, each_mode_has_its_reason, 0, 3);
	tcase_add_loop_test(tc, open_engine_wants_one_mode_right_now, 0, 3);
	suite_add_tcase(suite, tc);

	tc = tcase_create("memory");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, memory_is_pinned_where_the_mode_needs_it_or_it_is_asked_for,
			    0, 12);
	tcase_add_loop_test(tc, only_dma_mode_has_other_addresses, 0, 3);
	tcase_add_loop_test(tc, in_a_space_of_its_own_an_address_has_one_right,
			    0, 3);
	suite_add_tcase(suite, tc);

	tc = tcase_create("pointers");
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, sva_takes_any_pointer, 0, N(works));
	tcase_add_loop_test(tc,
			    without_a_cache_the_other_modes_want_a_registration,
			    0, 6);
	tcase_add_test(tc, in_sva_mode_registered_and_other_memory_go_together);
	suite_add_tcase(suite, tc);
	return suite;
}
