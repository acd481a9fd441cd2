/* SPDX-License-Identifier: MIT */
/**
 * DOC: libhisiacc, memory
 *
 * What a device is to work on: pointers, registrations, buffers, dma-bufs. Part
 * of hisiacc.h, which includes it.
 */
#ifndef HISIACC_MEM_H
#define HISIACC_MEM_H

#include "hisiacc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Memory that requests name by a pointer ---- */

/*
 * In PASID and DMA mode, memory that comes without a registration (a member mem
 * is NULL) is registered in whole pages when a request first uses it, and stays
 * so as long as there is room. The kernel watches it: what the program unmaps,
 * remaps or throws away is registered anew when it is used again. A request
 * whose memory is known makes no system call.
 *
 * Memory belongs to a request from the call that prepares it until its
 * completion is taken: until then it must not be unmapped or replaced. Any memory
 * will do that can be pinned: stack, heap, files, shared memory. Memory that
 * cannot (such as a shared mapping of a file on a disk, as a destination) is
 * refused by hisiacc_zip_prep() with -EOPNOTSUPP, while the calls that wait and
 * the streams copy it.
 *
 * Registered memory counts against the limit of locked memory (RLIMIT_MEMLOCK).
 * What no request uses gives way to what one wants.
 */

/**
 * struct hisiacc_cache_attr - how much of such memory stays registered
 * @size:	sizeof(struct hisiacc_cache_attr)
 * @entries:	most registrations, at most mems_max of hisiacc_ctx_info(); 0:
 *		none at all, memory without a registration is refused
 * @bytes:	most bytes; 0 stands for 256 MiB, as in a new context
 *
 * A new context has 1024 entries, or mems_max if that is less.
 */
struct hisiacc_cache_attr {
	uint32_t size;
	uint32_t entries;
	uint64_t bytes;
};

/**
 * hisiacc_ctx_set_cache() - bound what stays registered
 * @ctx:	context
 * @attr:	new bounds
 *
 * At any time. Gives back at once what exceeds the bounds and is not in use.
 *
 * Return: 0; -EINVAL @attr->size is wrong; -EOPNOTSUPP the driver cannot watch
 * memory, so that there is no cache (entries of 0 are always accepted).
 */
int hisiacc_ctx_set_cache(struct hisiacc_ctx *ctx,
			  const struct hisiacc_cache_attr *attr);

/**
 * struct hisiacc_cache_info - what is registered behind requests
 * @size:		sizeof(struct hisiacc_cache_info)
 * @entries:		registrations, those that have gone stale and are still
 *			used by requests included
 * @entries_max:	the bound; 0: there is no cache
 * @reserved:		0
 * @bytes:		bytes of these registrations; pages that several share
 *			count for each
 * @bytes_max:		the bound
 * @registrations:	made since the context was opened
 * @evictions:		given back to make room, or as part of a larger one
 * @stale:		given up because the program had changed the memory
 *
 * hisiacc_queue_stats() has the hits and misses.
 */
struct hisiacc_cache_info {
	uint32_t size;
	uint32_t entries;
	uint32_t entries_max;
	uint32_t reserved;
	uint64_t bytes;
	uint64_t bytes_max;
	uint64_t registrations;
	uint64_t evictions;
	uint64_t stale;
};

/**
 * hisiacc_ctx_cache_info() - ask what is registered behind requests
 * @ctx:	context
 * @info:	filled; @info->size is set by the caller
 *
 * No system call. Return: 0; -EINVAL @info->size is too small.
 */
int hisiacc_ctx_cache_info(struct hisiacc_ctx *ctx,
			   struct hisiacc_cache_info *info);

/**
 * hisiacc_ctx_cache_flush() - give back what no request and no list uses
 * @ctx:	context
 *
 * Before a phase in which the program wants its locked memory for something
 * else, say. Nothing else needs it.
 *
 * Return: number of registrations that are still in use.
 */
unsigned int hisiacc_ctx_cache_flush(struct hisiacc_ctx *ctx);

/* ---- Memory ---- */

/** The device reads this memory and never writes it. */
#define HISIACC_MEM_READ_ONLY	(1u << 0)

/** Pin the pages in SVA mode, too: they are there when the device wants them. */
#define HISIACC_MEM_PIN		(1u << 1)

