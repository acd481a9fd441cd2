/* SPDX-License-Identifier: MIT */
/**
 * DOC: libhisiacc, user space access to HiSilicon accelerators
 *
 * A context is an open device. A queue is a pair of hardware rings inside
 * it: requests are prepared into slots, published together by one doorbell,
 * and come back as completions in the order in which they were prepared.
 * Requests name memory by a pointer. Where the device cannot reach all of the
 * process' memory the library registers it behind the call, and remembers that;
 * or the program makes memory known itself and names the registration as well.
 *
 * Return values: 0 or a count, or a negative errno. Functions that make an
 * object fill *out, with NULL on failure. Functions that free one accept NULL
 * and return nothing. What the device says about a request is no errno but
 * the status in its completion (enum hisiacc_status).
 *
 * NULL is allowed only where a function says so.
 *
 * Threads: a queue, its streams and its scatter lists belong to one thread at
 * a time and take no lock. Everything else may be called from any thread.
 *
 * Signals: no call returns early because of one.
 *
 * Fork: nothing follows into the child. There, no object may be used, not
 * even freed; the child opens its own. The parent goes on undisturbed.
 *
 * Order of freeing: streams and scatter lists, then queues and memory, then
 * the context. There is no global state, no environment variable, no thread.
 *
 * Structs that start with a member size are filled by the caller with
 * sizeof(the struct), for reading as for writing, so that they can grow:
 *
 *	struct hisiacc_ctx_info info = { .size = sizeof(info) };
 *
 * Times are nanoseconds of CLOCK_MONOTONIC. A deadline is a point in time,
 * never a duration; see hisiacc_deadline().
 *
 * Everything below is there since 0.1.
 */
#ifndef HISIACC_H
#define HISIACC_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Level of the interface in this header; each release that adds raises it. */
#define HISIACC_API_LEVEL	1

/** No deadline: wait as long as it takes. */
#define HISIACC_NO_DEADLINE	UINT64_MAX

/** Bytes of a device name, the final 0 included. */
#define HISIACC_NAME_SIZE	32

struct hisiacc_ctx;
struct hisiacc_queue;
struct hisiacc_mem;
struct hisiacc_sgl;

/** enum hisiacc_engine - what a device computes */
enum hisiacc_engine {
	HISIACC_ENGINE_ZIP	= 1,	/* compression */
	HISIACC_ENGINE_SEC	= 2,	/* symmetric ciphers and digests */
	HISIACC_ENGINE_HPRE	= 3	/* public key arithmetic */
};

/**
 * enum hisiacc_mode - which addresses a queue takes; bits of a mask
 * @HISIACC_MODE_SVA:	any pointer of the process
 * @HISIACC_MODE_PASID:	pinned memory, isolated per context
 * @HISIACC_MODE_DMA:	pinned memory; the device serves one process
 *
 * The lowest bit is the best mode. A context has one mode at a time: that of
 * its first queue or registration, until it has neither any more.
 */
enum hisiacc_mode {
	HISIACC_MODE_SVA	= 1,
	HISIACC_MODE_PASID	= 2,
	HISIACC_MODE_DMA	= 4
};

/**
 * enum hisiacc_reason - why a mode is not to be had
 *
 * hisiacc_reason_text() has a sentence for each, hisiacc_reason_cure() says what
 * can be done. Later releases may have more of them.
 */
enum hisiacc_reason {
	HISIACC_REASON_NONE		= 0,
	HISIACC_REASON_DRIVER		= 1,
	HISIACC_REASON_NO_IOMMU		= 2,
	HISIACC_REASON_PASSTHROUGH	= 3,
	HISIACC_REASON_SHARED_GROUP	= 4,
	HISIACC_REASON_NOT_COHERENT	= 5,
	HISIACC_REASON_SHARED_MSI	= 6,
	HISIACC_REASON_NO_PASID		= 7,
	HISIACC_REASON_NO_FAULTS	= 8,
	HISIACC_REASON_KERNEL_OPTION	= 9,
	HISIACC_REASON_KERNEL_OLD	= 10,
	HISIACC_REASON_KERNEL_REFUSES	= 11,
	HISIACC_REASON_IOMMU		= 12,
	HISIACC_REASON_EXHAUSTED	= 13,
	HISIACC_REASON_LIMIT		= 14,
	HISIACC_REASON_BUSY		= 15,
	HISIACC_REASON_ADMIN		= 16
};

