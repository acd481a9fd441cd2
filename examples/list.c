// SPDX-License-Identifier: MIT
/*
 * hisi-list: what accelerators this machine has, and what they offer now.
 *
 * Exit status: 0 there is a device that can be used, 1 there is none.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <hisiacc.h>

#define DEVICES_MAX	256

static void print_algorithms(uint64_t algs)
{
	static const char *const name[] = {
		"zlib compress", "zlib decompress", "gzip compress",
		"gzip decompress", "deflate compress", "deflate decompress",
	};
	const char *separator = "";
	unsigned int i;

	printf("  algorithms: ");
	for (i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		if (!(algs & UINT64_C(1) << i))
			continue;
		printf("%s%s", separator, name[i]);
		separator = ", ";
	}
	printf("%s\n", *separator ? "" : "none that this program knows");
}

/* What several modes in turn have against them is cured once. */
static void print_modes(const struct hisiacc_ctx_info *info)
{
	const uint32_t reasons[] = {
		info->sva_reason, info->pasid_reason, info->dma_reason, 0,
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		printf("  mode %s: ", hisiacc_mode_text(1u << i));
		if (!reasons[i]) {
			printf("yes\n");
			continue;
		}
		printf("%s, %s\n", info->modes & 1u << i ? "yes, but not now" :
		       "no", hisiacc_reason_text(reasons[i]));
		if (reasons[i + 1] != reasons[i])
			printf("    cure: %s\n",
			       hisiacc_reason_cure(reasons[i]));
	}
}

static void print_info(const char *name, enum hisiacc_state state,
		       const struct hisiacc_ctx_info *info)
{
	printf("%s: %s engine, hardware version %u, %s\n", name,
	       hisiacc_engine_text(info->engine), info->hw_version,
	       hisiacc_state_text(state));
	printf("  queues: %u, of which %u free; %u at most for one program\n",
	       info->queues, info->queues_free, info->queues_max);
	printf("  slots of a queue: %u to %u\n", info->depth_min,
	       info->depth_max);
	print_algorithms(info->algs);
	print_modes(info);
}

static const char *open_hint(int err)
{
	switch (err) {
	case -EACCES:
		return "become a member of the group of its device node";
	case -EPROTO:
		return "module and library do not fit together, update both";
	default:
		return "see the kernel's log";
	}
}

/* Prints one device; true if it can be used. */
static bool list(const char *name)
{
	struct hisiacc_ctx_info info = { .size = sizeof(info) };
	struct hisiacc_ctx *ctx;
	int err;

	err = hisiacc_open(name, &ctx);
	if (err) {
		printf("%s: cannot be opened: %s; cure: %s\n", name,
		       strerror(-err), open_hint(err));
		return false;
	}
	err = hisiacc_ctx_info(ctx, &info);
	if (err)
		printf("%s: cannot be asked: %s\n", name, strerror(-err));
	else
		print_info(name, hisiacc_ctx_state(ctx), &info);
	hisiacc_close(ctx);
	return !err && info.modes;
}

int main(int argc, char **argv)
{
	static char names[DEVICES_MAX][HISIACC_NAME_SIZE];
	bool usable = false;
	int i, count;

	if (argc > 1) {
		fprintf(stderr, "usage: %s\nLists the accelerators of this "
			"machine; 1 if none can be used.\n", argv[0]);
		return 1;
	}
	count = hisiacc_list(names, DEVICES_MAX);
	if (count < 0) {
		fprintf(stderr, "hisi-list: /dev/hisi_acc: %s\n",
			strerror(-count));
		return 1;
	}
	if (!count) {
		fprintf(stderr, "hisi-list: there is no device. Is the module "
			"loaded (modprobe hisi_acc)? Does the machine have an "
			"accelerator (lspci -d 19e5:a250), and has another "
			"driver taken it (lspci -k)? hisi-doctor looks at all "
			"that.\n");
		return 1;
	}
	if (count > DEVICES_MAX)
		count = DEVICES_MAX;
	for (i = 0; i < count; i++)
		usable |= list(names[i]);
	return usable ? 0 : 1;
}
