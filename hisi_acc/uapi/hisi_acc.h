/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * hisi_acc: user space interface of the HiSilicon accelerator driver
 *
 * Each accelerator function is one node, /dev/hisi_acc/<engine><n>. An open
 * file is a context. It belongs to the address space (mm) that opened it:
 * used from any other one - a forked child, a process that received the fd,
 * the same process after exec - ioctl(), mmap() and read() fail with EPERM
 * and poll() reports POLLERR. Opening takes nothing scarce.
 *
 * Objects (queues, registered memory) live inside a context and are named by
 * handles: 32-bit numbers, private to the context, never 0. All of them are
 * freed when the file is closed, or when the owning address space ends,
 * whichever comes first. Freeing is synchronous: when it has returned, the
 * device does not touch the object's memory any more.
 *
 * Every argument struct starts with argsz (bytes of the struct that the
 * caller knows) and flags. argsz may be anything from the first release's
 * size upwards; bytes that the kernel does not know must be zero. Fields
 * called out_* are written by the kernel, all others are read. Reserved
 * fields and undefined flag bits must be zero. A failed call writes nothing.
 *
 * errno, one meaning each:
 *   ENOTTY      unknown ioctl
 *   EFAULT      the argument, or the memory it names, cannot be accessed
 *   E2BIG       non-zero bytes behind the part of the struct that is known
 *   EOPNOTSUPP  known field with a value, flag or mode not offered here
 *   EINVAL      understood, but wrong (also: argsz too small)
 *   ENOENT      no object with this handle
 *   EPERM       the caller is not in the address space that opened the file
 *   EBUSY       the function, or the object, is in use by somebody else
 *   ENOSPC      no queue left, or as many objects as a context may have
 *   ENOMEM      no memory, or RLIMIT_MEMLOCK reached
 *   EIO         the hardware refused or did not answer in time
 *   ENODEV      the device is gone for good
 */
#ifndef _UAPI_HISI_ACC_H
#define _UAPI_HISI_ACC_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define HISI_ACC_UAPI_VERSION	1

#define HISI_ACC_IOCTL_TYPE	0xBC

/* The size lives in argsz, so the numbers carry none and never change. */
#define HISI_ACC_QUERY		_IO(HISI_ACC_IOCTL_TYPE, 0x00)
#define HISI_ACC_QUEUE_ALLOC	_IO(HISI_ACC_IOCTL_TYPE, 0x10)
#define HISI_ACC_QUEUE_FREE	_IO(HISI_ACC_IOCTL_TYPE, 0x11)
#define HISI_ACC_QUEUE_QUERY	_IO(HISI_ACC_IOCTL_TYPE, 0x12)
#define HISI_ACC_QUEUE_START	_IO(HISI_ACC_IOCTL_TYPE, 0x13)
#define HISI_ACC_QUEUE_STOP	_IO(HISI_ACC_IOCTL_TYPE, 0x14)
#define HISI_ACC_QUEUE_EVENT	_IO(HISI_ACC_IOCTL_TYPE, 0x15)
#define HISI_ACC_QUEUE_DOORBELL	_IO(HISI_ACC_IOCTL_TYPE, 0x16)
#define HISI_ACC_MEM_PIN	_IO(HISI_ACC_IOCTL_TYPE, 0x20)
#define HISI_ACC_MEM_UNPIN	_IO(HISI_ACC_IOCTL_TYPE, 0x21)
#define HISI_ACC_MEM_IMPORT	_IO(HISI_ACC_IOCTL_TYPE, 0x22)
#define HISI_ACC_MEM_ALLOC	_IO(HISI_ACC_IOCTL_TYPE, 0x23)
#define HISI_ACC_MEM_EXPORT	_IO(HISI_ACC_IOCTL_TYPE, 0x24)

/* Engines: hisi_acc_query.out_engine */
#define HISI_ACC_ENGINE_ZIP	1
#define HISI_ACC_ENGINE_SEC	2
#define HISI_ACC_ENGINE_HPRE	3

/*
 * Memory modes: which addresses a queue takes. Bits of a mask where a set is
 * asked for or offered, exactly one bit where one was granted. The lowest bit
 * is the best mode. A context has one mode at a time: that of its first queue
 * or registration, until it has neither any more.
 */