/**
 * enum hisiacc_state - of a device or a queue
 * @HISIACC_STATE_RUNNING:	all is well
 * @HISIACC_STATE_STOPPED:	queue: stopped; hisiacc_queue_restart() runs it
 * @HISIACC_STATE_ERROR:	queue: failed, or lost to a reset of the
 *				device; hisiacc_queue_restart() runs it
 * @HISIACC_STATE_RESETTING:	device: being reset, comes back by itself
 * @HISIACC_STATE_GONE:		removed for good
 */
enum hisiacc_state {
	HISIACC_STATE_RUNNING	= 1,
	HISIACC_STATE_STOPPED	= 2,
	HISIACC_STATE_ERROR	= 3,
	HISIACC_STATE_RESETTING	= 4,
	HISIACC_STATE_GONE	= 5
};

/**
 * enum hisiacc_status - what became of a request
 * @HISIACC_STATUS_OK:		done; for a stream: go on
 * @HISIACC_STATUS_END:		stream: done, and this was the end
 * @HISIACC_STATUS_DST_FULL:	the destination is too small
 * @HISIACC_STATUS_DATA_ERROR:	the data is not what it should be, or the
 *				device refused the request
 * @HISIACC_STATUS_CHECKSUM:	decompressed, but the checksum in the data
 *				differs
 * @HISIACC_STATUS_TRUNCATED:	the data ends too early
 * @HISIACC_STATUS_CANCELLED:	taken back by hisiacc_queue_cancel(), or never
 *				given to the device
 * @HISIACC_STATUS_UNKNOWN:	the queue failed while the request was in
 *				flight; the destination is undefined
 */
enum hisiacc_status {
	HISIACC_STATUS_OK		= 0,
	HISIACC_STATUS_END		= 1,
	HISIACC_STATUS_DST_FULL		= 2,
	HISIACC_STATUS_DATA_ERROR	= 3,
	HISIACC_STATUS_CHECKSUM		= 4,
	HISIACC_STATUS_TRUNCATED	= 5,
	HISIACC_STATUS_CANCELLED	= 6,
	HISIACC_STATUS_UNKNOWN		= 7
};

/* ---- Version and texts ---- */

/** hisiacc_version() - release of the library that is running, "0.1.0" */
const char *hisiacc_version(void);

/** hisiacc_api_level() - HISIACC_API_LEVEL of the library that is running */
unsigned int hisiacc_api_level(void);

/*
 * Texts: static strings, never NULL, a value that is not known included. They
 * start in lower case and have no full stop.
 */
/** hisiacc_reason_text() - a sentence for an enum hisiacc_reason */
const char *hisiacc_reason_text(unsigned int reason);
/** hisiacc_reason_cure() - what an administrator can do about it */
const char *hisiacc_reason_cure(unsigned int reason);
/** hisiacc_status_text() - a sentence for an enum hisiacc_status */
const char *hisiacc_status_text(unsigned int status);
/** hisiacc_state_text() - a word for an enum hisiacc_state */
const char *hisiacc_state_text(unsigned int state);
/** hisiacc_mode_text() - "SVA", "PASID", "DMA", or "none" for 0 */
const char *hisiacc_mode_text(unsigned int mode);
/** hisiacc_engine_text() - "ZIP", "SEC", "HPRE" */
const char *hisiacc_engine_text(unsigned int engine);

/* ---- Time ---- */

/**
 * hisiacc_deadline() - the point in time that lies @from_now_ns ahead
 * @from_now_ns:	nanoseconds
 *
 * Saturates at HISIACC_NO_DEADLINE. Makes no system call where the C library
 * reads the clock without one.
 */
uint64_t hisiacc_deadline(uint64_t from_now_ns);

/* ---- Context ---- */

/**
 * hisiacc_list() - names of the devices of this machine
 * @names:	filled with up to @count names, ordered; NULL if @count is 0
 * @count:	elements of @names
 *
 * A listed device is not necessarily one that the caller may open.
 *
 * Return: how many devices there are, which may be more than @count; 0 also
 * if the driver is not loaded. -ENOMEM, or what reading the directory gave.
 */
