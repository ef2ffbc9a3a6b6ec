//! AES for 32-bit processors.

use aes::cipher::inout::InOut;
use aes::cipher::typenum::Unsigned;
use aes::cipher::{
    Block, BlockCipherEncBackend, BlockCipherEncClosure, BlockCipherEncrypt, BlockSizeUser, Key, KeyInit, KeySizeUser,
    ParBlocks, ParBlocksSizeUser,
};

/// A block cipher that encrypts a single block as one of two, if it takes two at once.
///
/// In software, `aes` has an implementation for a block and another for two, which takes about as many instructions,
/// once the key is in its form. Without the former, an image has 1.1 kB less. (For GCM, which has a single block or two
/// in a record; CCM has them all the time.)
pub(crate) struct Batched<C>(C);

impl<C: KeySizeUser> KeySizeUser for Batched<C> {
    type KeySize = C::KeySize;
}

impl<C: KeyInit> KeyInit for Batched<C> {
    fn new(key: &Key<Self>) -> Self {
        Self(C::new(key))
    }
}

impl<C: BlockSizeUser> BlockSizeUser for Batched<C> {
    type BlockSize = C::BlockSize;
}

impl<C: BlockCipherEncrypt> BlockCipherEncrypt for Batched<C> {
    #[inline]
    fn encrypt_with_backend(&self, f: impl BlockCipherEncClosure<BlockSize = Self::BlockSize>) {
        self.0.encrypt_with_backend(Closure(f));
    }
}

/// What is to be done with the backend.
struct Closure<F>(F);

impl<F: BlockSizeUser> BlockSizeUser for Closure<F> {
    type BlockSize = F::BlockSize;
}

impl<F: BlockCipherEncClosure> BlockCipherEncClosure for Closure<F> {
    #[inline(always)]
    fn call<B: BlockCipherEncBackend<BlockSize = Self::BlockSize>>(self, backend: &B) {
        self.0.call(&Backend(backend));
    }
}

struct Backend<'a, B>(&'a B);

impl<B: BlockSizeUser> BlockSizeUser for Backend<'_, B> {
    type BlockSize = B::BlockSize;
}

impl<B: ParBlocksSizeUser> ParBlocksSizeUser for Backend<'_, B> {
    type ParBlocksSize = B::ParBlocksSize;
}

impl<B: BlockCipherEncBackend> BlockCipherEncBackend for Backend<'_, B> {
    #[inline(always)]
    fn encrypt_block(&self, mut block: InOut<'_, '_, Block<Self>>) {
        if B::ParBlocksSize::USIZE > 2 {
            return self.0.encrypt_block(block);
        }
        // All of them the same: that of zeros would be the key of GHASH.
        let mut blocks = ParBlocks::<B>::from_fn(|_| block.clone_in());
        let mut blocks = InOut::from(&mut blocks);
        self.encrypt_par_blocks(blocks.reborrow());
        *block.get_out() = blocks.get(0).clone_in();
    }

    #[inline(never)]
    fn encrypt_par_blocks(&self, blocks: InOut<'_, '_, ParBlocks<Self>>) {
        self.0.encrypt_par_blocks(blocks);
    }
}

#[cfg(test)]
mod tests {
    use super::Batched;
    use aes::cipher::{Block, BlockCipherEncrypt, KeyInit};
    use aes::{Aes128, Aes256};

    fn check<C: BlockCipherEncrypt + KeyInit>() {
        let key = core::array::from_fn::<u8, 32, _>(|index| index as u8);
        let key = key.get(..C::key_size()).unwrap();
        let (cipher, batched) = (C::new_from_slice(key).unwrap(), Batched::<C>::new_from_slice(key).unwrap());
        for count in 0..6 {
            let block = |index: u8| Block::<C>::from_fn(|at| index ^ at as u8);
            let mut blocks: [_; 5] = core::array::from_fn(|index| block(index as u8));
            let mut same = blocks.clone();
            let (blocks, same) =
                (blocks.get_mut(..count).unwrap_or_default(), same.get_mut(..count).unwrap_or_default());
            cipher.encrypt_blocks(blocks);
            batched.encrypt_blocks(same);
            assert_eq!(blocks, same);
            for same in same.iter_mut() {
                batched.encrypt_block(same);
            }
            blocks.iter_mut().for_each(|block| cipher.encrypt_block(block));
            assert_eq!(blocks, same);
        }
        // What wipes the key.
        assert_eq!(core::mem::needs_drop::<C>(), core::mem::needs_drop::<Batched<C>>());
    }

    #[test]
    fn blocks_come_out_the_same_one_at_a_time_and_at_once() {
        check::<Aes128>();
        check::<Aes256>();
    }
}