#define HISI_ACC_MODE_SVA	(1U << 0)	/* any pointer of the process */
#define HISI_ACC_MODE_PASID	(1U << 1)	/* pinned, at its own address */
#define HISI_ACC_MODE_DMA	(1U << 2)	/* pinned, IOVA from MEM_PIN */

/* Why a mode is not to be had; the first one that applies. */
#define HISI_ACC_REASON_NONE		0	/* it is to be had */
#define HISI_ACC_REASON_DRIVER		1	/* not offered by this module */
#define HISI_ACC_REASON_NO_IOMMU	2	/* no IOMMU translates for it */
#define HISI_ACC_REASON_PASSTHROUGH	3	/* identity domain */
#define HISI_ACC_REASON_SHARED_GROUP	4	/* IOMMU group has more devices */
#define HISI_ACC_REASON_NOT_COHERENT	5	/* DMA does not snoop CPU caches */
#define HISI_ACC_REASON_SHARED_MSI	6	/* a DMA write could raise any interrupt */
#define HISI_ACC_REASON_NO_PASID	7	/* function or IOMMU without PASIDs */
#define HISI_ACC_REASON_NO_FAULTS	8	/* page faults cannot be served */
#define HISI_ACC_REASON_KERNEL_OPTION	9	/* kernel built without it */
#define HISI_ACC_REASON_KERNEL_OLD	10	/* kernel has no interface for it */
#define HISI_ACC_REASON_KERNEL_REFUSES	11	/* kernel has it switched off */
#define HISI_ACC_REASON_IOMMU		12	/* IOMMU driver did not agree */
#define HISI_ACC_REASON_EXHAUSTED	13	/* no PASID left at the moment */
#define HISI_ACC_REASON_LIMIT		14	/* the user's limit is reached */
#define HISI_ACC_REASON_BUSY		15	/* function in use in another mode */
#define HISI_ACC_REASON_ADMIN		16	/* switched off, sysfs file "modes" */

/* State of a device or a queue, in the status page and in QUEUE_QUERY. */
#define HISI_ACC_STATE_RUNNING		1
#define HISI_ACC_STATE_STOPPED		2	/* by QUEUE_STOP; queue only */
#define HISI_ACC_STATE_ERROR		3	/* queue waits for QUEUE_START */
#define HISI_ACC_STATE_RESETTING	4	/* device only */
#define HISI_ACC_STATE_GONE		5	/* for good */

/* What the module can do on the kernel that it was built for. */
/* fork() copies pinned memory for the child: the parent keeps the pages. */
#define HISI_ACC_FEATURE_FORK_SAFE	(1U << 0)
/* MEM_PIN takes HISI_ACC_MEM_WATCH. */
#define HISI_ACC_FEATURE_WATCH		(1U << 1)
/* MEM_IMPORT and MEM_EXPORT are there. */
#define HISI_ACC_FEATURE_DMABUF		(1U << 2)

/**
 * struct hisi_acc_query - HISI_ACC_QUERY: what this device is and offers
 * @argsz:		bytes of this struct
 * @flags:		0
 * @out_uapi_version:	HISI_ACC_UAPI_VERSION of the module
 * @out_engine:		HISI_ACC_ENGINE_*
 * @out_hw_version:	generation of the queue manager: 2, 3, ...
 * @out_modes:		mask of the modes that this machine can grant
 * @out_sva_reason:	HISI_ACC_REASON_* for HISI_ACC_MODE_SVA: why it is not
 *			in @out_modes, or why it is not to be had right now
 * @out_pasid_reason:	the same for HISI_ACC_MODE_PASID
 * @out_dma_reason:	the same for HISI_ACC_MODE_DMA
 * @out_queues:		hardware queues of the function
 * @out_queues_free:	of these, free at the moment
 * @out_queues_max:	queues that one context may have
 * @out_queue_types:	number of queue types; valid types are 0 .. this - 1
 * @out_depth_min:	smallest ring, in entries
 * @out_depth_max:	largest ring, in entries
 * @out_sqe_size:	bytes of a submission queue entry
 * @out_cqe_size:	bytes of a completion queue entry
 * @out_mems_max:	memory registrations that one context may have
 * @out_mem_align:	alignment that MEM_PIN wants of address and size: 1
 * @out_status_size:	bytes of the status page, to be given to mmap()
 * @out_status_key:	mmap() offset of the status page, see hisi_acc_status
 * @out_algs:		algorithms, bits as in the engine's capability word
 *			(spec.rst, "ZIP capabilities")
 * @out_mem_size_max:	largest size of one registration, in bytes
 * @out_features:	HISI_ACC_FEATURE_*
 * @out_stale_offset:	where the status page has the stale bits of memory
 *			registrations, see hisi_acc_status
 */
