// SPDX-License-Identifier: GPL-2.0
/*
 * The requests that mainline's hisi_zip has no crypto algorithm for, zlib and
 * gzip, on queue pairs of mainline's hisi_qm; compared with the kernel's zlib.
 * "bulk", "short" or "stop" written to the parameter "run" starts a run. SEC
 * and HPRE get requests of which no more is expected than their completion.
 *
 * The queue pairs are those of the PCI function "function". With "hold" the
 * queue pairs of the functions before it stay taken as long as the module is
 * loaded, so that crypto users get theirs from "function" as well.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/completion.h>
#include <linux/crc32.h>
#include <linux/dma-mapping.h>
#include <linux/module.h>
#if __has_include(<linux/unaligned.h>)
#include <linux/unaligned.h>
#else
#include <asm/unaligned.h>
#endif

#include "data.h"
#include "pair.h"

#define ZLIB		2
#define GZIP		3
#define LIMIT		(5 * HZ)
#define FLIGHT		8
#define PIECE		4096u

struct buffer {
	u8 *data;
	dma_addr_t at;
};

static char *name = "0000:00:01.0";
module_param_named(function, name, charp, 0444);
static bool hold;
module_param(hold, bool, 0444);

static struct pci_dev *function;
static struct pair pair, others[MOST_PAIRS];
static u32 kept;
static bool started;
static struct buffer plain, packed, other;
static u8 *scratch;
static __le32 result[32], sent[32];
static DECLARE_COMPLETION(done);

static void request_done(struct hisi_qp *qp, void *sqe)
{
	memcpy(result, sqe, qp->qm->sqe_size);
	complete(&done);
}

static int send(int direction, int format, dma_addr_t from, u32 length,
		dma_addr_t to, u32 room)
{
	struct hisi_qp *qp = pair.qps[direction];
	__le32 sqe[32] = {};

	sqe[4] = cpu_to_le32(length);
	sqe[7] = cpu_to_le32(qp->qm->ver >= QM_HW_V3 ? 3u << 28 : 0);
	sqe[9] = cpu_to_le32(format);
	sqe[14] = cpu_to_le32(room);
	sqe[18] = cpu_to_le32(lower_32_bits(from));
	sqe[19] = cpu_to_le32(upper_32_bits(from));
	sqe[20] = cpu_to_le32(lower_32_bits(to));
	sqe[21] = cpu_to_le32(upper_32_bits(to));
	return hisi_qp_send(qp, sqe);
}

/* True if the request succeeded and took all of its input. */
static bool work(int direction, int format, dma_addr_t from, u32 length,
		 dma_addr_t to, u32 *room)
{
	reinit_completion(&done);
	if (send(direction, format, from, length, to, *room) ||
	    !wait_for_completion_timeout(&done, LIMIT))
		return false;
	*room = le32_to_cpu(result[1]);
	return !(le32_to_cpu(result[3]) & 0xff) &&
	       le32_to_cpu(result[0]) == length;
}

/* The stream at packed + 2, with its trailer but without a header. */
static bool readable(int format, u32 size, u32 length)
{
	u8 *data = packed.data;

	if (format == ZLIB) {
		data[0] = 0x78;
		data[1] = 0x9c;
		return soft_inflate(data, size + 2, plain.data, length, scratch,
				    ROOM, MAX_WBITS);
	}
	return size > 8 &&
	       get_unaligned_le32(data + size - 6) ==
	       ~crc32_le(~0, plain.data, length) &&
	       get_unaligned_le32(data + size - 2) == length &&
	       soft_inflate(data + 2, size - 8, plain.data, length, scratch,
			    ROOM, -MAX_WBITS);
}

/* The same the other way round; returns the length without the header. */
static u32 written(int format, u32 length)
{
	u8 *data = packed.data;
	u32 size;

	if (format == ZLIB)
		return soft_deflate(plain.data, length, data, ROOM,
				    MAX_WBITS) - 2;
	size = soft_deflate(plain.data, length, data + 2, ROOM - 10,
			    -MAX_WBITS);
	put_unaligned_le32(~crc32_le(~0, plain.data, length), data + 2 + size);
	put_unaligned_le32(length, data + 6 + size);
	return size + 8;
}

static void one(int format, enum kind kind, u32 length)
{
	const char *name = kind_names[kind];
	u32 size = ROOM - 2, back = ROOM;
	bool good;

	data_fill(plain.data, length, kind, length);
	good = work(0, format, plain.at, length, packed.at + 2, &size);
	report(good && readable(format, size, length), format == ZLIB ?
	       "zlib of the device" : "gzip of the device", name, length);

	size = written(format, length);
	memset(other.data, 0xa5, ROOM);
	good = work(1, format, packed.at + 2, size, other.at, &back);
	report(good && back == length &&
	       !memcmp(plain.data, other.data, length), format == ZLIB ?
	       "zlib for the device" : "gzip for the device", name, length);
}

static void release(void)
{
	while (kept)
		pair_put(others + --kept);
}

static int start(void)
{
	int ret = pair_get(function, &pair, others, &kept, request_done);

	started = !ret;
	if (ret || !hold)
		release();
	return ret;
}

static void stop(void)
{
	if (started)
		pair_put(&pair);
	started = false;
}

