// SPDX-License-Identifier: GPL-2.0
/*
 * Each field of each ioctl wrong once, all others right: the errno that the
 * interface promises, nothing taken, and the device works afterwards. Sizes,
 * flags, reserved fields and unknown handles are those of ioctl.c.
 */
#include <limits.h>
#include <sys/mman.h>

#include "fixture.h"
#include "ops.h"
#include "rawqueue.h"

#define SIZE_MAX_OF_MEM	(1ull << 32)	/* out_mem_size_max */

/* Values that are known in the environment only. */
static uint64_t of_the_device(struct env *e)
{
	return e->fd;
}

static uint64_t of_the_dmabuf(struct env *e)
{
	return e->dmabuf;
}

static uint64_t of_a_pin(struct env *e)
{
	return e->mem;
}

static uint64_t without_access(struct env *e)
{
	void *page = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
			  -1, 0);

	(void)e;
	ck_assert(page != MAP_FAILED);
	return (uintptr_t)page;
}

static uint64_t not_mapped(struct env *e)
{
	uint64_t page = without_access(e);

	expect_ok(munmap((void *)page, PAGE));
	return page;
}

static uint64_t a_page(struct env *e)
{
	(void)e;
	return PAGE;
}

static uint64_t a_byte_more(struct env *e)
{
	(void)e;
	return PAGE + 1;
}

static uint64_t last_page(struct env *e)
{
	(void)e;
	return -PAGE;
}

