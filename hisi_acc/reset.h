/* SPDX-License-Identifier: GPL-2.0 */
/* Errors of the function, and its way back. */
#ifndef HISI_ACC_RESET_H
#define HISI_ACC_RESET_H

struct hisi_acc_dev;
struct pci_dev;
struct pci_error_handlers;

void hisi_acc_reset_init(struct hisi_acc_dev *dev);
void hisi_acc_reset_fini(struct hisi_acc_dev *dev);
/* The function forgets everything but its configuration space. 0 or an errno. */
int hisi_acc_reset_flr(struct pci_dev *pdev);
/* Spares a device that was pulled out the waiting for its answers. */
void hisi_acc_reset_check_present(struct hisi_acc_dev *dev);

extern const struct pci_error_handlers hisi_acc_reset_handlers;

#endif /* HISI_ACC_RESET_H */