int hisiacc_list(char (*names)[HISIACC_NAME_SIZE], unsigned int count);

/**
 * hisiacc_open() - open a device
 * @name:	as from hisiacc_list(), or a path that starts with '/'
 * @out:	the context; hisiacc_close() gives it back
 *
 * Takes nothing scarce. The file is close-on-exec. Does not block.
 *
 * Return: 0; -ENOENT no such device; -EACCES no permission (see the device
 * node's group); -ENODEV the device is gone; -EPROTO this is no hisi_acc
 * device, or the driver speaks another protocol; -EINVAL @name too long;
 * -ENOMEM; -EMFILE.
 */
int hisiacc_open(const char *name, struct hisiacc_ctx **out);

/**
 * hisiacc_open_engine() - open the first usable device of an engine
 * @engine:	enum hisiacc_engine
 * @out:	the context; hisiacc_close() gives it back
 *
 * Usable is a device that may be opened, has a queue free, and grants at least
 * one memory mode right now.
 *
 * Return: 0; -ENODEV there is none of this engine. If there are some but none
 * is usable, what was wrong with the last one: -ENOSPC no queue free;
 * -EOPNOTSUPP no memory mode, or -EBUSY none right now (hisiacc_ctx_info() tells
 * the reasons); or an error of hisiacc_open().
 */
int hisiacc_open_engine(enum hisiacc_engine engine, struct hisiacc_ctx **out);

/**
 * hisiacc_close() - close a context
 * @ctx:	or NULL
 *
 * Queues, memory, streams and scatter lists must have been freed before.
 */
void hisiacc_close(struct hisiacc_ctx *ctx);

/* Algorithms: hisiacc_ctx_info.algs */
#define HISIACC_ALG_ZLIB_COMPRESS	(UINT64_C(1) << 0)
#define HISIACC_ALG_ZLIB_DECOMPRESS	(UINT64_C(1) << 1)
#define HISIACC_ALG_GZIP_COMPRESS	(UINT64_C(1) << 2)
#define HISIACC_ALG_GZIP_DECOMPRESS	(UINT64_C(1) << 3)
#define HISIACC_ALG_DEFLATE_COMPRESS	(UINT64_C(1) << 4)
#define HISIACC_ALG_DEFLATE_DECOMPRESS	(UINT64_C(1) << 5)

/**
 * struct hisiacc_ctx_info - what a device is and offers
 * @size:		sizeof(struct hisiacc_ctx_info)
 * @engine:		enum hisiacc_engine
 * @hw_version:		generation of the hardware: 2, 3, ...
 * @modes:		mask of enum hisiacc_mode that this machine can grant
 * @sva_reason:		why HISIACC_MODE_SVA is not among them, or is not to be
 *			had right now, enum hisiacc_reason; 0 it is to be had
 * @pasid_reason:	the same for HISIACC_MODE_PASID
 * @dma_reason:		the same for HISIACC_MODE_DMA
 * @queues:		queues of the device
 * @queues_free:	of these, free at the moment
 * @queues_max:		queues that one context may have
 * @depth_min:		smallest queue, in slots
 * @depth_max:		largest queue, in slots
 * @mems_max:		memory registrations that one context may have
 * @uapi_version:	version of the protocol that the driver speaks
 * @mem_size_max:	largest size of one memory registration, in bytes
 * @algs:		HISIACC_ALG_* that the device has
 */
struct hisiacc_ctx_info {
	uint32_t size;
	uint32_t engine;
	uint32_t hw_version;
	uint32_t modes;
	uint32_t sva_reason;
	uint32_t pasid_reason;
	uint32_t dma_reason;
	uint32_t queues;
	uint32_t queues_free;
	uint32_t queues_max;
	uint32_t depth_min;
	uint32_t depth_max;
	uint32_t mems_max;
	uint32_t uapi_version;
	uint64_t mem_size_max;
	uint64_t algs;
};

