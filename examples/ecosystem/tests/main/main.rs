//! SaiTLS beside other people's crates, and against other people's programs. One program for all: they share the time
//! it takes to link.

mod cable;
mod element;
mod http;
mod mqtt;
mod peers;
mod records;
mod servers;
