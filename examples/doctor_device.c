// SPDX-License-Identifier: MIT
/* The devices: their nodes, their limits, their memory modes. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "doctor.h"

#define CLASS	"/sys/class/hisi_acc"

/* ---- Nodes ---- */

static void print_node(const char *path, const struct stat *st)
{
	struct passwd *user = getpwuid(st->st_uid);
	struct group *group = getgrgid(st->st_gid);

	printf("%s: %s:%s, mode %04o", path, user ? user->pw_name : "?",
	       group ? group->gr_name : "?", (unsigned int)st->st_mode & 07777);
}

static void find_no_access(const char *name, const struct stat *st)
{
	struct group *group = getgrgid(st->st_gid);
	char cure[256];

	if (st->st_gid && group && (st->st_mode & 060) == 060)
		snprintf(cure, sizeof(cure), "as root, adduser USER %s; then log "
			 "in anew", group->gr_name);
	else
		snprintf(cure, sizeof(cure), "as root, install the udev rule (make "
			 "install), run systemd-sysusers, udevadm control "
			 "--reload, udevadm trigger -s hisi_acc");
	doc_find(DOC_NODE, name, cure, "this user may not open its node");
}

/* May this user open the node? */
static bool look_at_node(const char *name)
{
	char path[128], dev[32], number[32];
	struct stat st;

	snprintf(path, sizeof(path), "/dev/hisi_acc/%s", name);
	doc_read(dev, sizeof(dev), CLASS "/%s/dev", name);
	if (stat(path, &st)) {
		printf("%s: %s\n", path, strerror(errno));
		doc_find(DOC_NODE, name, "mount devtmpfs on /dev; in a container, "
			 "let it have the node", "it has no node");
		return false;
	}
	print_node(path, &st);
	snprintf(number, sizeof(number), "%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	if (!S_ISCHR(st.st_mode) || strcmp(dev, number)) {
		printf(", not the device's\n");
		doc_find(DOC_NODE, name, "remove /dev/hisi_acc and mount devtmpfs "
			 "on /dev", "its node is another device's");
		return false;
	}
	if (access(path, R_OK | W_OK)) {
		printf(", not for this user\n");
		find_no_access(name, &st);
		return false;
	}
	printf(", may be opened\n");
	return true;
}

static void print_settings(const char *name)
{
	static const char *const files[] = {
		"modes", "share", "user_queues_max", "user_pasids_max",
		"queues_free", "pinned_pages",
	};
	char text[64];
	const char *separator = "  settings and use: ";
	unsigned int i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (!doc_exists(CLASS "/%s/%s", name, files[i]))
			continue;
		doc_read(text, sizeof(text), CLASS "/%s/%s", name, files[i]);
		printf("%s%s=\"%s\"", separator, files[i], text);
		separator = " ";
	}
	printf("\n");
}

/* ---- Modes ---- */

struct mode {
	enum hisiacc_mode mode;
	uint32_t reason;
};

/*
 * What a trial gave: is the mode one that programs can use? @needed: no better
 * one is.
 */
static bool judge(const char *name, const struct mode *mode, int result,
		  bool needed)
{
	const char *text = hisiacc_mode_text(mode->mode);

	switch (result) {
	case 0:
		printf("  mode %s: works\n", text);
		return true;
	case -EBUSY:
		printf("  mode %s: granted by this machine, but not now: %s\n",
		       text, hisiacc_reason_text(HISIACC_REASON_BUSY));
		return true;
	case -ENOSPC:
		printf("  mode %s: granted by this machine, but not now: no "
		       "queue is free, or no PASID, or this user has as many "
		       "as a user may have\n", text);
		return true;
	case -ENOMEM:
		printf("  mode %s: granted, but this user may not lock 64 KiB "
		       "of memory\n", text);
		if (needed)
			doc_find(DOC_LIMIT, name, "raise the limit of locked "
				 "memory (ulimit -l; memlock in /etc/security/"
				 "limits.conf, LimitMEMLOCK= of a service)",
				 "this user has no memory to lock");
		return false;
	case 1:
		printf("  mode %s: granted, but what comes back is wrong\n",
		       text);
		doc_find(DOC_WORK, name, "do not use it, and report it with the "
			 "kernel's log", "mode %s: data comes back wrong", text);
		return false;
	default:
		printf("  mode %s: granted, but fails: %s\n", text,
		       strerror(-result));
		doc_find(DOC_WORK, name, "see the kernel's log",
			 "mode %s: work for it fails: %s", text,
			 strerror(-result));
		return false;
	}
}