/** A buffer that hisiacc_mem_export() makes a dma-buf of. */
#define HISIACC_MEM_EXPORTABLE	(1u << 2)

/**
 * hisiacc_mem_register() - make memory of the program known to the device
 * @ctx:	context
 * @addr:	start, of any alignment
 * @size:	bytes, at least 1
 * @flags:	HISIACC_MEM_READ_ONLY, which constant data needs; HISIACC_MEM_PIN
 * @out:	the registration; hisiacc_mem_free() gives it back
 *
 * In PASID and DMA mode the pages are pinned and charged to the process' locked
 * memory (RLIMIT_MEMLOCK). Do not unmap or remap the range while it is
 * registered: the device would go on seeing the old pages. May take long for
 * large ranges.
 *
 * In SVA mode the device reaches all memory of the process anyway, and follows
 * what the process does to it. The registration is good for requests that name
 * it, so that a program is the same for all modes; it pins and charges nothing,
 * nor does it look at the memory. With HISIACC_MEM_PIN it pins and charges as
 * above, for requests that are not to wait for memory. (While the kernel tries
 * to move a pinned page in vain, an access may wait for that moment; in PASID
 * mode none does.)
 *
 * In any mode, a first registration decides the context's mode as a first queue
 * does; see hisiacc_ctx_set_modes().
 *
 * Return: 0; -EINVAL @size is 0 or too large, or the range wraps; -EFAULT not
 * mapped, or not writable; -EOPNOTSUPP unknown flag, none of the modes can be
 * had (hisiacc_ctx_info() tells why), or memory that cannot be pinned; -ENOMEM
 * no memory, or RLIMIT_MEMLOCK; -ENOSPC too many registrations, no PASID left,
 * or the user's limit; -EBUSY somebody else's use of the device is in the way,
 * or, in PASID mode, another registration of the same pages that is read-only
 * where this one is not, or was made before they changed; -EPERM; -ENODEV.
 */
int hisiacc_mem_register(struct hisiacc_ctx *ctx, void *addr, size_t size,
			 uint32_t flags, struct hisiacc_mem **out);

/**
 * hisiacc_mem_alloc() - memory that the device knows
 * @ctx:	context
 * @size:	bytes, at least 1; rounded up to whole pages
 * @flags:	HISIACC_MEM_PIN, HISIACC_MEM_EXPORTABLE
 * @out:	the memory, zeroed, page aligned, in huge pages where the
 *		system gives them for the asking; hisiacc_mem_free() frees it
 *
 * A forked child does not have the memory, so that fork() copies none of it.
 * With HISIACC_MEM_EXPORTABLE the memory is the driver's, is charged in SVA
 * mode, too, and lives on in what is made of it by hisiacc_mem_export().
 *
 * Return: as hisiacc_mem_register(); -EOPNOTSUPP also if the driver has no
 * such buffers.
 */
int hisiacc_mem_alloc(struct hisiacc_ctx *ctx, size_t size, uint32_t flags,
		      struct hisiacc_mem **out);

/**
 * hisiacc_mem_free() - end a registration, free allocated memory
 * @mem:	from hisiacc_mem_register(), hisiacc_mem_alloc() or
 *		hisiacc_mem_import(), or NULL
 *
 * When it returns the device cannot reach the memory any more, and a request
 * that still uses it completes with an error; but in SVA mode the device goes on
 * reaching what the process reaches. Memory that was registered stays with the
 * program, as it is.
 */
void hisiacc_mem_free(struct hisiacc_mem *mem);

/**
 * hisiacc_mem_import() - make a dma-buf known to the device
 * @ctx:	context
 * @fd:		the dma-buf; it stays the caller's and may be closed afterwards
 * @offset:	where in the buffer to begin, a multiple of the page size
 * @size:	bytes from there on; 0: to the end
 * @flags:	0 or HISIACC_MEM_READ_ONLY, which an fd without the right to
 *		write needs
 * @out:	the memory; hisiacc_mem_free() gives it back
 *
 * The buffer is mapped for the CPU, at hisiacc_mem_addr(), if its exporter
 * allows that. If not, that address must not be touched; it does to name the
 * memory in a request of hisiacc_zip_prep() in raw deflate format, for which
 * the CPU has nothing to write or read, and everything else gives -EFAULT.
 *
 * Nothing is charged. A forked child has the mapping and nothing else of it.
 *
 * Return: 0; -EBADF; -EINVAL @fd is no dma-buf, or the range is not inside it or
 * not aligned; -EACCES @fd is read-only; -EOPNOTSUPP unknown flag, the driver
 * does not do that, none of the modes can be had, the device does not reach the
 * memory, or, in SVA mode, the CPU does not; -ENOMEM; -ENOSPC; -EBUSY; -EMFILE;
 * -EPERM; -ENODEV; or what the exporter says.
 */