/**
 * hisiacc_ctx_info() - ask what a device is and offers
 * @ctx:	context
 * @info:	filled; @info->size is set by the caller
 *
 * One system call, does not block.
 *
 * Return: 0; -EINVAL @info->size is too small; -EPERM in a forked child;
 * -ENODEV the device is gone.
 */
int hisiacc_ctx_info(struct hisiacc_ctx *ctx, struct hisiacc_ctx_info *info);

/**
 * hisiacc_ctx_set_modes() - say which memory modes the program accepts
 * @ctx:	context that has neither queue nor memory, stream or scatter list
 * @modes:	mask of enum hisiacc_mode; 0 stands for all, as in a new context
 *
 * The best one of these that can be had is granted to the first queue or
 * registration and holds for those that follow. No system call.
 *
 * Return: 0; -EOPNOTSUPP unknown mode; -EBUSY @ctx has queues or memory.
 */
int hisiacc_ctx_set_modes(struct hisiacc_ctx *ctx, uint32_t modes);

/**
 * hisiacc_ctx_name() - name of the device, as given to hisiacc_open()
 * @ctx:	context, which owns the string
 */
const char *hisiacc_ctx_name(const struct hisiacc_ctx *ctx);

/**
 * hisiacc_ctx_fd() - file descriptor, to be watched by poll() or epoll
 * @ctx:	context, which owns it; do not close, read or configure it
 *
 * POLLIN: hisiacc_ctx_events() has news. POLLERR: a queue of the context has
 * failed. POLLHUP: the device is gone.
 */
int hisiacc_ctx_fd(const struct hisiacc_ctx *ctx);

/**
 * struct hisiacc_event - news of a queue
 * @queue:	its number in this context, hisiacc_queue_info.handle
 * @flags:	HISIACC_EVENT_*
 */
struct hisiacc_event {
	uint32_t queue;
	uint32_t flags;
};

#define HISIACC_EVENT_COMPLETION	(1u << 0)
#define HISIACC_EVENT_STATE		(1u << 1)

/**
 * hisiacc_ctx_events() - take news from the context's file descriptor
 * @ctx:	context
 * @events:	filled
 * @count:	elements of @events, at least 1
 *
 * Does not block.
 *
 * Return: number of elements filled, 0 if there is no news; -EINVAL @count is
 * 0; -EPERM in a forked child; -ENODEV the device is gone.
 */
int hisiacc_ctx_events(struct hisiacc_ctx *ctx, struct hisiacc_event *events,
		       unsigned int count);

/**
 * hisiacc_ctx_state() - the device's state, by one load, no system call
 * @ctx:	context
 *
 * Return: RUNNING, RESETTING or GONE of enum hisiacc_state.
 */
enum hisiacc_state hisiacc_ctx_state(const struct hisiacc_ctx *ctx);

/**
 * hisiacc_ctx_reset_generation() - how often the device was reset so far
 * @ctx:	context
 *
 * One load, no system call. Wraps around at 2^32.
 */
uint32_t hisiacc_ctx_reset_generation(const struct hisiacc_ctx *ctx);

/**
 * hisiacc_ctx_fork_safe() - does memory stay with the parent when it forks?
 * @ctx:	context
 *
 * No system call.
 *
 * Return: 1: fork() copies what the device uses for the child, and the parent
 * keeps it. 0: this kernel may leave the pages to the child, and the parent gets
 * copies when it writes, which the device does not see: the parent must not
 * write to registered memory between fork() and the child's exec or exit. This
 * does not concern memory from hisiacc_mem_alloc(), which children do not have.
 */
int hisiacc_ctx_fork_safe(const struct hisiacc_ctx *ctx);

/* ---- Queue ---- */

/** Map no doorbell page; ring by system call. For tests and odd machines. */
#define HISIACC_QUEUE_NO_DOORBELL_MAP	(1u << 0)

/** Types of ZIP queues: a queue does one direction only. */
enum hisiacc_zip_type {
	HISIACC_ZIP_COMPRESS	= 0,
	HISIACC_ZIP_DECOMPRESS	= 1
};

