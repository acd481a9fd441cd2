/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pair of queue pairs of mainline's hisi_qm, of both types that the engine
 * has if it has two (one to compress and one to decompress), from a function
 * of one's choice.
 */
#ifndef MAINLINE_PAIR_H
#define MAINLINE_PAIR_H

#include <linux/hisi_acc_qm.h>
#include <linux/pci.h>
#include <linux/slab.h>

#define MOST_PAIRS	1024u

#define ZIP_DEVICE	0xa250
#define SEC_DEVICE	0xa255
#define HPRE_DEVICE	0xa258

struct pair {
	struct hisi_qp *qps[2];
};

typedef void pair_callback(struct hisi_qp *qp, void *sqe);

/* The type of the second queue pair; that of the first one is always 0. */
static u8 pair_second(struct pci_dev *pf)
{
	if (pf->device == HPRE_DEVICE)
		return pf->revision >= QM_HW_V3;
	return pf->device == ZIP_DEVICE;
}

#ifdef QUEUES_ARE_STARTED_APART
static int pair_take(struct hisi_qm_list *list, struct pair *pair, u8 second,
		     pair_callback *callback)
{
	int ret, i;

	ret = hisi_qm_alloc_qps_node(list, 2, 0, NUMA_NO_NODE, pair->qps);
	for (i = 0; !ret && i < 2; i++) {
		pair->qps[i]->alg_type = i ? second : 0;
		pair->qps[i]->req_cb = callback;
		ret = hisi_qm_start_qp(pair->qps[i], 0);
		if (!ret)
			continue;
		while (i--)
			hisi_qm_stop_qp(pair->qps[i]);
		hisi_qm_free_qps(pair->qps, 2);
		break;
	}
	return ret;
}

static void pair_put(struct pair *pair)
{
	hisi_qm_stop_qp(pair->qps[0]);
	hisi_qm_stop_qp(pair->qps[1]);
	hisi_qm_free_qps(pair->qps, 2);
}
#else
static int pair_take(struct hisi_qm_list *list, struct pair *pair, u8 second,
		     pair_callback *callback)
{
	u8 types[] = { 0, second };
	int ret;

	ret = hisi_qm_alloc_qps_node(list, 2, types, NUMA_NO_NODE, pair->qps);
	if (!ret) {
		pair->qps[0]->req_cb = callback;
		pair->qps[1]->req_cb = callback;
	}
	return ret;
}

static void pair_put(struct pair *pair)
{
	hisi_qm_free_qps(pair->qps, 2);
}
#endif

/*
 * hisi_qm empties its functions one after the other, so what lies before the
 * wanted one is taken, too, and is kept in @others.
 */
static int pair_get(struct pci_dev *function, struct pair *pair,
		    struct pair *others, u32 *kept, pair_callback *callback)
{
	struct hisi_qm *pf = pci_get_drvdata(pci_physfn(function));
	u8 second = pair_second(pci_physfn(function));
	int ret;

	if (!pf)
		return -ENODEV;
	while (*kept < MOST_PAIRS) {
		ret = pair_take(pf->qm_list, pair, second, callback);
		if (ret || pair->qps[0]->qm->pdev == function)
			return ret;
		others[(*kept)++] = *pair;
	}
	return -ENOSPC;
}

#endif
