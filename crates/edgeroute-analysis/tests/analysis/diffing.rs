//! Checks comparisons of random sets of routes with the interpreter.

use std::cell::RefCell;

use edgeroute_testkit::cases::{Case, Diffed};
use edgeroute_testkit::proptest_config;
use proptest::prelude::*;

proptest! {
    #![proptest_config(proptest_config(1))]

    #[test]
    fn a_comparison_agrees_with_the_interpreter(seed in any::<[u8; 32]>()) {
        let total = RefCell::new(Diffed::default());
        let mut runner = proptest::test_runner::TestRunner::new_with_rng(
            proptest_config(400),
            proptest::test_runner::TestRng::from_seed(proptest::test_runner::RngAlgorithm::ChaCha, &seed),
        );
        let inputs = (prop::collection::vec(any::<u8>(), 0..600), prop::collection::vec(any::<u8>(), 0..40));
        let result = runner.run(&inputs, |(bytes, steps)| {
            let diffed = Case::of(&bytes).check_diff(&steps).map_err(TestCaseError::fail)?;
            total.borrow_mut().add(&diffed);
            Ok(())
        });
        println!("{:?}", total.borrow());
        prop_assert!(result.is_ok(), "{}", result.unwrap_err());
    }
}
