#include "trace/trace-hw_misc_hisi_acc.h"
