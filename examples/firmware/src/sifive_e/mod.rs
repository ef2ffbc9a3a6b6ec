//! Board support for the HiFive1 of SiFive (`sifive_e`: 16 kB of RAM): one file a device.

pub mod uart;
