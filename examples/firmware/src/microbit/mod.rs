//! Board support for the BBC micro:bit (`microbit`: nRF51822, Cortex-M0, 16 kB of RAM), one file a device.

pub(crate) mod generator;
pub mod timer;
pub mod uart;
