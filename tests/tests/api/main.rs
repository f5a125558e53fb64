//! The API as its clients meet it, over HTTP and the real engines; one module per topic, one binary because linking
//! takes longer than most of them.

mod deliveries;
mod sign_in;
mod texts;
