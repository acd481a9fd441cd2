/* SPDX-License-Identifier: MIT */
/*
 * hisi-doctor: what keeps a program from the accelerators of this machine, or
 * from a better memory mode, and what to change first.
 *
 *	doctor.c		options, what was found, the conclusion
 *	doctor_file.c		reading /sys and /proc
 *	doctor_kernel.c		kernel, module, limits
 *	doctor_pci.c		the functions, their drivers, their IOMMU
 *	doctor_device.c		the device nodes and their memory modes
 *	doctor_trial.c		work for a device, to see whether it does it
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <hisiacc.h>

/* ---- doctor.c ---- */

/* What was found, in the order in which it has to be changed. */
enum doc_rank {
	DOC_MODULE,	/* nothing of ours is there */
	DOC_DRIVER,	/* nobody drives a function */
	DOC_TAKEN,	/* somebody else does; all right if we have another one */
	DOC_SETTING,	/* an administrator does not want it */
	DOC_IOMMU,	/* a function must not do what programs ask */
	DOC_NODE,	/* this user may not */
	DOC_LIMIT,	/* this user may not enough */
	DOC_WORK,	/* it does not do what it is asked */
	DOC_BETTER	/* all is well, and more could be had */
};

/* @what is wrong with @subject; subjects with the same cure are put together. */
void doc_find(enum doc_rank rank, const char *subject, const char *cure,
	      const char *what, ...) __attribute__((format(printf, 4, 5)));
/* A reason, with the cure that fits this machine; @subject begins with a name. */
void doc_find_reason(enum doc_rank rank, const char *subject, uint32_t reason);
/* A device that programs can use. */
void doc_count_usable(void);

/* ---- doctor_file.c: paths are formats, below the root that was chosen ---- */

#define DOC_NAME	64

void doc_set_root(const char *root);
/* Are these the files of the machine that this program runs on? */
bool doc_is_here(void);
bool doc_exists(const char *path, ...) __attribute__((format(printf, 1, 2)));
/* Text of a file, without the end of its last line. */
bool doc_read(char *text, size_t size, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
/* Last part of what a symbolic link points to. */
bool doc_link(char *text, size_t size, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
/* Bytes read of a binary file. */
size_t doc_bytes(void *data, size_t size, const char *path, ...)
	__attribute__((format(printf, 3, 4)));
/* What follows @key in the first line that starts with it. */
bool doc_line(char *text, size_t size, const char *key, const char *path, ...)
	__attribute__((format(printf, 4, 5)));
/* Does a line have @word in it? */
bool doc_mentions(const char *word, const char *path, ...)
	__attribute__((format(printf, 2, 3)));
/* Names in a folder, in order; the caller frees them. */
unsigned int doc_list(char (**names)[DOC_NAME], const char *path, ...)
	__attribute__((format(printf, 2, 3)));

/* ---- doctor_kernel.c ---- */

void doc_look_at_kernel(void);
void doc_look_at_limits(void);
/* Is the module loaded? */
bool doc_look_at_module(void);
/* What to do if it is not. */
const char *doc_module_cure(void);
/* The boot argument that is behind a reason, or NULL. */
const char *doc_guilty_argument(uint32_t reason);
/* Has this user so little locked memory that requests are small ones? */
bool doc_memory_is_short(void);

/* ---- doctor_pci.c ---- */

/* The number of functions; @loaded: the module is. */
unsigned int doc_look_at_functions(bool loaded);

/* ---- doctor_device.c ---- */

/* @trial: give them work. */
void doc_look_at_devices(bool trial);

/* ---- doctor_trial.c ---- */

/*
 * Has the device compress and restore something in a mode. 0: it does; a
 * negative errno of the library; 1: what came back is wrong.
 */
int doc_try(const char *name, enum hisiacc_mode mode);

#endif /* DOCTOR_H */
