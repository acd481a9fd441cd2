// SPDX-License-Identifier: GPL-2.0
/*
 * Deflate through the kernel's crypto interface and mainline's hisi_zip,
 * compared with the kernel's zlib. The algorithm is held as long as the module
 * is loaded; "bulk", "short" or "damage" written to the parameter "run" starts a run.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/acompress.h>
#include <linux/module.h>
#include <linux/scatterlist.h>

#include "data.h"

#define SEGMENTS	9
#define BATCH		64
#define ROUNDS		20
#define PIECE		4096u

static struct crypto_acomp *acomp;
static u8 *plain, *packed, *other, *scratch;

/* A list of uneven segments, or of one. */
static int set_list(struct scatterlist *list, u8 *from, u32 length, bool many)
{
	u32 count = many && length > 100 * SEGMENTS ? SEGMENTS : 1, i, size;

	sg_init_table(list, count);
	for (i = 0; i < count; i++) {
		size = i + 1 < count ? length / (count - i) - 13 * i : length;
		sg_set_buf(list + i, from, size);
		from += size;
		length -= size;
	}
	return count;
}

static int work(bool compress, u8 *from, u32 length, u8 *to, u32 *room,
		bool many)
{
	struct scatterlist source[SEGMENTS], target[SEGMENTS];
	DECLARE_CRYPTO_WAIT(wait);
	struct acomp_req *req = acomp_request_alloc(acomp);
	int ret;

	if (!req)
		return -ENOMEM;
	set_list(source, from, length, many);
	set_list(target, to, *room, many);
	acomp_request_set_params(req, source, target, length, *room);
	acomp_request_set_callback(req, CRYPTO_TFM_REQ_MAY_BACKLOG,
				   crypto_req_done, &wait);
	ret = crypto_wait_req(compress ? crypto_acomp_compress(req) :
			      crypto_acomp_decompress(req), &wait);
	*room = req->dlen;
	acomp_request_free(req);
	return ret;
}

static void one(enum kind kind, u32 length, bool many)
{
	const char *name = kind_names[kind];
	u32 size = ROOM, back = ROOM, soft;
	int ret;

	data_fill(plain, length, kind, length);
	ret = work(true, plain, length, packed, &size, many);
	report(!ret && soft_inflate(packed, size, plain, length, scratch, ROOM,
				    -MAX_WBITS),
	       many ? "zlib reads what hisi_zip wrote, scattered" :
	       "zlib reads what hisi_zip wrote", name, length);
	if (!ret) {
		memset(other, 0xa5, ROOM);
		ret = work(false, packed, size, other, &back, many);
	}
	report(!ret && back == length && !memcmp(other, plain, length),
	       many ? "hisi_zip reads what it wrote, scattered" :
	       "hisi_zip reads what it wrote", name, length);

	soft = soft_deflate(plain, length, packed, ROOM, -MAX_WBITS);
	back = ROOM;
	memset(other, 0xa5, ROOM);
	ret = soft ? work(false, packed, soft, other, &back, many) : -EIO;
	report(!ret && back == length && !memcmp(other, plain, length),
	       many ? "hisi_zip reads what zlib wrote, scattered" :
	       "hisi_zip reads what zlib wrote", name, length);
}

struct job {
	struct acomp_req *req;
	struct crypto_wait wait;
	struct scatterlist source, target;
};

