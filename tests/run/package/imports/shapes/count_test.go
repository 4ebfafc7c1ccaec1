package shapes_test

import "no/such/package"