struct hisi_acc_query {
	__u32 argsz;
	__u32 flags;
	__u32 out_uapi_version;
	__u32 out_engine;
	__u32 out_hw_version;
	__u32 out_modes;
	__u32 out_sva_reason;
	__u32 out_pasid_reason;
	__u32 out_dma_reason;
	__u32 out_queues;
	__u32 out_queues_free;
	__u32 out_queues_max;
	__u32 out_queue_types;
	__u32 out_depth_min;
	__u32 out_depth_max;
	__u32 out_sqe_size;
	__u32 out_cqe_size;
	__u32 out_mems_max;
	__u32 out_mem_align;
	__u32 out_status_size;
	__aligned_u64 out_status_key;
	__aligned_u64 out_algs;
	__aligned_u64 out_mem_size_max;
	__u32 out_features;
	__u32 out_stale_offset;
};

/*
 * QUEUE_ALLOC flag: map no doorbell; this queue is rung by QUEUE_DOORBELL.
 * Where the hardware's doorbell cannot be mapped alone (its page holds other
 * registers because the CPU's pages are too large) the kernel does so unasked:
 * out_db_size is 0 then.
 */
#define HISI_ACC_QUEUE_NO_DB_MAP	(1U << 0)

/**
 * struct hisi_acc_queue_alloc - HISI_ACC_QUEUE_ALLOC: take a hardware queue
 * @argsz:		bytes of this struct
 * @flags:		HISI_ACC_QUEUE_*
 * @modes:		mask of acceptable HISI_ACC_MODE_*, at least one; the
 *			context's mode if it has one, else the best one that
 *			can be had is granted
 * @type:		queue type, by engine (ZIP: 0 compress, 1 decompress)
 * @depth:		ring entries, a power of two; 0 takes the largest
 * @event_fd:		eventfd that is signalled at each event of the queue, as
 *			in struct hisi_acc_event, or -1
 * @out_handle:		name of the queue
 * @out_mode:		granted mode
 * @out_reason:		why no better one of @modes was, HISI_ACC_REASON_*
 * @out_depth:		ring entries
 * @out_queue:		number of the queue, to be put into each doorbell
 * @out_db_rand:	random value, to be put into each doorbell; another
 *			one is drawn at each QUEUE_START
 * @out_db_offset:	offset of the doorbell register in its mapping
 * @out_status_offset:	offset of the queue's struct hisi_acc_queue_status
 *			in the status page
 * @out_sq_key:		mmap() offset of the submission ring
 * @out_sq_size:	bytes to map there
 * @out_cq_key:		mmap() offset of the completion ring
 * @out_cq_size:	bytes to map there
 * @out_db_key:		mmap() offset of the doorbell page
 * @out_db_size:	bytes to map there; 0: use QUEUE_DOORBELL
 * @out_pasid:		PASID of the queue's requests, 0 in HISI_ACC_MODE_DMA;
 *			in HISI_ACC_MODE_SVA the same one on every device
 * @__reserved:		0
 *
 * The queue is running when the call returns: rings zeroed, head and tail at
 * 0, expected phase 1, event armed. Ring and doorbell formats: spec.rst,
 * "Rings" and "Doorbells". Each mapping must be MAP_SHARED, of a file that is
 * open for reading and writing, start at its key and have exactly its size; it
 * is not inherited by fork().
 *
 * In HISI_ACC_MODE_DMA the whole function belongs to one address space at a
 * time, and no context may have another mode meanwhile: EBUSY. In the other
 * modes many address spaces share the function; where its doorbells lie in one
 * page (V2) only those of one user, unless the sysfs file "share" says else.
 *
 * Errors: EOPNOTSUPP none of @modes can be had (HISI_ACC_QUERY says why), or
 * unknown type; EINVAL depth, mode mask empty, @event_fd not an eventfd (EBADF
 * not open); ENOSPC (also: no PASID left, or the user's limit); EBUSY (also:
 * the context's mode is not one of @modes); ENOMEM; EIO.
 */