/* Prints what is to be said of a mode; can programs use it? @needed: likewise. */
static bool look_at_mode(const char *name, const struct hisiacc_ctx_info *info,
			 const struct mode *mode, bool needed, bool trial)
{
	const char *text = hisiacc_mode_text(mode->mode);

	if (!(info->modes & mode->mode)) {
		printf("  mode %s: no, %s\n", text,
		       hisiacc_reason_text(mode->reason));
		return false;
	}
	if (mode->reason) {
		printf("  mode %s: granted by this machine, but not now: %s\n",
		       text, hisiacc_reason_text(mode->reason));
		return true;
	}
	if (!trial || info->engine != HISIACC_ENGINE_ZIP) {
		printf("  mode %s: granted\n", text);
		return true;
	}
	return judge(name, mode, doc_try(name, mode->mode), needed);
}

static void find_reasons(enum doc_rank rank, const char *name,
			 const struct mode *modes, unsigned int count)
{
	char subject[DOC_NAME + 16];
	unsigned int i;

	if (count == 3 && modes[0].reason == modes[1].reason &&
	    modes[1].reason == modes[2].reason && modes[0].reason) {
		doc_find_reason(rank, name, modes[0].reason);
		return;
	}
	for (i = 0; i < count; i++) {
		snprintf(subject, sizeof(subject), "%s (%s)", name,
			 hisiacc_mode_text(modes[i].mode));
		if (modes[i].reason)
			doc_find_reason(rank, subject, modes[i].reason);
	}
}

/* The modes from the best one on: one that works makes the others unimportant. */
static void look_at_modes(const char *name, const struct hisiacc_ctx_info *info,
			  bool trial)
{
	const struct mode modes[] = {
		{ HISIACC_MODE_SVA, info->sva_reason },
		{ HISIACC_MODE_PASID, info->pasid_reason },
		{ HISIACC_MODE_DMA, info->dma_reason },
	};
	unsigned int i, best = 3;

	for (i = 0; i < 3; i++)
		if (look_at_mode(name, info, &modes[i], best == 3, trial) &&
		    best == 3)
			best = i;
	if (best < 3)
		doc_count_usable();
	/* A mode that is granted and does not work has its own finding. */
	find_reasons(info->modes ? DOC_BETTER : DOC_IOMMU, name, modes, best);
	if ((best == 1 || best == 2) && doc_memory_is_short())
		doc_find(DOC_BETTER, name, "raise the limit of locked memory "
			 "(ulimit -l)", "programs of this user can have small "
			 "buffers only");
}

static void look_at_device(const char *name, bool trial)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	struct hisiacc_ctx *ctx;
	int err;

	err = hisiacc_open(name, &ctx);
	if (!err) {
		err = hisiacc_ctx_info(ctx, &info);
		hisiacc_close(ctx);
	}
	if (err) {
		printf("  cannot be asked: %s\n", strerror(-err));
		doc_find(DOC_WORK, name, err == -EPROTO ?
			 "update module and library together" :
			 "see the kernel's log", "it cannot be asked: %s",
			 strerror(-err));
		return;
	}
	printf("  %s, hardware version %u, %u queues\n",
	       hisiacc_engine_text(info.engine), info.hw_version, info.queues);
	look_at_modes(name, &info, trial);
}

void doc_look_at_devices(bool trial)
{
	char (*names)[DOC_NAME];
	unsigned int i, n = doc_list(&names, CLASS);

	for (i = 0; i < n; i++) {
		if (!doc_is_here()) {
			printf("%s: another machine's\n", names[i]);
			print_settings(names[i]);
			doc_count_usable();
			continue;
		}
		if (!look_at_node(names[i]))
			continue;
		print_settings(names[i]);
		look_at_device(names[i], trial);
	}
	free(names);
}