/*
 * Queue pairs are stopped with work in flight: the device is to finish it
 * first. hisi_qm tells nobody of what a stopped queue pair completed.
 */
static int stop_at_work(void)
{
	bool sent = true, written = true;
	int i, ret;

	data_fill(plain.data, PIECE * FLIGHT, TEXT, 3);
	memset(packed.data, 0, 2 * PIECE * FLIGHT);
	reinit_completion(&done);
	for (i = 0; i < FLIGHT; i++)
		if (send(0, ZLIB, plain.at + i * PIECE, PIECE,
			 packed.at + 2 * i * PIECE, 2 * PIECE))
			sent = false;
	report(sent && !completion_done(&done), "requests are in flight",
	       "text each", PIECE);
	stop();
	for (i = 0; i < FLIGHT; i++)
		if (!packed.data[2 * i * PIECE])
			written = false;
	report(written, "a stopped queue has done its work", "text each",
	       PIECE);
	ret = start();
	if (ret)
		report(false, "queue pairs start again", "text each", PIECE);
	else
		one(ZLIB, TEXT, MOST);
	return ret;
}

/*
 * A request that SEC is not to look at, by its own rules, and one that HPRE has
 * no operation for. The rest of it has to come back as it was.
 */
static bool completes(struct hisi_qp *qp, u32 number)
{
	bool sec = pci_physfn(function)->device == SEC_DEVICE;
	bool new = qp->qm->ver >= QM_HW_V3;
	u32 status = sec ? 28 : 0, least = sec ? 1 : 3u << 30;

	memset(sent, 0, sizeof(sent));
	sent[0] = cpu_to_le32(!sec ? 1u << 30 | 0x1f : new ? 1u << 4 | 3 : 2);
	sent[1] = cpu_to_le32(sec && !new ? 1u << 31 : 0);
	sent[15] = cpu_to_le32(number);
	reinit_completion(&done);
	if (hisi_qp_send(qp, sent) ||
	    !wait_for_completion_timeout(&done, LIMIT))
		return false;
	if ((le32_to_cpu(result[status]) & least) != least)
		return false;
	result[status] = sent[status];
	return !memcmp(result, sent, qp->qm->sqe_size);
}

/* More than each ring has entries, the event queue included, or few. */
static void echo(bool brief)
{
	u32 count = brief ? 6 : 1100, i;
	bool good = true;

	for (i = 0; good && i < 2 * count; i++)
		good = completes(pair.qps[i % 2], i);
	pr_info("%s: %u requests complete\n", good ? "ok" : "failed", i);
}

static void bulk(bool brief)
{
	static const u32 lengths[] = { 65536 + 3, 1, MOST };
	u32 count = brief ? 1 : ARRAY_SIZE(lengths), i;
	enum kind kind;
	int format;

	for (format = ZLIB; format <= GZIP; format++)
		for (kind = 0; kind < KINDS; kind++)
			for (i = 0; i < count; i++)
				one(format, kind, lengths[i]);
}

static int set_run(const char *value, const struct kernel_param *kp)
{
	bool brief = sysfs_streq(value, "short");

	if (!started)
		return -ENODEV;
	if (sysfs_streq(value, "stop"))
		return stop_at_work();
	if (!brief && !sysfs_streq(value, "bulk"))
		return -EINVAL;
	if (pci_physfn(function)->device == ZIP_DEVICE)
		bulk(brief);
	else
		echo(brief);
	return 0;
}

static const struct kernel_param_ops run_ops = { .set = set_run };
module_param_cb(run, &run_ops, NULL, 0200);

static int get_queues(char *buffer, const struct kernel_param *kp)
{
	if (!started)
		return -ENODEV;
	return sysfs_emit(buffer, "%u %u\n", pair.qps[0]->qp_id,
			  pair.qps[1]->qp_id);
}

static const struct kernel_param_ops queues_ops = { .get = get_queues };
module_param_cb(queues, &queues_ops, NULL, 0444);

static bool get_buffer(struct buffer *buffer)
{
	buffer->data = dma_alloc_coherent(&function->dev, ROOM, &buffer->at,
					  GFP_KERNEL);
	return buffer->data;
}

static void put_buffer(struct buffer *buffer)
{
	if (buffer->data)
		dma_free_coherent(&function->dev, ROOM, buffer->data,
				  buffer->at);
}

static void drop(void)
{
	put_buffer(&plain);
	put_buffer(&packed);
	put_buffer(&other);
	vfree(scratch);
	pci_dev_put(function);
}

static int __init qp_test_init(void)
{
	struct device *device = bus_find_device_by_name(&pci_bus_type, NULL,
							name);
	int ret = -ENOMEM;

	if (!device)
		return -ENODEV;
	function = to_pci_dev(device);
	scratch = vmalloc(ROOM);
	if (scratch && get_buffer(&plain) && get_buffer(&packed) &&
	    get_buffer(&other))
		ret = start();
	if (ret)
		drop();
	return ret;
}

static void __exit qp_test_exit(void)
{
	stop();
	release();
	drop();
}

module_init(qp_test_init);
module_exit(qp_test_exit);
MODULE_DESCRIPTION("Requests through mainline's queue manager");
MODULE_LICENSE("GPL");