struct hisi_acc_queue_alloc {
	__u32 argsz;
	__u32 flags;
	__u32 modes;
	__u32 type;
	__u32 depth;
	__s32 event_fd;
	__u32 out_handle;
	__u32 out_mode;
	__u32 out_reason;
	__u32 out_depth;
	__u32 out_queue;
	__u32 out_db_rand;
	__u32 out_db_offset;
	__u32 out_status_offset;
	__aligned_u64 out_sq_key;
	__aligned_u64 out_sq_size;
	__aligned_u64 out_cq_key;
	__aligned_u64 out_cq_size;
	__aligned_u64 out_db_key;
	__aligned_u64 out_db_size;
	__u32 out_pasid;
	__u32 __reserved;
};

/**
 * struct hisi_acc_queue_free - HISI_ACC_QUEUE_FREE: stop a queue, give it back
 * @argsz:	bytes of this struct
 * @flags:	0
 * @handle:	queue
 * @__reserved:	0
 *
 * Requests in flight are finished first; a hung device is reset. Ring mappings
 * stay valid memory until they are unmapped; writes to a doorbell mapping have
 * no effect from now on. Errors: ENOENT.
 */
struct hisi_acc_queue_free {
	__u32 argsz;
	__u32 flags;
	__u32 handle;
	__u32 __reserved;
};

/**
 * struct hisi_acc_queue_query - HISI_ACC_QUEUE_QUERY: a queue's state
 * @argsz:		bytes of this struct
 * @flags:		0
 * @handle:		queue
 * @out_state:		HISI_ACC_STATE_*
 * @out_mode:		granted mode
 * @out_type:		queue type
 * @out_depth:		ring entries
 * @__reserved:		0
 * @out_events:		completion events so far
 *
 * Errors: ENOENT.
 */
struct hisi_acc_queue_query {
	__u32 argsz;
	__u32 flags;
	__u32 handle;
	__u32 out_state;
	__u32 out_mode;
	__u32 out_type;
	__u32 out_depth;
	__u32 __reserved;
	__aligned_u64 out_events;
};

/**
 * struct hisi_acc_queue_start - HISI_ACC_QUEUE_START: run a stopped queue
 * @argsz:		bytes of this struct
 * @flags:		0
 * @handle:		queue in state STOPPED or ERROR
 * @out_db_rand:	random value for the doorbells from now on
 *
 * Rings are zeroed, head and tail at 0, expected phase 1, event armed. While
 * the device is being reset the call waits. Errors: ENOENT; EBUSY the queue is
 * running; EIO; ENODEV.
 */
struct hisi_acc_queue_start {
	__u32 argsz;
	__u32 flags;
	__u32 handle;
	__u32 out_db_rand;
};

/**
 * struct hisi_acc_queue_stop - HISI_ACC_QUEUE_STOP: make a queue quiet
 * @argsz:	bytes of this struct
 * @flags:	0
 * @handle:	queue
 * @__reserved:	0
 *
 * Returns when no request of the queue is in flight and the device touches
 * neither its rings nor its buffers. Requests that were published before are
 * finished, with their completions in the ring, for at most a few seconds; a
 * device that takes longer is reset, and the state is ERROR then, with the
 * unfinished requests lost. Doorbells have no effect until QUEUE_START.
 * Stopping a stopped queue does nothing; one in state ERROR is made quiet and
 * stays in ERROR. Errors: ENOENT; ENODEV.
 */
struct hisi_acc_queue_stop {
	__u32 argsz;
	__u32 flags;
	__u32 handle;
	__u32 __reserved;
};

/**
 * struct hisi_acc_queue_event - HISI_ACC_QUEUE_EVENT: set the queue's eventfd
 * @argsz:	bytes of this struct
 * @flags:	0
 * @handle:	queue
 * @event_fd:	eventfd that replaces the one set before, or -1 for none
 *
 * Errors: ENOENT; EBADF; EINVAL not an eventfd.
 */
