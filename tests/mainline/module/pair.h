/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A pair of queue pairs of mainline's hisi_qm, one to compress and one to
 * decompress, from a function of one's choice.
 */
#ifndef MAINLINE_PAIR_H
#define MAINLINE_PAIR_H

#include <linux/hisi_acc_qm.h>
#include <linux/pci.h>
#include <linux/slab.h>

#define MOST_PAIRS	1024u

struct pair {
	struct hisi_qp *qps[2];
};

typedef void pair_callback(struct hisi_qp *qp, void *sqe);

#ifdef QUEUES_ARE_STARTED_APART
static int pair_take(struct hisi_qm_list *list, struct pair *pair,
		     pair_callback *callback)
{
	int ret, i;

	ret = hisi_qm_alloc_qps_node(list, 2, 0, NUMA_NO_NODE, pair->qps);
	for (i = 0; !ret && i < 2; i++) {
		pair->qps[i]->alg_type = i;
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
static int pair_take(struct hisi_qm_list *list, struct pair *pair,
		     pair_callback *callback)
{
	u8 types[] = { 0, 1 };
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
	int ret;

	if (!pf)
		return -ENODEV;
	while (*kept < MOST_PAIRS) {
		ret = pair_take(pf->qm_list, pair, callback);
		if (ret || pair->qps[0]->qm->pdev == function)
			return ret;
		others[(*kept)++] = *pair;
	}
	return -ENOSPC;
}

#endif
