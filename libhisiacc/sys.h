/* SPDX-License-Identifier: MIT */
/*
 * Everything that the library asks of the operating system. Each function
 * gives 0, a count or a negative errno. Unit tests put their own in place.
 */
#ifndef HISIACC_SYS_H
#define HISIACC_SYS_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hisiacc.h"

int hisiacc_sys_list(char (**names)[HISIACC_NAME_SIZE], unsigned int *count);
int hisiacc_sys_open(const char *path);
void hisiacc_sys_close(int fd);
int hisiacc_sys_ioctl(int fd, unsigned long request, void *arg);
int hisiacc_sys_read(int fd, void *buf, size_t size);
int hisiacc_sys_map(int fd, uint64_t key, uint64_t size, int prot, void **out);
int hisiacc_sys_map_anon(size_t size, void **out);
/* Over what is there already. */
int hisiacc_sys_map_at(void *addr, int fd, uint64_t key, uint64_t size,
		       int prot);
/* Addresses that nothing else gets and that nobody can touch. */
int hisiacc_sys_reserve(size_t size, void **out);
void hisiacc_sys_unmap(void *addr, uint64_t size);
int hisiacc_sys_eventfd(void);
int hisiacc_sys_dup(int fd);
/* Bytes of a dma-buf. */
int hisiacc_sys_size(int fd, uint64_t *size);
/* A dma-buf of a GEM object. */
int hisiacc_sys_prime_fd(int drm_fd, uint32_t handle, bool write);
/* timeout_ns: a duration, UINT64_MAX for none; -EINTR is passed on. */
int hisiacc_sys_poll(struct pollfd *fds, unsigned int count,
		     uint64_t timeout_ns);
uint64_t hisiacc_sys_now(void);
size_t hisiacc_sys_page_size(void);

#endif /* HISIACC_SYS_H */