struct hisi_acc_queue_event {
	__u32 argsz;
	__u32 flags;
	__u32 handle;
	__s32 event_fd;
};

/* QUEUE_DOORBELL flags */
#define HISI_ACC_DOORBELL_CQ	(1U << 0)	/* CQ head, else SQ tail */
#define HISI_ACC_DOORBELL_ARM	(1U << 1)	/* with CQ: arm the event */

/**
 * struct hisi_acc_queue_doorbell - HISI_ACC_QUEUE_DOORBELL: ring by system call
 * @argsz:	bytes of this struct
 * @flags:	HISI_ACC_DOORBELL_*
 * @handle:	queue
 * @index:	new SQ tail or CQ head, less than the depth
 *
 * Does what a store to the mapped doorbell does; works on every queue.
 * Errors: ENOENT; EINVAL index; EIO the queue is not running; ENODEV.
 */
struct hisi_acc_queue_doorbell {
	__u32 argsz;
	__u32 flags;
	__u32 handle;
	__u32 index;
};

/* MEM_PIN flags */
#define HISI_ACC_MEM_READ_ONLY	(1U << 0)	/* the device only reads it */
#define HISI_ACC_MEM_ON_DEMAND	(1U << 1)	/* pin only if the mode needs it */
#define HISI_ACC_MEM_WATCH	(1U << 2)	/* tell when it goes stale */

/**
 * struct hisi_acc_mem_pin - HISI_ACC_MEM_PIN: make user memory known
 * @argsz:	bytes of this struct
 * @flags:	HISI_ACC_MEM_*
 * @addr:	start of the memory, any alignment
 * @size:	bytes, at least 1
 * @modes:	mask of acceptable HISI_ACC_MODE_*, as in QUEUE_ALLOC
 * @__reserved:	0
 * @out_handle:	name of the registration
 * @out_mode:	granted mode
 * @out_iova:	device address of the byte at @addr; the range is contiguous.
 *		In HISI_ACC_MODE_SVA and HISI_ACC_MODE_PASID it is @addr.
 *
 * Whole pages are pinned for as long as the registration lives, and charged
 * to the process' locked memory (RLIMIT_MEMLOCK, CAP_IPC_LOCK exempts). Pages
 * that two registrations share are charged twice, in HISI_ACC_MODE_PASID once.
 * What munmap() and the like do to the range later does not change which pages
 * are pinned. With HISI_ACC_MEM_WATCH the registration is then marked as stale
 * in the status page, before the call that changed the range returns: munmap(),
 * mremap(), mmap() over it, MADV_DONTNEED, truncation of the file, and whatever
 * else takes a page out of the process' table, if only for a moment, as a try to
 * move it does (move_pages(), KSM). fork(), mprotect() and NUMA balancing leave
 * the pages where they are and do not count, unless a huge page comes apart on the
 * occasion. A registration that pins nothing is never stale.
 *
 * HISI_ACC_MODE_DMA: the function then belongs to the caller's address space,
 * as with a queue. HISI_ACC_MODE_PASID: one address stands for one page, so
 * registrations that overlap must agree on HISI_ACC_MEM_READ_ONLY, and the
 * memory must not have changed since the first of them. HISI_ACC_MODE_SVA: the
 * device reaches the memory anyway; pinning makes it stay where it is: it is
 * not swapped out, moved, or copied by fork(), and no access waits for one of
 * those. While the kernel tries to move such a page (move_pages(), KSM), and
 * finds that it cannot, an access may wait for that moment; where this is too
 * much, HISI_ACC_MODE_PASID knows no page faults at all. HISI_ACC_MEM_ON_DEMAND
 * leaves the pinning away: then nothing is charged.
 *
 * Errors: EINVAL size 0, range wraps, size over out_mem_size_max, mode mask
 * empty; EFAULT not mapped, or not writable without HISI_ACC_MEM_READ_ONLY;
 * EOPNOTSUPP none of @modes can be had, or memory that cannot be pinned for
 * long or lies where the IOMMU has a window of its own; ENOMEM; ENOSPC; EBUSY
 * (also: overlap as above, or the context's mode is not one of @modes).
 */
struct hisi_acc_mem_pin {
	__u32 argsz;
	__u32 flags;
	__aligned_u64 addr;
	__aligned_u64 size;
	__u32 modes;
	__u32 __reserved;
	__u32 out_handle;
	__u32 out_mode;
	__aligned_u64 out_iova;
};

