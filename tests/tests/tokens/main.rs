//! Tokens and sessions from outside: tabs, thieves, log-outs, rotations.

mod cookies;
mod matrix;
mod published;
mod refresh;
mod rotation;
mod sessions;
mod visitor;
