//! What every driver must do. A driver is done when `conformance!(its name)` passes.
//!
//! Cases that need files, or the right to mount, return where there is none and say why.

mod bench;
mod faults;
mod items;
mod merge;
mod model;
mod random;
mod scan;
mod snapshots;
mod storing;
mod umoci;
mod unprivileged;

/// All cases for one driver.
macro_rules! conformance {
    ($driver:ident) => {
        conformance!($driver:
            merge::tar_12_everything_an_archive_has_is_there,
            merge::tar_10_whiteouts_act_on_lower_layers_only,
            merge::tar_10_opaque_directories_hide_lower_contents,
            merge::an_entry_replaces_what_is_at_its_path,
            merge::implied_parents_take_what_is_below,
            merge::tar_8_links_reach_into_lower_layers,
            merge::tar_8_links_to_nothing_are_refused,
            merge::tar_16_an_entry_below_a_file_is_refused,
            merge::a_layer_may_come_again,
            merge::as_many_layers_as_an_image_may_have,
            random::tar_23_random_stacks_are_what_the_rule_says,
            storing::facts_are_those_of_the_whole_stream,
            storing::publishing_twice_is_fine,
            storing::disk_6_a_layer_that_is_not_published_leaves_nothing,
            storing::disk_6_a_stream_that_breaks_off_leaves_nothing,
            storing::layers_come_in_in_parallel,
            storing::what_was_not_synced_is_dropped_after_another_boot,
            storing::what_was_synced_is_kept_after_another_boot,
            storing::a_torn_record_is_no_layer,
            storing::a_walk_finds_all_and_nothing_else,
            storing::a_driver_without_files_names_the_way_out,
            storing::tar_11_unknown_types_are_skipped,
            snapshots::an_active_snapshot_keeps_what_is_written,
            snapshots::a_key_stands_for_one_snapshot,
            snapshots::a_stack_with_a_missing_layer_says_which,
            snapshots::tar_22_views_give_nothing_away,
            umoci::umoci_makes_the_same_tree,
            faults::a_kill_at_any_call_leaves_the_store_in_order,
            faults::a_failure_at_any_call_leaves_nothing_behind,
        );
    };
    ($driver:ident: $($group:ident :: $case:ident,)*) => {
        mod $driver {
            $(
                #[test]
                fn $case() {
                    super::$group::$case(stringify!($driver));
                }
            )*
        }
    };
}

conformance!(cold);
conformance!(overlay2);
conformance!(vfs);
