/* SPDX-License-Identifier: GPL-2.0 */
/* What surrounds each test of the ioctl interface. */
#ifndef TESTS_UAPI_FIXTURE_H
#define TESTS_UAPI_FIXTURE_H

/*
 * Before each test the device is bound, idle and without injected faults;
 * after it the model has seen no mistake of the driver's or of the test's,
 * unless the test says that it makes some.
 */
int fixture_main(int argc, char **argv, void (*add)(void));
void fixture_expect_guest_errors(void);

/* Root's privileges given up for good; the open files stay. */
void drop_privileges(void);

#endif /* TESTS_UAPI_FIXTURE_H */