/**
 * struct hisi_acc_mem_import - HISI_ACC_MEM_IMPORT: make a dma-buf known
 * @argsz:	bytes of this struct
 * @flags:	HISI_ACC_MEM_READ_ONLY
 * @fd:		the dma-buf; it may be closed afterwards
 * @modes:	mask of acceptable HISI_ACC_MODE_*, as in QUEUE_ALLOC
 * @addr:	HISI_ACC_MODE_DMA: ignored. HISI_ACC_MODE_SVA: where the caller
 *		has mapped the buffer; the device goes by that mapping.
 *		HISI_ACC_MODE_PASID: address space of the caller that holds
 *		nothing registered, most likely the buffer's mapping as well.
 *		A multiple of the page size, not 0.
 * @offset:	first byte of the buffer, a multiple of the page size
 * @size:	bytes from there on; 0: as many as there are
 * @out_handle:	name of the registration, for MEM_UNPIN
 * @out_mode:	granted mode
 * @out_iova:	device address of the byte at @offset; the range is contiguous.
 *		In HISI_ACC_MODE_SVA and HISI_ACC_MODE_PASID it is @addr.
 * @out_size:	bytes of the registration
 *
 * Nothing is charged to the caller: the memory is the exporter's. Where the
 * exporter moves or takes back the buffer, the device loses it first: requests
 * that are using it complete with an error, and the registration is stale (see
 * hisi_acc_status) until it is given back and made anew. What the exporter has
 * begun (moving, clearing) is waited for; the work of other devices on the
 * buffer is not: poll() on the dma-buf says when that is over. The device is
 * coherent with the CPU; the exporter may want DMA_BUF_IOCTL_SYNC around CPU
 * accesses all the same.
 *
 * Errors: EBADF, EINVAL @fd is no dma-buf; EINVAL @addr, @offset or @size not as
 * above or outside the buffer, or larger than out_mem_size_max; EOPNOTSUPP none
 * of @modes can be had, or the exporter's memory is out of the device's reach;
 * EBUSY (@addr holds something, or as in MEM_PIN); EACCES @fd is read-only and
 * HISI_ACC_MEM_READ_ONLY is not set; ENOMEM; ENOSPC; what the exporter says.
 */
struct hisi_acc_mem_import {
	__u32 argsz;
	__u32 flags;
	__s32 fd;
	__u32 modes;
	__aligned_u64 addr;
	__aligned_u64 offset;
	__aligned_u64 size;
	__u32 out_handle;
	__u32 out_mode;
	__aligned_u64 out_iova;
	__aligned_u64 out_size;
};

/**
 * struct hisi_acc_mem_alloc - HISI_ACC_MEM_ALLOC: a buffer of the driver's
 * @argsz:	bytes of this struct
 * @flags:	0
 * @modes:	mask of acceptable HISI_ACC_MODE_*, as in QUEUE_ALLOC
 * @__reserved:	0
 * @size:	bytes, at least 1, rounded up to whole pages
 * @addr:	HISI_ACC_MODE_DMA: ignored. HISI_ACC_MODE_SVA and _PASID: where
 *		the caller is going to map it, a multiple of the page size, not
 *		0; reserve it by an mmap() with PROT_NONE.
 * @out_handle:	name of the registration, for MEM_UNPIN and MEM_EXPORT
 * @out_mode:	granted mode
 * @out_iova:	device address; in HISI_ACC_MODE_SVA and HISI_ACC_MODE_PASID @addr
 * @out_size:	bytes of the buffer
 * @out_key:	mmap() offset, as with a queue's rings; MAP_SHARED, the whole
 *		buffer, not inherited by fork()
 *
 * The memory is zeroed, does not swap or move, and is charged to the process'
 * locked memory like a pin until nobody uses it any more: the registration, its
 * mappings and the dma-bufs made of it. As these can outlive the process, it
 * counts against the limit in what all buffers of the user have together, too.
 * Buffers of 2 MiB and more are made of huge pages where there are any.
 *
 * Errors: EINVAL @size 0 or over out_mem_size_max, @addr not as above, mode mask
 * empty; EOPNOTSUPP none of @modes can be had; ENOMEM (also: RLIMIT_MEMLOCK);
 * ENOSPC; EBUSY (@addr holds something registered, or as in MEM_PIN).
 */
