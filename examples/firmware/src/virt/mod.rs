//! Board support for QEMU's RISC-V board `virt`: one file a device.

pub(crate) mod generator;
pub mod uart;
