// SPDX-License-Identifier: MIT
/* hisi-gzip: options, and one file after the other. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gz.h"
#include "modes.h"

enum status { DONE = 0, FAILED = 1, WARNED = 2 };

static const char help[] =
"usage: hisi-gzip [OPTION]... [FILE]...\n"
"Compresses each FILE into FILE.gz with an accelerator, or restores it.\n"
"Without a FILE, or for \"-\": standard input to standard output.\n"
"\n"
"  -d            decompress; reads what any gzip wrote\n"
"  -t            decompress, and throw the data away: is the file sound?\n"
"  -c            write to standard output, keep the files\n"
"  -k            keep the files, write FILE.gz beside them\n"
"  -o OUT        write to OUT, keep the file\n"
"  -f            overwrite; read from and write to terminals\n"
"  -v            say what was done\n"
"  -b SIZE       data of one gzip member, 4K to 4M (256K)\n"
"  -1 ... -9     taken for the sake of scripts: the device has one level\n"
"  -n            likewise: no name and no time is stored, or taken from a file\n"
"  --device=NAME the device to be used, of those that hisi-list shows\n"
"  --mode=LIST   memory modes to be used, of sva, pasid and dma: the best one\n"
"                that can be had, with commas between them (sva,pasid,dma)\n"
"  --poll        look for completions all the time instead of sleeping,\n"
"                with as much of the file in memory as possible\n"
"  --progress    show progress though standard error is no terminal\n"
"  --stats       one line of figures at the end, on standard error\n"
"  --marks       a failing write(-1, ...) before the first request of a batch\n"
"                and after its last, to be seen in strace; with --poll\n"
"  -h, -V        this help, the version\n"
"\n"
"Exit status: 0 all is done; 1 something failed; 2 a warning: a file was left\n"
"alone, or data behind the end of the compressed data, other than zero bytes,\n"
"was ignored.\n";

enum { OPT_DEVICE = 256, OPT_MODE, OPT_POLL, OPT_PROGRESS, OPT_STATS, OPT_MARKS };

static size_t parse_size(const char *text)
{
	char *end;
	unsigned long size = strtoul(text, &end, 10);

	if (*end == 'K' || *end == 'k')
		size <<= 10;
	else if (*end == 'M' || *end == 'm')
		size <<= 20;
	if (*end)
		end++;
	if (*end || size < GZ_BLOCK_MIN || size > GZ_BLOCK_MAX) {
		gz_say(text, "a size from 4K to 4M is wanted");
		exit(FAILED);
	}
	return size;
}

static uint32_t parse_modes(const char *text)
{
	uint32_t modes = modes_parse(text);

	if (!modes) {
		gz_say(text, "a list of sva, pasid and dma is wanted");
		exit(FAILED);
	}
	return modes;
}

static void parse_options(int argc, char **argv, struct gz_options *options)
{
	static const struct option longs[] = {
		{ "decompress", no_argument, NULL, 'd' },
		{ "test", no_argument, NULL, 't' },
		{ "stdout", no_argument, NULL, 'c' },
		{ "keep", no_argument, NULL, 'k' },
		{ "output", required_argument, NULL, 'o' },
		{ "force", no_argument, NULL, 'f' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "device", required_argument, NULL, OPT_DEVICE },
		{ "mode", required_argument, NULL, OPT_MODE },
		{ "poll", no_argument, NULL, OPT_POLL },
		{ "progress", no_argument, NULL, OPT_PROGRESS },
		{ "stats", no_argument, NULL, OPT_STATS },
		{ "marks", no_argument, NULL, OPT_MARKS },
		{ "fast", no_argument, NULL, '1' },
		{ "best", no_argument, NULL, '9' },
		{ "no-name", no_argument, NULL, 'n' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "dtcko:fvb:nhV123456789", longs,
				NULL)) != -1) {
		switch (c) {
		case 't':
			options->test = true;
			options->decompress = true;
			break;
		case 'd': options->decompress = true; break;
		case 'c': options->to_stdout = true; break;
		case 'k': options->keep = true; break;
		case 'o': options->output = optarg; break;
		case 'f': options->force = true; break;
		case 'v': options->verbose = true; break;
		case 'b': options->block = parse_size(optarg); break;
		case OPT_DEVICE: options->device = optarg; break;
		case OPT_MODE: options->modes = parse_modes(optarg); break;
		case OPT_POLL: options->poll = true; break;
		case OPT_PROGRESS: options->progress = true; break;
		case OPT_STATS: options->stats = true; break;
		case OPT_MARKS: options->marks = true; break;
		case 'h':
			fputs(help, stdout);
			exit(DONE);
		case 'V':
			printf("hisi-gzip, libhisiacc %s\n", hisiacc_version());
			exit(DONE);
		case '?':
			fputs("hisi-gzip -h lists the options.\n", stderr);
			exit(FAILED);
		default:	/* a level, or -n */
			break;
		}
	}
	if (options->output && (argc - optind > 1 || options->to_stdout)) {
		gz_say("-o", "one file only, and not together with -c");
		exit(FAILED);
	}
}

static enum status work(struct gz_device *dev, const char *name,
			const struct gz_options *options, uint64_t bytes[2])
{
	struct gz_file file;
	int err = gz_file_open(&file, name, options);

	if (!err)
		err = options->decompress ? gz_decompress(dev, &file) :
					    gz_compress(dev, &file);
	else if (err > 0)
		file.warned = true;
	gz_progress(&file, true);
	if (!err)
		err = gz_file_commit(&file);
	else if (err < 0)
		(void)gz_device_reset(dev);
	if (!err)
		gz_report(&file);
	gz_file_close(&file);
	bytes[0] += file.in_bytes;
	bytes[1] += file.out_bytes;
	return err < 0 ? FAILED : file.warned ? WARNED : DONE;
}

int main(int argc, char **argv)
{
	struct gz_options options = {
		.block = GZ_BLOCK,
		.progress = isatty(STDERR_FILENO),
	};
	enum status status = DONE, one;
	uint64_t bytes[2] = { 0, 0 };
	struct gz_device dev;
	int i;

	gz_file_guard();
	parse_options(argc, argv, &options);
	gz_file_init();
	if (gz_device_open(&dev, &options))
		return FAILED;
	i = optind;
	do {
		one = work(&dev, i < argc ? argv[i] : "-", &options, bytes);
		if (one == FAILED || status == DONE)
			status = one;
	} while (++i < argc);
	if (options.stats)
		gz_device_report(&dev, bytes[0], bytes[1]);
	gz_device_close(&dev);
	return (int)status;
}