/**
 * struct hisiacc_queue_attr - what queue is wanted
 * @size:	sizeof(struct hisiacc_queue_attr)
 * @flags:	HISIACC_QUEUE_*
 * @modes:	mask of acceptable enum hisiacc_mode, of those that the context
 *		accepts; 0 stands for all of these. The context's mode is granted
 *		if it has one already, else the best one that can be had.
 * @type:	ZIP: enum hisiacc_zip_type
 * @depth:	slots, a power of two, of which all but one can be in use at a
 *		time; 0 stands for the most
 */
struct hisiacc_queue_attr {
	uint32_t size;
	uint32_t flags;
	uint32_t modes;
	uint32_t type;
	uint32_t depth;
};

/**
 * hisiacc_queue_alloc() - take a queue of a device
 * @ctx:	context
 * @attr:	what is wanted
 * @out:	the queue, running; hisiacc_queue_free() gives it back
 *
 * Return: 0; -EINVAL @attr->size is wrong, or the depth, or @attr->modes has
 * some that the context does not accept (hisiacc_ctx_set_modes()); -EOPNOTSUPP
 * none of the modes can be had (hisiacc_ctx_info() tells why), or unknown type,
 * mode or flag; -ENOSPC no queue left, no PASID left, or the user's limit; -EBUSY
 * somebody else has the device in another mode (or at all, if he has it in DMA
 * mode or is another user on version 2 hardware), or the context's mode is none
 * of @attr->modes; -ENOMEM; -EIO the hardware did not answer; -EPROTO the driver
 * gave nonsense; -EPERM; -ENODEV.
 */
int hisiacc_queue_alloc(struct hisiacc_ctx *ctx,
			const struct hisiacc_queue_attr *attr,
			struct hisiacc_queue **out);

/**
 * hisiacc_queue_free() - give a queue back
 * @queue:	or NULL
 *
 * Waits until the device is done with it, resetting a device that hangs: when
 * it returns no request of the queue is in flight.
 */
void hisiacc_queue_free(struct hisiacc_queue *queue);

/**
 * struct hisiacc_queue_info - what queue was granted
 * @size:		sizeof(struct hisiacc_queue_info)
 * @handle:		number of the queue in this context, see hisiacc_event
 * @mode:		granted enum hisiacc_mode
 * @reason:		why no better one of the acceptable modes was granted
 * @type:		queue type
 * @depth:		slots; one less can be in use at a time
 * @doorbell_mapped:	1 if no system call is needed to submit, else 0
 * @pasid:		number of the address space that the queue works in, as
 *			in the IOMMU's messages in the kernel's log; 0 in DMA mode
 */
struct hisiacc_queue_info {
	uint32_t size;
	uint32_t handle;
	uint32_t mode;
	uint32_t reason;
	uint32_t type;
	uint32_t depth;
	uint32_t doorbell_mapped;
	uint32_t pasid;
};

/**
 * hisiacc_queue_info() - what queue was granted
 * @queue:	queue
 * @info:	filled; @info->size is set by the caller
 *
 * No system call. Return: 0; -EINVAL @info->size is too small.
 */
int hisiacc_queue_info(const struct hisiacc_queue *queue,
		       struct hisiacc_queue_info *info);

/**
 * struct hisiacc_queue_stats - counters of a queue since it was allocated
 * @size:		sizeof(struct hisiacc_queue_stats)
 * @reserved:		0
 * @submitted:		requests published to the device
 * @completed:		completions handed to the program
 * @sq_doorbells:	doorbells rung to publish requests
 * @cq_doorbells:	doorbells rung to give back completion slots or to arm
 *			the event
 * @sleeps:		times that a wait went to sleep in the kernel
 * @cache_hits:		pointers whose memory was registered already
 * @cache_misses:	pointers whose memory had to be registered
 */
struct hisiacc_queue_stats {
	uint32_t size;
	uint32_t reserved;
	uint64_t submitted;
	uint64_t completed;
	uint64_t sq_doorbells;
	uint64_t cq_doorbells;
	uint64_t sleeps;
	uint64_t cache_hits;
	uint64_t cache_misses;
};

/**
 * hisiacc_queue_stats() - read the counters
 * @queue:	queue
 * @stats:	filled; @stats->size is set by the caller
 *
 * No system call. Return: 0; -EINVAL @stats->size is too small.
 */
int hisiacc_queue_stats(const struct hisiacc_queue *queue,
			struct hisiacc_queue_stats *stats);