/* Many requests at once, and more in all than a ring has entries. */
static void batches(void)
{
	struct job *jobs = kcalloc(BATCH, sizeof(*jobs), GFP_KERNEL);
	bool good = jobs;
	u32 round, i;

	data_fill(plain, PIECE * BATCH, TEXT, 7);
	for (i = 0; good && i < BATCH; i++) {
		jobs[i].req = acomp_request_alloc(acomp);
		good = jobs[i].req;
	}
	for (round = 0; good && round < ROUNDS; round++) {
		int status[BATCH];

		for (i = 0; i < BATCH; i++) {
			struct job *job = jobs + i;

			crypto_init_wait(&job->wait);
			sg_init_one(&job->source, plain + i * PIECE, PIECE);
			sg_init_one(&job->target, packed + i * 2 * PIECE,
				    2 * PIECE);
			acomp_request_set_params(job->req, &job->source,
						 &job->target, PIECE - round,
						 2 * PIECE);
			acomp_request_set_callback(job->req, 0, crypto_req_done,
						   &job->wait);
			status[i] = crypto_acomp_compress(job->req);
		}
		for (i = 0; i < BATCH; i++) {
			int ret = crypto_wait_req(status[i], &jobs[i].wait);

			if (ret || !soft_inflate(packed + i * 2 * PIECE,
						 jobs[i].req->dlen,
						 plain + i * PIECE,
						 PIECE - round, scratch, ROOM,
						 -MAX_WBITS))
				good = false;
		}
	}
	for (i = 0; jobs && i < BATCH; i++)
		if (jobs[i].req)
			acomp_request_free(jobs[i].req);
	kfree(jobs);
	report(good, "1280 requests, 64 at once", "text and less", PIECE);
}

static void bulk(bool brief)
{
	static const u32 lengths[] = { 1, 65536 + 3, 1000, MOST };
	enum kind kind;
	u32 i;

	if (brief) {
		one(TEXT, 65536 + 3, true);
		return;
	}
	for (kind = 0; kind < KINDS; kind++)
		for (i = 0; i < ARRAY_SIZE(lengths); i++)
			one(kind, lengths[i], i & 1);
	one(TEXT, MOST, false);
	batches();
}

static void damage(void)
{
	u32 size = ROOM, room;

	data_fill(plain, MOST, TEXT, 1);
	if (work(true, plain, MOST, packed, &size, false))
		size = 0;
	room = MOST - 1;
	report(size && work(false, packed, size, other, &room, false) == -EIO,
	       "too little room to decompress is an error", "text", MOST);
	room = size / 2;
	report(size && work(true, plain, MOST, other, &room, false) == -EIO,
	       "too little room to compress is an error", "text", MOST);
	packed[0] |= 6; /* a block of the reserved type */
	room = ROOM;
	report(size && work(false, packed, size, other, &room, false) == -EIO,
	       "a damaged stream is an error", "text", MOST);
	one(TEXT, MOST, true);
}

static int set_run(const char *value, const struct kernel_param *kp)
{
	if (sysfs_streq(value, "bulk"))
		bulk(false);
	else if (sysfs_streq(value, "short"))
		bulk(true);
	else if (sysfs_streq(value, "damage"))
		damage();
	else
		return -EINVAL;
	return 0;
}

static const struct kernel_param_ops run_ops = { .set = set_run };
module_param_cb(run, &run_ops, NULL, 0200);

static void drop(void)
{
	kfree(plain);
	kfree(packed);
	kfree(other);
	kfree(scratch);
}

static int __init acomp_test_init(void)
{
	plain = kmalloc(ROOM, GFP_KERNEL);
	packed = kmalloc(ROOM, GFP_KERNEL);
	other = kmalloc(ROOM, GFP_KERNEL);
	scratch = kmalloc(ROOM, GFP_KERNEL);
	if (!plain || !packed || !other || !scratch) {
		drop();
		return -ENOMEM;
	}
	acomp = crypto_alloc_acomp("hisi-deflate-acomp", 0, 0);
	if (IS_ERR(acomp)) {
		drop();
		return PTR_ERR(acomp);
	}
	return 0;
}

static void __exit acomp_test_exit(void)
{
	crypto_free_acomp(acomp);
	drop();
}

module_init(acomp_test_init);
module_exit(acomp_test_exit);
MODULE_DESCRIPTION("Deflate through the crypto interface");
MODULE_LICENSE("GPL");
