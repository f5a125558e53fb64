//! The API as its clients meet it, over HTTP and the real engines; one module per topic, one binary because linking
//! takes longer than most of them.

mod analytics;
mod deliveries;
mod events;
mod sign_in;
mod texts;