struct hisi_acc_mem_alloc {
	__u32 argsz;
	__u32 flags;
	__u32 modes;
	__u32 __reserved;
	__aligned_u64 size;
	__aligned_u64 addr;
	__u32 out_handle;
	__u32 out_mode;
	__aligned_u64 out_iova;
	__aligned_u64 out_size;
	__aligned_u64 out_key;
};

/**
 * struct hisi_acc_mem_export - HISI_ACC_MEM_EXPORT: a dma-buf of a buffer
 * @argsz:	bytes of this struct
 * @flags:	0
 * @handle:	registration, from MEM_ALLOC
 * @out_fd:	a new dma-buf, close-on-exec, for reading and writing
 *
 * The dma-buf keeps the buffer alive, whatever becomes of the context and of
 * the device. It can be mapped, and imported by other devices, this one and
 * other contexts included. Errors: ENOENT; EOPNOTSUPP not from MEM_ALLOC;
 * EMFILE; ENOMEM.
 */
struct hisi_acc_mem_export {
	__u32 argsz;
	__u32 flags;
	__u32 handle;
	__s32 out_fd;
};

/**
 * struct hisi_acc_mem_unpin - HISI_ACC_MEM_UNPIN: give a registration back
 * @argsz:	bytes of this struct
 * @flags:	0
 * @handle:	registration, of whatever origin
 * @__reserved:	0
 *
 * When it returns the device cannot reach the memory any more; a request that
 * still uses it completes with an error. Mappings of a buffer from MEM_ALLOC
 * stay valid memory until they are unmapped. Errors: ENOENT.
 */
struct hisi_acc_mem_unpin {
	__u32 argsz;
	__u32 flags;
	__u32 handle;
	__u32 __reserved;
};

/**
 * struct hisi_acc_event - what read() returns, as many as fit
 * @handle:	queue with news
 * @flags:	HISI_ACC_EVENT_*
 *
 * A completion event is described below; a state event says that the queue has
 * gone to ERROR. poll() reports POLLIN while there is something to read. read()
 * takes it and blocks while there is nothing, unless O_NONBLOCK is set (EAGAIN).
 * A buffer smaller than one event: EINVAL. poll() adds POLLERR while a queue of
 * the context is in state ERROR, POLLERR and POLLHUP when the device is gone.
 *
 * A completion event is one-shot: the device raises it for the first
 * completion after the queue was started or armed. Arming (CQ doorbell with
 * the arm bit) raises it at once if the ring is not empty, so that the
 * sequence arm, look at the ring, sleep loses nothing.
 */
struct hisi_acc_event {
	__u32 handle;
	__u32 flags;
};

#define HISI_ACC_EVENT_COMPLETION	(1U << 0)
#define HISI_ACC_EVENT_STATE		(1U << 1)	/* queue state changed */

/**
 * struct hisi_acc_status - head of the status page, mapped read-only
 * @state:		HISI_ACC_STATE_* of the device
 * @reset_generation:	resets of the device so far
 * @mem_generation:	stale bits that were set so far, modulo 2^32
 * @__reserved:		0
 *
 * Words change at any time; read each once, as a 32-bit load.
 *
 * At out_stale_offset there is an array of 32-bit words with a bit for each
 * registration that a context can have: bit (handle - 1) % 32 of word (handle -
 * 1) / 32. It is set when the registration goes stale, and then
 * mem_generation grows; read that word with acquire semantics and before the
 * bits. A new registration's bit is 0.
 */
struct hisi_acc_status {
	__u32 state;
	__u32 reset_generation;
	__u32 mem_generation;
	__u32 __reserved[13];
};

/**
 * struct hisi_acc_queue_status - one queue, at its out_status_offset
 * @state:		HISI_ACC_STATE_* of the queue
 * @generation:		changes of @state so far
 * @events:		completion events so far, modulo 2^32
 * @__reserved:		0
 */
struct hisi_acc_queue_status {
	__u32 state;
	__u32 generation;
	__u32 events;
	__u32 __reserved;
};

#endif /* _UAPI_HISI_ACC_H */