int hisiacc_mem_import(struct hisiacc_ctx *ctx, int fd, uint64_t offset,
		       size_t size, uint32_t flags, struct hisiacc_mem **out);

/**
 * hisiacc_mem_import_gem() - make a GEM object known to the device
 * @ctx:	context
 * @drm_fd:	of the DRM device that the object belongs to
 * @gem_handle:	the object
 * @flags:	as hisiacc_mem_import()
 * @out:	as hisiacc_mem_import()
 *
 * Makes a dma-buf of the object (PRIME) and imports all of it.
 *
 * Return: as hisiacc_mem_import(); -ENOENT no such object; -ENOSYS, -EOPNOTSUPP
 * that DRM device has no PRIME.
 */
int hisiacc_mem_import_gem(struct hisiacc_ctx *ctx, int drm_fd,
			   uint32_t gem_handle, uint32_t flags,
			   struct hisiacc_mem **out);

/**
 * hisiacc_mem_export() - make a dma-buf of a buffer
 * @mem:	from hisiacc_mem_alloc() with HISIACC_MEM_EXPORTABLE
 * @fd:		a new file descriptor, close-on-exec, the caller's; -1 on failure
 *
 * It keeps the memory alive, whatever becomes of @mem, the context and the
 * device. Other devices can import it, and other contexts of this one.
 *
 * Return: 0; -EOPNOTSUPP not such memory; -EMFILE; -ENOMEM.
 */
int hisiacc_mem_export(const struct hisiacc_mem *mem, int *fd);

/* What the CPU is going to do, or has done. */
#define HISIACC_CPU_READ	(1u << 0)
#define HISIACC_CPU_WRITE	(1u << 1)

/**
 * hisiacc_mem_begin_cpu() - the CPU is going to read or write the memory
 * @mem:	memory
 * @access:	HISIACC_CPU_*, at least one
 *
 * For imported memory, whose exporter may want to know (DMA_BUF_IOCTL_SYNC):
 * before the CPU touches it, and hisiacc_mem_end_cpu() afterwards. Waits for
 * other devices that are working on it. Does nothing for other memory.
 *
 * Return: 0; -EINVAL @access; -EOPNOTSUPP the CPU does not reach the memory; or
 * what the exporter says.
 */
int hisiacc_mem_begin_cpu(const struct hisiacc_mem *mem, uint32_t access);

/** hisiacc_mem_end_cpu() - and has done so; as hisiacc_mem_begin_cpu() */
int hisiacc_mem_end_cpu(const struct hisiacc_mem *mem, uint32_t access);

/**
 * hisiacc_mem_is_stale() - has the exporter moved imported memory away?
 * @mem:	memory
 *
 * One load, no system call. Requests that use such memory complete with an
 * error; hisiacc_mem_refresh() makes it good again.
 *
 * Return: 1 or 0; 0 for memory that was not imported.
 */
int hisiacc_mem_is_stale(const struct hisiacc_mem *mem);

/**
 * hisiacc_mem_refresh() - import stale memory anew
 * @mem:	memory that no request in flight and no scatter list uses
 *
 * Its address stays the same, while hisiacc_mem_iova() may change.
 *
 * Return: 0, also if it was not stale; else as hisiacc_mem_import(): requests
 * with this memory give -EFAULT until a later call succeeds.
 */
int hisiacc_mem_refresh(struct hisiacc_mem *mem);

/** hisiacc_mem_addr() - start of the memory */
void *hisiacc_mem_addr(const struct hisiacc_mem *mem);

/** hisiacc_mem_size() - bytes: as registered, or as allocated after rounding */
size_t hisiacc_mem_size(const struct hisiacc_mem *mem);

/** hisiacc_mem_iova() - where the device has its start */
uint64_t hisiacc_mem_iova(const struct hisiacc_mem *mem);

#ifdef __cplusplus
}
#endif

#endif /* HISIACC_MEM_H */
