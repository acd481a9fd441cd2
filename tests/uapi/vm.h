/* SPDX-License-Identifier: GPL-2.0 */
/* What the kernel does to the pages of a process, here at the test's word. */
#ifndef TESTS_UAPI_VM_H
#define TESTS_UAPI_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Compressed memory to swap to, until the guest ends; false if there is none. */
bool vm_swap_on(void);

/* Nodes with memory; "numa=fake=2" makes two. */
int vm_nodes(void);
/* Migrates pages to a node, 1024 at most; how many are there now. */
int vm_move(void *data, size_t pages, int node);

/* Which page of the machine's memory this is; 0 for none. Needs root. */
uint64_t vm_frame(const void *page);

/*
 * A memory cgroup for this process and all that it will have, and the reclaim
 * of all of it that can be reclaimed.
 */
bool vm_enter_cgroup(void);
/* How much it may have; 0: as much as there is. */
bool vm_limit_cgroup(size_t size);
void vm_reclaim(void);

/* Makes equal pages of MADV_MERGEABLE ranges one; false if it cannot. */
bool vm_merge(void);

/* Makes a range of HUGE one huge page, or small ones again. */
bool vm_collapse(void *data);
void vm_split(void *data);

#endif /* TESTS_UAPI_VM_H */
