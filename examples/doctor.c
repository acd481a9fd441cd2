// SPDX-License-Identifier: MIT
/* hisi-doctor: options, what was found, the conclusion. */
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "doctor.h"

#define FINDINGS_MAX	64

enum status { WELL = 0, TO_FIX = 1, UNUSABLE = 2 };

static const char help[] =
"usage: hisi-doctor [OPTION]...\n"
"Walks through what a program needs to use the accelerators of this machine,\n"
"has each device do a little work in each memory mode, and says at the end what\n"
"to change first. Changes nothing. Root sees more than other users.\n"
"\n"
"  -n, --no-trial    give the devices no work\n"
"  --root=DIRECTORY  look at a copy of another machine's /sys, /proc, /boot,\n"
"                    /lib and /dev there; implies -n\n"
"  -h, --help        this help\n"
"  -V, --version     the version\n"
"\n"
"Exit status: 0 all is well, each device can be used in some mode (maybe not\n"
"the best one); 1 some can, and there is something to fix; 2 there is no device,\n"
"or none that this user can use. A wrong option is 2, too.\n";

struct finding {
	enum doc_rank rank;
	char subjects[128];
	char what[256];
	char cure[512];
};

static struct finding findings[FINDINGS_MAX];
static unsigned int count, usable;

static bool same(const struct finding *a, const struct finding *b)
{
	return a->rank == b->rank && !strcmp(a->what, b->what) &&
	       !strcmp(a->cure, b->cure);
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), n = strlen(end);

	return len >= n && !strcmp(text + len - n, end);
}

/* Text that is cut off is better than none. */
static void copy(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n >= size)
		n = size - 1;
	memcpy(to, from, n);
	to[n] = 0;
}

void doc_find(enum doc_rank rank, const char *subject, const char *cure,
	      const char *what, ...)
{
	struct finding new = { .rank = rank };
	size_t len;
	va_list args;
	unsigned int i;

	va_start(args, what);
	vsnprintf(new.what, sizeof(new.what), what, args);
	va_end(args);
	copy(new.cure, sizeof(new.cure), cure);
	copy(new.subjects, sizeof(new.subjects), subject);
	for (i = 0; i < count && !same(&findings[i], &new); i++)
		;
	if (i < count) {
		len = strlen(findings[i].subjects);
		if (ends_with(findings[i].subjects, subject))
			return;
		snprintf(findings[i].subjects + len,
			 sizeof(findings[i].subjects) - len, ", %s", subject);
	} else if (count < FINDINGS_MAX) {
		findings[count++] = new;
	}
}

/* Puts the name that a subject begins with where a cure says <device>. */
static void name_device(char *to, size_t size, const char *cure,
			const char *subject)
{
	static const char mark[] = "<device>";
	const char *found = strstr(cure, mark);
	int name = (int)strcspn(subject, " "), n;

	*to = 0;
	while (found) {
		n = snprintf(to, size, "%.*s%.*s", (int)(found - cure), cure,
			     name, subject);
		if (n < 0 || (size_t)n >= size)
			return;
		to += n;
		size -= (size_t)n;
		cure = found + strlen(mark);
		found = strstr(cure, mark);
	}
	copy(to, size, cure);
}

void doc_find_reason(enum doc_rank rank, const char *subject, uint32_t reason)
{
	const char *argument = doc_guilty_argument(reason);
	char cure[512];

	if (argument)
		snprintf(cure, sizeof(cure), "boot without the argument %s",
			 argument);
	else
		name_device(cure, sizeof(cure), hisiacc_reason_cure(reason),
			    subject);
	if (rank == DOC_IOMMU && reason == HISIACC_REASON_ADMIN)
		rank = DOC_SETTING;
	doc_find(rank, subject, cure, "%s", hisiacc_reason_text(reason));
}

void doc_count_usable(void)
{
	usable++;
}

/* Prints what was found from one rank to another; how much there was. */
static unsigned int print_findings(enum doc_rank first, enum doc_rank last,
				   const char *title)
{
	unsigned int i, printed = 0;
	enum doc_rank rank;

	for (rank = first; rank <= last; rank++) {
		for (i = 0; i < count; i++) {
			if (findings[i].rank != rank)
				continue;
			if (!printed++)
				printf("\n%s:\n", title);
			printf("  %u. %s: %s;\n     cure: %s\n", printed,
			       findings[i].subjects, findings[i].what,
			       findings[i].cure);
		}
	}
	return printed;
}

static enum status conclude(void)
{
	unsigned int i, fixes;

	for (i = 0; i < count; i++)
		if (usable && findings[i].rank == DOC_TAKEN)
			findings[i].rank = DOC_BETTER;
	fixes = print_findings(DOC_MODULE, DOC_BETTER - 1,
			       "To be changed, the first one first");
	print_findings(DOC_BETTER, DOC_BETTER, "To get more out of it");
	if (!usable) {
		printf("\nNo device can be used.\n");
		return UNUSABLE;
	}
	if (fixes) {
		printf("\nDevices that can be used: %u, but there is something "
		       "to fix.\n", usable);
		return TO_FIX;
	}
	printf("\nAll is well. Devices that can be used: %u\n", usable);
	return WELL;
}

static void walk(bool trial)
{
	unsigned int functions;
	bool loaded;

	doc_look_at_kernel();
	doc_look_at_limits();
	loaded = doc_look_at_module();
	functions = doc_look_at_functions(loaded);
	if (!functions)
		doc_find(DOC_DRIVER, "machine",
			 "see whether firmware settings hide it; in a virtual "
			 "machine, pass a function through",
			 "there is no accelerator of HiSilicon");
	else if (!loaded)
		doc_find(DOC_MODULE, "hisi_acc", doc_module_cure(),
			 "the module is not loaded");
	doc_look_at_devices(trial);
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{ "no-trial", no_argument, NULL, 'n' },
		{ "root", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	bool trial = true;
	int c;

	while ((c = getopt_long(argc, argv, "nhV", longs, NULL)) != -1) {
		switch (c) {
		case 'n':
			trial = false;
			break;
		case 'r':
			doc_set_root(optarg);
			trial = false;
			break;
		case 'h':
			fputs(help, stdout);
			return WELL;
		case 'V':
			printf("hisi-doctor, libhisiacc %s\n",
			       hisiacc_version());
			return WELL;
		default:
			fputs("hisi-doctor -h lists the options.\n", stderr);
			return UNUSABLE;
		}
	}
	walk(trial);
	return (int)conclude();
}