/**
 * hisiacc_queue_state() - the queue's state, by a load, no system call
 * @queue:	queue
 */
enum hisiacc_state hisiacc_queue_state(const struct hisiacc_queue *queue);

/**
 * struct hisiacc_completion - what became of a request
 * @user_data:	as given when the request was prepared
 * @status:	enum hisiacc_status
 * @code:	the device's own word for it, for bug reports; 0 if there is none
 * @consumed:	ZIP: bytes of the source that were used, headers and trailers
 *		included
 * @produced:	ZIP: bytes that were written to the destination, headers and
 *		trailers included
 */
struct hisiacc_completion {
	uint64_t user_data;
	uint32_t status;
	uint32_t code;
	uint64_t consumed;
	uint64_t produced;
};

/**
 * hisiacc_queue_room() - requests that can be prepared right now
 * @queue:	queue
 *
 * At most the depth less 1. Each prepared request takes one; each completion
 * that is handed out gives one back. No system call.
 */
unsigned int hisiacc_queue_room(const struct hisiacc_queue *queue);

/**
 * hisiacc_queue_submit() - publish what was prepared
 * @queue:	queue
 *
 * One doorbell for all of it. No system call if the doorbell is mapped.
 *
 * Return: number of requests published, 0 if none was prepared. -EIO the queue
 * has failed or -ENODEV the device is gone: nothing was published, and the
 * requests stay prepared (see hisiacc_queue_restart()).
 */
int hisiacc_queue_submit(struct hisiacc_queue *queue);

/**
 * hisiacc_queue_peek() - take the completions that are there
 * @queue:	queue
 * @out:	filled
 * @count:	elements of @out
 *
 * No system call if the doorbell is mapped.
 *
 * Return: number of elements filled, 0 if no request has completed. -EIO the
 * queue has failed or -ENODEV the device is gone: given once the completions
 * that did arrive have been handed out, at each call until
 * hisiacc_queue_restart().
 */
int hisiacc_queue_peek(struct hisiacc_queue *queue,
		       struct hisiacc_completion *out, unsigned int count);

/**
 * hisiacc_queue_wait() - take completions, wait for the first one
 * @queue:		queue
 * @out:		filled
 * @count:		elements of @out, at least 1
 * @deadline_ns:	when to give up; a time in the past only looks
 *
 * Publishes nothing: call hisiacc_queue_submit() before. Spins for a few
 * microseconds, then sleeps; how long it spins follows what paid off lately.
 *
 * Return: number of elements filled; 0 if no request is in flight. -ETIME the
 * deadline has passed: the requests are still in flight and the device still
 * uses their buffers, until they complete or hisiacc_queue_cancel() returns.
 * -EIO, -ENODEV as hisiacc_queue_peek(). -EINVAL @count is 0. -EMFILE, -ENOMEM
 * no event descriptor to sleep on.
 */
int hisiacc_queue_wait(struct hisiacc_queue *queue,
		       struct hisiacc_completion *out, unsigned int count,
		       uint64_t deadline_ns);

/**
 * hisiacc_queue_cancel() - take back everything that is in flight
 * @queue:	queue
 *
 * When it returns 0 the device touches no buffer of the queue any more, and
 * the queue is empty and usable again. Every request has its completion, to be
 * taken by hisiacc_queue_peek() as usual: requests that the device still
 * finished have their own status, all others HISIACC_STATUS_CANCELLED, also
 * those that were prepared and not submitted.
 *
 * Blocks for as long as the device takes to finish, and at most a few seconds;
 * then the device is reset.
 *
 * Return: 0; -EIO the queue could not be started again: no request is in
 * flight, hisiacc_queue_restart() may be tried; -ENODEV the device is gone,
 * and with it all requests.
 */
int hisiacc_queue_cancel(struct hisiacc_queue *queue);

