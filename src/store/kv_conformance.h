// store/kv_conformance.h: what every engine of store/kv.h must do, as one test suite that runs unchanged on each.
//
// An engine's test file includes this and says
//   INSTANTIATE_TYPED_TEST_SUITE_P(Name, KvConformance, Engine);
// where Engine is default-constructible (a fresh, empty store without faults) and has
//   Kv& kv();               the engine;
//   Kv& other();            a second way to the same data, as another node has it; may be kv() itself;
//   void reopen();          ends the engine and opens it again on what it stored;
//   void run(Task<> task);  runs a coroutine, and what it spawns, to its end.
#pragma once
#include <gtest/gtest.h>

#include <map>

#include "base/random.h"
#include "store/kv.h"

namespace helio::store {

template <class Engine>
class KvConformance : public testing::Test {
 protected:
  Kv& kv() { return engine_.kv(); }
  Kv& other() { return engine_.other(); }
  void reopen() { engine_.reopen(); }
  void run(Task<> task) { engine_.run(std::move(task)); }

 private:
  Engine engine_;
};

TYPED_TEST_SUITE_P(KvConformance);

// The bodies (kv_conformance_test.cpp), compiled once; partition u1 is theirs.
namespace conformance {

// Everything below the highest key: tests put no row there that they count.
Scan all();
// Commits and expects success; the new version.
Task<std::uint64_t> put(Kv& kv, Batch batch);
// All rows as text: "key=value key=value ".
Task<std::string> rows_of(Kv& kv, Bytes partition);
// Adds one to u1's "n" `times` times, each from what this writer last saw.
Task<> increment(Kv& kv, int times, std::uint64_t* conflicts);
// Counts the "n" of a new partition up to `times`.
Task<> commit_times(Kv& kv, Bytes partition, std::uint64_t times);

Task<> an_unknown_partition_is_empty(Kv& kv);
Task<> a_batch_is_applied_whole_or_not_at_all(Kv& kv);
Task<> a_commit_needs_the_version_it_expects(Kv& kv);
Task<> keys_order_as_unsigned_bytes(Kv& kv);
Task<> range_erases_come_first_then_erases_then_puts(Kv& kv);
Task<> what_fits_the_limits_is_stored(Kv& kv);
Task<> pending_partitions_are_listed_by_bucket(Kv& kv);
Task<> a_read_sees_one_snapshot(Kv& kv);
Task<> scans_stop_where_they_are_told(Kv& kv);
Task<> fill_big_partition(Kv& kv);
Task<> check_big_partition(Kv& kv);
Task<> empty_big_partition(Kv& kv);
Task<> commits_of_two_writers_are_all_counted(Kv& kv, Kv& other);
Task<> partitions_succeed_and_fail_by_themselves(Kv& kv);
Task<> fill_before_reopening(Kv& kv);
Task<> check_after_reopening(Kv& kv);
Task<> settle_after_reopening(Kv& kv);
Task<> check_settled(Kv& kv);
Task<> a_cancelled_caller_harms_nobody(Kv& kv);
Task<> an_emptied_partition_keeps_its_version(Kv& kv);
Task<> it_was_never_restored(Kv& kv);

// What partitions should hold, for random commits and reads that are compared with it.
struct PlainMaps {
  struct Partition {
    std::uint64_t version = 0;
    bool pending = false;
    std::map<Bytes, Bytes> rows;
  };
  std::map<Bytes, Partition> partitions;
  SeededRandom random{1};
};
Task<> random_commits_agree_with(Kv& kv, PlainMaps& maps, int rounds);
Task<> everything_agrees_with(Kv& kv, PlainMaps& maps);

}  // namespace conformance

TYPED_TEST_P(KvConformance, AnUnknownPartitionIsEmpty) {
  this->run(conformance::an_unknown_partition_is_empty(this->kv()));
}
TYPED_TEST_P(KvConformance, ABatchIsAppliedWholeOrNotAtAll) {
  this->run(conformance::a_batch_is_applied_whole_or_not_at_all(this->kv()));
}
TYPED_TEST_P(KvConformance, ACommitNeedsTheVersionItExpects) {
  this->run(conformance::a_commit_needs_the_version_it_expects(this->kv()));
}
TYPED_TEST_P(KvConformance, KeysOrderAsUnsignedBytes) {
  this->run(conformance::keys_order_as_unsigned_bytes(this->kv()));
}
TYPED_TEST_P(KvConformance, RangeErasesComeFirstThenErasesThenPuts) {
  this->run(conformance::range_erases_come_first_then_erases_then_puts(this->kv()));
}
TYPED_TEST_P(KvConformance, WhatFitsTheLimitsIsStored) {
  this->run(conformance::what_fits_the_limits_is_stored(this->kv()));
}
TYPED_TEST_P(KvConformance, PendingPartitionsAreListedByBucket) {
  this->run(conformance::pending_partitions_are_listed_by_bucket(this->kv()));
}
TYPED_TEST_P(KvConformance, AReadSeesOneSnapshot) {
  this->run(conformance::a_read_sees_one_snapshot(this->kv()));
}
TYPED_TEST_P(KvConformance, ScansStopWhereTheyAreTold) {
  this->run(conformance::scans_stop_where_they_are_told(this->kv()));
}
TYPED_TEST_P(KvConformance, ABigPartitionIsAnOrdinaryOne) {
  this->run(conformance::fill_big_partition(this->kv()));
  this->run(conformance::check_big_partition(this->kv()));
  this->reopen();
  this->run(conformance::check_big_partition(this->kv()));
  this->run(conformance::empty_big_partition(this->kv()));
}
TYPED_TEST_P(KvConformance, CommitsOfTwoWritersAreAllCounted) {
  this->run(conformance::commits_of_two_writers_are_all_counted(this->kv(), this->other()));
}
TYPED_TEST_P(KvConformance, PartitionsSucceedAndFailByThemselves) {
  this->run(conformance::partitions_succeed_and_fail_by_themselves(this->kv()));
}
TYPED_TEST_P(KvConformance, WhatWasCommittedIsThereAfterReopening) {
  this->run(conformance::fill_before_reopening(this->kv()));
  this->reopen();
  this->run(conformance::check_after_reopening(this->kv()));
  this->run(conformance::settle_after_reopening(this->kv()));
  this->reopen();
  this->run(conformance::check_settled(this->kv()));
}
TYPED_TEST_P(KvConformance, ACancelledCallerHarmsNobody) {
  this->run(conformance::a_cancelled_caller_harms_nobody(this->kv()));
}

TYPED_TEST_P(KvConformance, AnEmptiedPartitionKeepsItsVersion) {
  this->run(conformance::an_emptied_partition_keeps_its_version(this->kv()));
}
TYPED_TEST_P(KvConformance, AFreshStoreHasForgottenNothing) {
  this->run(conformance::it_was_never_restored(this->kv()));
  this->reopen();
  this->run(conformance::it_was_never_restored(this->kv()));
}
TYPED_TEST_P(KvConformance, RandomCommitsAgreeWithPlainMapsAcrossReopening) {
  conformance::PlainMaps maps;
  for (int life = 0; life < 3; ++life) {
    this->run(conformance::random_commits_agree_with(this->kv(), maps, 200));
    this->reopen();
    this->run(conformance::everything_agrees_with(this->kv(), maps));
  }
}

REGISTER_TYPED_TEST_SUITE_P(KvConformance, AnUnknownPartitionIsEmpty, ABatchIsAppliedWholeOrNotAtAll,
                            ACommitNeedsTheVersionItExpects, KeysOrderAsUnsignedBytes,
                            RangeErasesComeFirstThenErasesThenPuts, WhatFitsTheLimitsIsStored,
                            PendingPartitionsAreListedByBucket, AReadSeesOneSnapshot, ScansStopWhereTheyAreTold,
                            ABigPartitionIsAnOrdinaryOne, CommitsOfTwoWritersAreAllCounted,
                            PartitionsSucceedAndFailByThemselves, WhatWasCommittedIsThereAfterReopening,
                            ACancelledCallerHarmsNobody, AnEmptiedPartitionKeepsItsVersion,
                            AFreshStoreHasForgottenNothing, RandomCommitsAgreeWithPlainMapsAcrossReopening);

}  // namespace helio::store
