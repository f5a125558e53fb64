//! House and visitors: what the tests stand on.