/**
 * hisiacc_queue_restart() - run a queue that has failed
 * @queue:	queue in state ERROR or STOPPED, or one that gave -EIO
 *
 * A queue can fail while the device is still at work on what it has of it: so
 * this waits until the device is done, as do hisiacc_queue_cancel() and
 * hisiacc_queue_free(), and no buffer may be used for anything else before.
 *
 * Every request gets its completion, once: its own status if the device finished
 * it, else HISIACC_STATUS_UNKNOWN if it had been submitted, and
 * HISIACC_STATUS_CANCELLED if it had only been prepared. Then the queue is empty
 * and running.
 *
 * Return: 0; -EBUSY the queue has not failed; -EIO the hardware does not
 * answer; -ENODEV the device is gone: completions are there all the same.
 */
int hisiacc_queue_restart(struct hisiacc_queue *queue);

/**
 * hisiacc_queue_set_event() - have an eventfd signalled when completions arrive
 * @queue:	queue
 * @fd:		an eventfd, which stays the caller's; -1 for none. Several
 *		queues may share one.
 *
 * For programs with an event loop: hisiacc_queue_arm(), sleep in the loop,
 * hisiacc_queue_peek(). One arming gives one signal. hisiacc_queue_wait() does
 * not need it, and takes no signal of it away.
 *
 * Return: 0; -EBADF; -EINVAL no eventfd; -EPERM; -ENODEV.
 */
int hisiacc_queue_set_event(struct hisiacc_queue *queue, int fd);

/**
 * hisiacc_queue_arm() - ask for one signal at the next completion
 * @queue:	queue
 *
 * The signal goes to the eventfd of hisiacc_queue_set_event() and to
 * hisiacc_ctx_fd(). It comes at once if completions are there already. No
 * system call if the doorbell is mapped, save for the first time after a
 * hisiacc_queue_wait() that slept.
 *
 * Return: 1 completions are there already, do not sleep; 0 armed; -EIO the
 * queue has failed; -ENODEV the device is gone.
 */
int hisiacc_queue_arm(struct hisiacc_queue *queue);

/* ---- Scatter lists ---- */

/** Most entries of a scatter list. */
#define HISIACC_SGL_ENTRIES_MAX	255

/** Largest entry of a scatter list, in bytes. */
#define HISIACC_SGL_ENTRY_SIZE_MAX	(8u << 20)

/**
 * struct hisiacc_segment - one piece of a scatter list
 * @addr:	start, of any alignment
 * @len:	bytes; pieces of 0 bytes are skipped
 * @mem:	registration that @addr lies in, or NULL
 */
struct hisiacc_segment {
	void *addr;
	size_t len;
	struct hisiacc_mem *mem;
};

/**
 * hisiacc_sgl_alloc() - room for a scatter list that the device can read
 * @queue:	queue whose requests will use it
 * @entries:	most segments that it can take, 1 to HISIACC_SGL_ENTRIES_MAX
 * @out:	the list, empty; hisiacc_sgl_free() frees it
 *
 * Return: 0; -EINVAL @entries; -ENOMEM; else as hisiacc_mem_alloc().
 */
int hisiacc_sgl_alloc(struct hisiacc_queue *queue, unsigned int entries,
		      struct hisiacc_sgl **out);

/**
 * hisiacc_sgl_free() - free a scatter list
 * @sgl:	not used by a request in flight, or NULL
 */
void hisiacc_sgl_free(struct hisiacc_sgl *sgl);

/**
 * hisiacc_sgl_set() - say what memory a scatter list stands for
 * @sgl:	not used by a request in flight
 * @segments:	copied
 * @count:	elements of @segments
 *
 * No system call, no allocation, but for segments without a registration that
 * the cache does not know. Such segments stay registered until the list is set
 * anew or freed, and the list is for requests of its queue only. If the program
 * changes memory that lies beside them, hisiacc_zip_prep() looks them up again
 * by itself, for which the queue must have nothing in flight: -EAGAIN.
 *
 * Return: 0; -EFAULT a segment is not inside its registration, or not mapped;
 * -E2BIG more segments than the list has room for, or a segment is too large;
 * for segments without a registration also as hisiacc_zip_prep(). After an error
 * the list is empty.
 */
int hisiacc_sgl_set(struct hisiacc_sgl *sgl,
		    const struct hisiacc_segment *segments, unsigned int count);

#ifdef __cplusplus
}
#endif

#include "hisiacc_mem.h"
#include "hisiacc_zip.h"

#endif /* HISIACC_H */
