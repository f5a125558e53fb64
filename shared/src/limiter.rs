//! May this caller go on, or how long must it wait.
