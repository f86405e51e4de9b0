// store/blob_conformance.h: what every engine of store/blob.h must do, as one test suite that runs unchanged on each.
//
// An engine's test file includes this and says
//   INSTANTIATE_TYPED_TEST_SUITE_P(Name, BlobConformance, Engine);
// where Engine is default-constructible (a fresh, empty store without faults) and has
//   Blobs& blobs();                 the engine;
//   Clock& clock();                 its clock,
//   void advance(seconds by);       which this moves on;
//   void reopen();                  ends the engine and opens it again on what it stored;
//   void run(Task<> task);          runs a coroutine, and what it spawns, to its end.
#pragma once
#include <gtest/gtest.h>

#include "store/blob.h"

namespace helio::store {

template <class Engine>
class BlobConformance : public testing::Test {
 protected:
  Engine engine_;
};

TYPED_TEST_SUITE_P(BlobConformance);

// The bodies (blob_conformance_test.cpp), compiled once.
namespace blob_conformance {

// Bytes that are the same for the same seed.
Bytes content(std::uint64_t seed, std::size_t size);
// Stores it in one go and expects success.
Task<BlobId> store(Blobs& blobs, Bytes content);
// All of a blob, read by parts; "no blob" where there is none.
Task<Bytes> load(Blobs& blobs, BlobId id);
Task<std::size_t> count(Blobs& blobs);

Task<> a_blob_is_read_by_ranges(Blobs& blobs);
Task<> pieces_come_in_any_order(Blobs& blobs);
Task<> the_last_piece_for_a_place_counts(Blobs& blobs);
Task<> a_repeated_piece_changes_nothing(Blobs& blobs);
Task<> calls_on_a_draft_take_effect_in_order(Blobs& blobs);
Task<> the_same_content_exists_once(Blobs& blobs);
Task<> writers_of_the_same_content_agree(Blobs& blobs);
Task<> what_makes_no_blob_is_refused(Blobs& blobs);
Task<> a_draft_waits_for_its_missing_pieces(Blobs& blobs);
Task<> a_draft_that_ended_takes_nothing(Blobs& blobs);
Task<> no_blob_has_an_unknown_id(Blobs& blobs);
Task<> fill_before_reopening(Blobs& blobs, Bytes* kept, Bytes* dropped);
Task<> check_after_reopening(Blobs& blobs, Bytes kept, Bytes dropped);
Task<> resuming_refuses_what_does_not_fit(Blobs& blobs);
Task<> a_blob_answered_lately_is_not_erased(Blobs& blobs, std::function<void(seconds)> advance);
Task<> the_sweep_keeps_what_rows_name(Blobs& blobs, Clock& clock, std::function<void(seconds)> advance);
Task<> a_row_made_during_the_sweep_keeps_its_blob(Blobs& blobs, Clock& clock, std::function<void(seconds)> advance);
Task<> old_drafts_are_discarded(Blobs& blobs, std::function<void(seconds)> advance);
Task<> a_cancelled_caller_harms_nobody(Blobs& blobs);

}  // namespace blob_conformance

#define BLOB_CONFORMANCE_(Name, body)                                 \
  TYPED_TEST_P(BlobConformance, Name) {                               \
    this->engine_.run(blob_conformance::body(this->engine_.blobs())); \
  }

BLOB_CONFORMANCE_(ABlobIsReadByRanges, a_blob_is_read_by_ranges)
BLOB_CONFORMANCE_(PiecesComeInAnyOrder, pieces_come_in_any_order)
BLOB_CONFORMANCE_(TheLastPieceForAPlaceCounts, the_last_piece_for_a_place_counts)
BLOB_CONFORMANCE_(ARepeatedPieceChangesNothing, a_repeated_piece_changes_nothing)
BLOB_CONFORMANCE_(CallsOnADraftTakeEffectInOrder, calls_on_a_draft_take_effect_in_order)
BLOB_CONFORMANCE_(TheSameContentExistsOnce, the_same_content_exists_once)
BLOB_CONFORMANCE_(WritersOfTheSameContentAgree, writers_of_the_same_content_agree)
BLOB_CONFORMANCE_(WhatMakesNoBlobIsRefused, what_makes_no_blob_is_refused)
BLOB_CONFORMANCE_(ADraftWaitsForItsMissingPieces, a_draft_waits_for_its_missing_pieces)
BLOB_CONFORMANCE_(ADraftThatEndedTakesNothing, a_draft_that_ended_takes_nothing)
BLOB_CONFORMANCE_(NoBlobHasAnUnknownId, no_blob_has_an_unknown_id)
BLOB_CONFORMANCE_(ResumingRefusesWhatDoesNotFit, resuming_refuses_what_does_not_fit)
BLOB_CONFORMANCE_(ACancelledCallerHarmsNobody, a_cancelled_caller_harms_nobody)
#undef BLOB_CONFORMANCE_

TYPED_TEST_P(BlobConformance, WhatWasAnsweredIsThereAfterReopening) {
  Bytes kept, dropped;
  this->engine_.run(blob_conformance::fill_before_reopening(this->engine_.blobs(), &kept, &dropped));
  this->engine_.reopen();
  this->engine_.run(blob_conformance::check_after_reopening(this->engine_.blobs(), kept, dropped));
}
TYPED_TEST_P(BlobConformance, ABlobAnsweredLatelyIsNotErased) {
  const auto advance = [this](seconds by) { this->engine_.advance(by); };
  this->engine_.run(blob_conformance::a_blob_answered_lately_is_not_erased(this->engine_.blobs(), advance));
}
TYPED_TEST_P(BlobConformance, TheSweepKeepsWhatRowsName) {
  const auto advance = [this](seconds by) { this->engine_.advance(by); };
  this->engine_.run(
      blob_conformance::the_sweep_keeps_what_rows_name(this->engine_.blobs(), this->engine_.clock(), advance));
}
TYPED_TEST_P(BlobConformance, ARowMadeDuringTheSweepKeepsItsBlob) {
  const auto advance = [this](seconds by) { this->engine_.advance(by); };
  this->engine_.run(blob_conformance::a_row_made_during_the_sweep_keeps_its_blob(this->engine_.blobs(),
                                                                                 this->engine_.clock(), advance));
}
TYPED_TEST_P(BlobConformance, OldDraftsAreDiscarded) {
  const auto advance = [this](seconds by) { this->engine_.advance(by); };
  this->engine_.run(blob_conformance::old_drafts_are_discarded(this->engine_.blobs(), advance));
}

REGISTER_TYPED_TEST_SUITE_P(BlobConformance, ABlobIsReadByRanges, PiecesComeInAnyOrder, TheLastPieceForAPlaceCounts,
                            ARepeatedPieceChangesNothing, CallsOnADraftTakeEffectInOrder, TheSameContentExistsOnce,
                            WritersOfTheSameContentAgree, WhatMakesNoBlobIsRefused, ADraftWaitsForItsMissingPieces,
                            ADraftThatEndedTakesNothing, NoBlobHasAnUnknownId, ResumingRefusesWhatDoesNotFit,
                            ACancelledCallerHarmsNobody, WhatWasAnsweredIsThereAfterReopening,
                            ABlobAnsweredLatelyIsNotErased, TheSweepKeepsWhatRowsName,
                            ARowMadeDuringTheSweepKeepsItsBlob, OldDraftsAreDiscarded);

}  // namespace helio::store