#define LINE(_cmd, _type, _field, _code)				\
	.name = #_type "." #_field, .cmd = HISI_ACC_##_cmd,		\
	.at = AT(_type, _field), .code = _code,				\
	.size = sizeof(((struct hisi_acc_##_type *)0)->_field)
#define WRONG(_cmd, _type, _field, _value, _code)			\
	{ LINE(_cmd, _type, _field, _code), .number = _value }
#define WRONG_IS(_cmd, _type, _field, _value, _code)			\
	{ LINE(_cmd, _type, _field, _code), .value = _value }
#define WRONG_MODES(_cmd, _type)					\
	WRONG(_cmd, _type, modes, 0, EINVAL),				\
	WRONG(_cmd, _type, modes, 1u << 3, EOPNOTSUPP),			\
	WRONG(_cmd, _type, modes, 1u << 31, EOPNOTSUPP),		\
	WRONG(_cmd, _type, modes, HISI_ACC_MODE_DMA | 1u << 3, EOPNOTSUPP), \
	WRONG(_cmd, _type, modes, UINT32_MAX, EOPNOTSUPP)
#define WRONG_EVENT_FD(_cmd, _type)					\
	WRONG(_cmd, _type, event_fd, -2, EBADF),			\
	WRONG(_cmd, _type, event_fd, 1000, EBADF),			\
	WRONG(_cmd, _type, event_fd, INT_MIN, EBADF),			\
	WRONG(_cmd, _type, event_fd, INT_MAX, EBADF),			\
	WRONG_IS(_cmd, _type, event_fd, of_the_device, EINVAL),		\
	WRONG_IS(_cmd, _type, event_fd, of_the_dmabuf, EINVAL)

static const struct line {
	const char *name;
	unsigned int cmd;
	size_t at, size;
	uint64_t number;
	uint64_t (*value)(struct env *e);	/* if not NULL */
	int code;
} lines[] = {
	WRONG_MODES(QUEUE_ALLOC, queue_alloc),
	WRONG(QUEUE_ALLOC, queue_alloc, type, 2, EOPNOTSUPP),
	WRONG(QUEUE_ALLOC, queue_alloc, type, 1u << 31, EOPNOTSUPP),
	WRONG(QUEUE_ALLOC, queue_alloc, type, UINT32_MAX, EOPNOTSUPP),
	WRONG(QUEUE_ALLOC, queue_alloc, depth, 1, EINVAL),
	WRONG(QUEUE_ALLOC, queue_alloc, depth, 17, EINVAL),
	WRONG(QUEUE_ALLOC, queue_alloc, depth, 2048, EINVAL),
	WRONG(QUEUE_ALLOC, queue_alloc, depth, 1u << 16, EINVAL),
	WRONG(QUEUE_ALLOC, queue_alloc, depth, 1u << 31, EINVAL),
	WRONG(QUEUE_ALLOC, queue_alloc, depth, UINT32_MAX, EINVAL),
	WRONG_EVENT_FD(QUEUE_ALLOC, queue_alloc),
	WRONG_EVENT_FD(QUEUE_EVENT, queue_event),
	WRONG(QUEUE_DOORBELL, queue_doorbell, flags, HISI_ACC_DOORBELL_ARM,
	      EINVAL),
	WRONG(QUEUE_DOORBELL, queue_doorbell, index, OPS_DEPTH, EINVAL),
	WRONG(QUEUE_DOORBELL, queue_doorbell, index, 1u << 16, EINVAL),
	WRONG(QUEUE_DOORBELL, queue_doorbell, index, UINT32_MAX, EINVAL),
	WRONG(MEM_PIN, mem_pin, addr, 0, EFAULT),
	WRONG_IS(MEM_PIN, mem_pin, addr, not_mapped, EFAULT),
	WRONG_IS(MEM_PIN, mem_pin, addr, without_access, EFAULT),
	WRONG(MEM_PIN, mem_pin, addr, 0xffff888000000000, EFAULT),
	WRONG_IS(MEM_PIN, mem_pin, addr, last_page, EINVAL),
	WRONG(MEM_PIN, mem_pin, size, 0, EINVAL),
	WRONG(MEM_PIN, mem_pin, size, SIZE_MAX_OF_MEM + 1, EINVAL),
	WRONG(MEM_PIN, mem_pin, size, 1ull << 63, EINVAL),
	WRONG(MEM_PIN, mem_pin, size, UINT64_MAX, EINVAL),
	WRONG_MODES(MEM_PIN, mem_pin),
	WRONG(MEM_IMPORT, mem_import, fd, -1, EBADF),
	WRONG(MEM_IMPORT, mem_import, fd, INT_MAX, EBADF),
	WRONG_IS(MEM_IMPORT, mem_import, fd, of_the_device, EINVAL),
	WRONG(MEM_IMPORT, mem_import, offset, 1, EINVAL),
	WRONG_IS(MEM_IMPORT, mem_import, offset, a_page, EINVAL),
	WRONG_IS(MEM_IMPORT, mem_import, offset, last_page, EINVAL),
	WRONG_IS(MEM_IMPORT, mem_import, size, a_byte_more, EINVAL),
	WRONG(MEM_IMPORT, mem_import, size, UINT64_MAX, EINVAL),
	WRONG_MODES(MEM_IMPORT, mem_import),
	WRONG(MEM_ALLOC, mem_alloc, size, 0, EINVAL),
	WRONG(MEM_ALLOC, mem_alloc, size, SIZE_MAX_OF_MEM + 1, EINVAL),
	WRONG(MEM_ALLOC, mem_alloc, size, UINT64_MAX, EINVAL),
	WRONG_MODES(MEM_ALLOC, mem_alloc),
	WRONG_IS(MEM_EXPORT, mem_export, handle, of_a_pin, EOPNOTSUPP),
};

static const struct op *op_of(const struct line *line)
{
	int i;

	for (i = 0; i < ops_count; i++)
		if (ops[i].cmd == line->cmd)
			return &ops[i];
	ck_abort_msg("%s: no such call", line->name);
}

START_TEST(wrong_field_is_refused_alone)
{
	const struct line *line = &lines[_i];
	const struct op *op = op_of(line);
	union args right, wrong;
	uint64_t number;
	struct work w;
	struct env e;

	prepare(op, &e, &right);
	number = line->value ? line->value(&e) : line->number;
	wrong = right;
	memcpy(wrong.bytes + line->at, &number, line->size);
	expect_refusal(op, &e, &wrong, line->code);
	/* with all else as it was the right value is taken, and work is done */
	expect_success(op, &e, &right);
	work_init(&w, e.fd, QUEUE_COMPRESS, 1000);
	work_run(&w, _i);
}
END_TEST

static void add(void)
{
	test_add_loop(wrong_field_is_refused_alone, 0, ARRAY_SIZE(lines));
}

int main(int argc, char **argv)
{
	return fixture_main(argc, argv, add);
}
