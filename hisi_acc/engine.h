/* SPDX-License-Identifier: GPL-2.0 */
/* What an engine (ZIP, SEC, HPRE) tells the rest of the module about itself. */
#ifndef HISI_ACC_ENGINE_H
#define HISI_ACC_ENGINE_H

#include <linux/types.h>

struct hisi_acc_qm;

/* Error bits by what is to be done about them; zero where nothing is. */
struct hisi_acc_errors {
	u32 nfe;	/* reported, not corrected */
	u32 ce;		/* reported, corrected by the hardware */
	u32 reset;	/* of nfe: only a reset helps */
	u32 shutdown;	/* hardware stops its bus accesses by itself */
};

/**
 * struct hisi_acc_engine - one engine; the only door to its file
 * @name:		part of the node's name
 * @id:			HISI_ACC_ENGINE_*
 * @queue_types:	types that a queue may have: 0 .. this - 1
 * @sqe_log2:		size of an SQE, as a power of two
 * @shaper:		bandwidth word for SHAPER_CFG, from V3
 * @qm_errors_v2:	errors of the queue manager on V2
 * @errors_v2:		errors of the engine on V2
 * @qm_errors_v3:	as above, from V3 without capability words
 * @errors_v3:		as above
 * @algs:		reads the algorithm bits
 * @init:		programs the engine after power-on or reset
 * @set_data_user:	programs what data accesses carry, while nothing is in
 *			flight
 * @errors_enable:	turns error reporting on
 * @errors_disable:	turns it off
 * @errors_pending:	reads which errors are reported now
 * @errors_clear:	clears them and goes on
 *
 * An engine uses its own registers and the queue manager's helpers. It never
 * meets a file, a context or a user pointer.
 */
struct hisi_acc_engine {
	const char *name;
	u32 id;
	u32 queue_types;
	u32 sqe_log2;
	u32 shaper;
	struct hisi_acc_errors qm_errors_v2, errors_v2;
	struct hisi_acc_errors qm_errors_v3, errors_v3;

	u32 (*algs)(struct hisi_acc_qm *qm);
	int (*init)(struct hisi_acc_qm *qm);
	void (*set_data_user)(struct hisi_acc_qm *qm);
	void (*errors_enable)(struct hisi_acc_qm *qm);
	void (*errors_disable)(struct hisi_acc_qm *qm);
	u32 (*errors_pending)(struct hisi_acc_qm *qm);
	void (*errors_clear)(struct hisi_acc_qm *qm, u32 errors);
};

extern const struct hisi_acc_engine hisi_acc_zip;

#endif /* HISI_ACC_ENGINE_H */
