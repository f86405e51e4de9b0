#include "store/blob_conformance.h"

#include <algorithm>

#include "base/random.h"

namespace helio::store::blob_conformance {

namespace {

constexpr seconds kLong = kBlobGrace * 3;

BlobId id_of(View content) {
  return {crypto::sha256(content)};
}

Task<std::unique_ptr<BlobDraft>> start(Blobs& blobs, std::optional<std::uint64_t> size) {
  BlobStarted started = co_await blobs.start(size);
  EXPECT_EQ(started.outcome, BlobOutcome::kDone);
  co_return std::move(started.draft);
}

Task<> write(BlobDraft& draft, std::uint64_t offset, Bytes piece) {
  const BlobOutcome outcome = co_await draft.write(offset, std::move(piece));
  EXPECT_EQ(outcome, BlobOutcome::kDone) << "at " << offset;
}

// The part of `content` that begins at `from`, written there.
Task<> write_part(BlobDraft& draft, View content, std::size_t from, std::size_t size) {
  Bytes piece(content.substr(from, size));
  co_await write(draft, from, std::move(piece));
}

Task<> finish(BlobDraft& draft, Bytes content) {
  const BlobStored stored = co_await draft.finish();
  EXPECT_EQ(stored.outcome, BlobOutcome::kDone);
  EXPECT_EQ(stored.id, id_of(content));
  EXPECT_EQ(stored.size, content.size());
}

Task<> store_counted(Blobs& blobs, Bytes content, int times) {
  for (int i = 0; i < times; ++i) {
    const BlobId id = co_await store(blobs, content);
    EXPECT_EQ(id, id_of(content));
  }
}

}  // namespace

Bytes content(std::uint64_t seed, std::size_t size) {
  SeededRandom random(seed);
  return random.bytes(size);
}

Task<BlobId> store(Blobs& blobs, Bytes content) {
  const auto draft = co_await start(blobs, content.size());
  for (std::size_t at = 0; at < content.size(); at += kBlobPieceMax) {
    co_await write_part(*draft, content, at, kBlobPieceMax);
  }
  const BlobStored stored = co_await draft->finish();
  EXPECT_EQ(stored.outcome, BlobOutcome::kDone);
  co_return stored.id;
}

Task<Bytes> load(Blobs& blobs, BlobId id) {
  Bytes content;
  while (true) {
    const std::optional<Bytes> bytes = co_await blobs.read(id, content.size(), 100'000);
    if (!bytes) co_return "no blob";
    if (bytes->empty()) co_return content;
    content += *bytes;
  }
}

Task<std::size_t> count(Blobs& blobs) {
  std::size_t found = 0;
  for (int first = 0; first < 256; ++first) {
    const std::vector<BlobInfo> listed = co_await blobs.list(static_cast<std::uint8_t>(first));
    found += listed.size();
    EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end(), [](auto& a, auto& b) { return a.id < b.id; }));
    for (const BlobInfo& info : listed) EXPECT_EQ(static_cast<std::uint8_t>(info.id.hash[0]), first);
  }
  co_return found;
}

Task<> a_blob_is_read_by_ranges(Blobs& blobs) {
  for (const std::size_t size : {1, 2, 65'535, 65'536, 65'537, 131'072, 1'500'000}) {
    const Bytes whole = content(size, size);
    const BlobId id = co_await store(blobs, whole);
    EXPECT_EQ(id, id_of(whole));
    const std::optional<std::uint64_t> found = co_await blobs.size_of(id);
    EXPECT_EQ(found, size);
    const Bytes loaded = co_await load(blobs, id);
    EXPECT_TRUE(loaded == whole) << size;
    const BlobCheck check = co_await blobs.verify(id);
    EXPECT_EQ(check.state, BlobCheck::kIntact) << check.text;

    SeededRandom random(size);
    std::vector<Stretch> ranges = {{0, 0}, {0, 1}, {size - 1, size}, {size, size + 1}, {size - 1, size + 100}};
    ranges.push_back({65'535, 65'537});
    ranges.push_back({size + 1'000'000'000'000, size + 1'000'000'000'001});
    for (int i = 0; i < 20; ++i) {
      const std::uint64_t from = random.below(size + 10);
      ranges.push_back({from, from + random.below(200'000)});
    }
    for (const Stretch& range : ranges) {
      const std::optional<Bytes> bytes = co_await blobs.read(id, range.from, range.to - range.from);
      const View expected = range.from < size ? View(whole).substr(range.from, range.to - range.from) : View();
      EXPECT_TRUE(bytes && *bytes == expected) << size << ": " << range.from << " to " << range.to;
    }
  }
  EXPECT_EQ(co_await count(blobs), 7u);
}

Task<> pieces_come_in_any_order(Blobs& blobs) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    SeededRandom random(seed);
    const std::size_t size = 300'000 + random.below(400'000), step = 1 + random.below(60'000);
    const Bytes whole = content(seed, size);
    std::vector<std::size_t> starts;
    for (std::size_t at = 0; at < size; at += step) starts.push_back(at);
    if (seed == 1) std::reverse(starts.begin(), starts.end());
    if (seed > 2) {
      for (std::size_t i = starts.size(); i > 1; --i) std::swap(starts[i - 1], starts[random.below(i)]);
    }
    std::optional<std::uint64_t> declared;
    if (seed % 2 == 0) declared = size;
    const auto draft = co_await start(blobs, declared);
    for (const std::size_t at : starts) {
      // Some reach into their neighbours.
      const std::size_t more = random.below(4) == 0 ? random.below(5'000) : 0;
      co_await write_part(*draft, whole, at, step + more);
    }
    co_await finish(*draft, whole);
    const Bytes loaded = co_await load(blobs, id_of(whole));
    EXPECT_TRUE(loaded == whole) << "seed " << seed;
  }
}

Task<> the_last_piece_for_a_place_counts(Blobs& blobs) {
  // Also for what was hashed already, and for a part of it.
  const Bytes first = content(1, 400'000), last = content(2, 400'000);
  for (const Stretch changed : {Stretch{0, 100'000}, {100'000, 200'000}, {399'999, 400'000}, {50'000, 300'000}}) {
    const Bytes whole =
        first.substr(0, changed.from) + last.substr(changed.from, changed.to - changed.from) + first.substr(changed.to);
    const auto draft = co_await start(blobs, std::nullopt);
    co_await write_part(*draft, first, 0, 200'000);
    co_await write_part(*draft, first, 200'000, 200'000);
    co_await write_part(*draft, whole, changed.from, changed.to - changed.from);
    co_await finish(*draft, whole);
    const Bytes loaded = co_await load(blobs, id_of(whole));
    EXPECT_TRUE(loaded == whole) << changed.from;
  }
  EXPECT_EQ(co_await count(blobs), 4u);
}

Task<> a_repeated_piece_changes_nothing(Blobs& blobs) {
  const Bytes whole = content(1, 400'000);
  const auto draft = co_await start(blobs, whole.size());
  for (int i = 0; i < 3; ++i) co_await write_part(*draft, whole, 0, 200'000);
  co_await write_part(*draft, whole, 100'000, 50'000);
  co_await write_part(*draft, whole, 200'000, 200'000);
  co_await write_part(*draft, whole, 399'999, 1);
  co_await finish(*draft, whole);
}

Task<> calls_on_a_draft_take_effect_in_order(Blobs& blobs) {
  for (int round = 0; round < 5; ++round) {
    const auto draft = co_await start(blobs, std::nullopt);
    Bytes whole;
    TaskGroup group(co_await asio::this_coro::executor);
    for (std::uint64_t i = 0; i < 30; ++i) {
      // Each over the half of its predecessor.
      Bytes piece = content(i, 2'000);
      whole.resize(i * 1'000);
      whole += piece;
      group.spawn(write(*draft, i * 1'000, std::move(piece)));
    }
    group.spawn(finish(*draft, whole));
    co_await group.join();
  }
}

Task<> the_same_content_exists_once(Blobs& blobs) {
  const Bytes whole = content(1, 100'000);
  const BlobId first = co_await store(blobs, whole);
  const BlobId second = co_await store(blobs, whole);
  EXPECT_EQ(first, second);
  EXPECT_EQ(co_await count(blobs), 1u);
  const BlobId other = co_await store(blobs, content(2, 100'000));
  EXPECT_NE(first, other);
  EXPECT_EQ(co_await count(blobs), 2u);
  const Bytes loaded = co_await load(blobs, first);
  EXPECT_TRUE(loaded == whole);
}

Task<> writers_of_the_same_content_agree(Blobs& blobs) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < 8; ++i) group.spawn(store_counted(blobs, content(i % 2, 70'000), 3));
  co_await group.join();
  EXPECT_EQ(co_await count(blobs), 2u);
  for (int i = 0; i < 2; ++i) {
    const Bytes loaded = co_await load(blobs, id_of(content(i, 70'000)));
    EXPECT_TRUE(loaded == content(i, 70'000));
  }
}

Task<> what_makes_no_blob_is_refused(Blobs& blobs) {
  for (const std::uint64_t size : {std::uint64_t{0}, kBlobSizeMax + 1, ~std::uint64_t{0}}) {
    const BlobStarted started = co_await blobs.start(size);
    EXPECT_EQ(started.outcome, BlobOutcome::kMisfit) << size;
    EXPECT_FALSE(started.draft);
  }
  const auto declared = co_await start(blobs, 1'000);
  const auto open = co_await start(blobs, std::nullopt);
  struct Case {
    BlobDraft& draft;
    std::uint64_t offset;
    std::size_t size;
  } cases[] = {{*declared, 0, 0},
               {*declared, 1'000, 1},
               {*declared, 0, 1'001},
               {*declared, 999, 2},
               {*declared, ~std::uint64_t{0}, 2},
               {*open, 0, 0},
               {*open, kBlobSizeMax, 1},
               {*open, kBlobSizeMax - 1, 2},
               {*open, ~std::uint64_t{0} - 1, 2}};
  for (const Case& it : cases) {
    const BlobOutcome outcome = co_await it.draft.write(it.offset, Bytes(it.size, 'x'));
    EXPECT_EQ(outcome, BlobOutcome::kMisfit) << it.offset << ", " << it.size;
  }
  const BlobStored empty = co_await open->finish();
  EXPECT_EQ(empty.outcome, BlobOutcome::kMisfit);

  // Every other byte: memory must not follow what a client thinks of.
  BlobOutcome outcome = BlobOutcome::kDone;
  std::uint64_t taken = 0;
  const auto scattered = co_await start(blobs, std::nullopt);
  while (taken < 20'000 && outcome == BlobOutcome::kDone) {
    outcome = co_await scattered->write(2 * taken, Bytes("x"));
    ++taken;
  }
  EXPECT_EQ(outcome, BlobOutcome::kMisfit);
  EXPECT_EQ(taken, Stretches::kMax + 1);
  co_await write(*scattered, 1, Bytes("x"));  // One that fills a hole is welcome.
  EXPECT_EQ(co_await count(blobs), 0u);
}

Task<> a_draft_waits_for_its_missing_pieces(Blobs& blobs) {
  const Bytes whole = content(1, 3'000);
  const auto draft = co_await start(blobs, whole.size());
  for (const std::size_t at : {2'000, 0, 1'000}) {
    const BlobStored stored = co_await draft->finish();
    EXPECT_EQ(stored.outcome, BlobOutcome::kMisfit) << at;
    co_await write_part(*draft, whole, at, 1'000);
  }
  co_await finish(*draft, whole);

  // Whole, but not as long as was said.
  const auto other = co_await start(blobs, whole.size() + 1);
  co_await write_part(*other, whole, 0, 3'000);
  const BlobStored stored = co_await other->finish();
  EXPECT_EQ(stored.outcome, BlobOutcome::kMisfit);
}

Task<> a_draft_that_ended_takes_nothing(Blobs& blobs) {
  const auto finished = co_await start(blobs, std::nullopt);
  co_await write(*finished, 0, Bytes("abc"));
  co_await finish(*finished, "abc");
  const auto abandoned = co_await start(blobs, std::nullopt);
  co_await write(*abandoned, 0, Bytes("def"));
  const BlobOutcome flushed = co_await abandoned->flush();
  EXPECT_EQ(flushed, BlobOutcome::kDone);
  const BlobOutcome done = co_await abandoned->abandon();
  EXPECT_EQ(done, BlobOutcome::kDone);
  for (BlobDraft* draft : {finished.get(), abandoned.get()}) {
    const BlobOutcome written = co_await draft->write(3, Bytes("x"));
    EXPECT_EQ(written, BlobOutcome::kGone);
    const BlobOutcome again = co_await draft->flush();
    EXPECT_EQ(again, BlobOutcome::kGone);
    const BlobStored stored = co_await draft->finish();
    EXPECT_EQ(stored.outcome, BlobOutcome::kGone);
    const BlobOutcome ended = co_await draft->abandon();
    EXPECT_EQ(ended, BlobOutcome::kGone);
  }
  EXPECT_EQ(co_await count(blobs), 1u);
}

Task<> no_blob_has_an_unknown_id(Blobs& blobs) {
  co_await store(blobs, "abc");
  const BlobId id = id_of("abd");
  const std::optional<Bytes> bytes = co_await blobs.read(id, 0, 10);
  EXPECT_FALSE(bytes);
  const std::optional<std::uint64_t> size = co_await blobs.size_of(id);
  EXPECT_FALSE(size);
  EXPECT_FALSE(co_await blobs.renew(id));
  const BlobCheck check = co_await blobs.verify(id);
  EXPECT_EQ(check.state, BlobCheck::kMissing);
  EXPECT_TRUE(co_await blobs.erase(id, kBlobGrace));
}

Task<> fill_before_reopening(Blobs& blobs, Bytes* kept, Bytes* dropped) {
  co_await store(blobs, content(1, 100'000));
  // One that was flushed twice, between pieces out of order, and then got more.
  const auto draft = co_await start(blobs, std::nullopt);
  const Bytes whole = content(2, 300'000);
  co_await write_part(*draft, whole, 200'000, 100'000);
  BlobOutcome outcome = co_await draft->flush();
  EXPECT_EQ(outcome, BlobOutcome::kDone);
  co_await write_part(*draft, whole, 0, 100'000);
  outcome = co_await draft->flush();
  EXPECT_EQ(outcome, BlobOutcome::kDone);
  co_await write(*draft, 100'000, content(3, 100'000));
  co_await write(*draft, 300'000, content(4, 50'000));
  *kept = draft->name();
  const auto never_flushed = co_await start(blobs, std::nullopt);
  co_await write(*never_flushed, 0, Bytes("abc"));
  *dropped = never_flushed->name();
}

Task<> check_after_reopening(Blobs& blobs, Bytes kept, Bytes dropped) {
  const Bytes first = content(1, 100'000), whole = content(2, 300'000);
  Bytes loaded = co_await load(blobs, id_of(first));
  EXPECT_TRUE(loaded == first);
  EXPECT_EQ(co_await count(blobs), 1u);

  std::vector<Stretch> there{{0, 3}};
  const BlobStarted gone = co_await blobs.resume(dropped, std::nullopt, there);
  EXPECT_EQ(gone.outcome, BlobOutcome::kGone);

  there = {{200'000, 300'000}, {0, 100'000}};
  BlobStarted resumed = co_await blobs.resume(kept, whole.size(), there);
  EXPECT_EQ(resumed.outcome, BlobOutcome::kDone);
  if (!resumed.draft) co_return;
  EXPECT_EQ(resumed.draft->name(), kept);
  const BlobStarted twice = co_await blobs.resume(kept, whole.size(), there);
  EXPECT_EQ(twice.outcome, BlobOutcome::kBusy);
  const BlobStored early = co_await resumed.draft->finish();
  EXPECT_EQ(early.outcome, BlobOutcome::kMisfit);
  co_await write_part(*resumed.draft, whole, 100'000, 100'000);
  co_await finish(*resumed.draft, whole);
  loaded = co_await load(blobs, id_of(whole));
  EXPECT_TRUE(loaded == whole);
  const BlobCheck check = co_await blobs.verify(id_of(whole));
  EXPECT_EQ(check.state, BlobCheck::kIntact) << check.text;
}

Task<> resuming_refuses_what_does_not_fit(Blobs& blobs) {
  const auto draft = co_await start(blobs, std::nullopt);
  co_await write(*draft, 0, content(1, 1'000));
  const BlobOutcome flushed = co_await draft->flush();
  EXPECT_EQ(flushed, BlobOutcome::kDone);

  std::vector<Stretch> there;
  const Bytes unknown[] = {"",
                           "x",
                           "../" + draft->name(),
                           Bytes(32, '0'),
                           Bytes(32, 'F'),
                           draft->name() + '\0',
                           draft->name().substr(1) + "/",
                           Bytes(4'000, 'a')};
  for (const Bytes& name : unknown) {
    const BlobStarted started = co_await blobs.resume(name, std::nullopt, there);
    EXPECT_EQ(started.outcome, BlobOutcome::kGone) << name;
  }
  const std::vector<Stretch> misfits[] = {{{5, 5}}, {{6, 5}}, {{0, kBlobSizeMax + 1}}, {{0, 500}, {999, 1'001}}};
  for (const auto& misfit : misfits) {
    const BlobStarted started = co_await blobs.resume(draft->name(), 1'000, misfit);
    EXPECT_EQ(started.outcome, BlobOutcome::kMisfit);
  }
}

Task<> a_blob_answered_lately_is_not_erased(Blobs& blobs, std::function<void(seconds)> advance) {
  const BlobId id = co_await store(blobs, "abc");
  EXPECT_FALSE(co_await blobs.erase(id, kBlobGrace));
  advance(kBlobGrace - seconds(5));
  EXPECT_FALSE(co_await blobs.erase(id, kBlobGrace));
  EXPECT_TRUE(co_await blobs.renew(id));
  advance(kBlobGrace - seconds(5));
  EXPECT_FALSE(co_await blobs.erase(id, kBlobGrace));
  co_await store(blobs, "abc");  // As good as renewing it.
  advance(kBlobGrace - seconds(5));
  EXPECT_FALSE(co_await blobs.erase(id, kBlobGrace));
  advance(kLong);
  EXPECT_FALSE(co_await blobs.erase(id, 2 * kLong));
  EXPECT_TRUE(co_await blobs.erase(id, kLong));
  EXPECT_FALSE(co_await blobs.renew(id));
  const Bytes loaded = co_await load(blobs, id);
  EXPECT_EQ(loaded, "no blob");
  co_await store(blobs, "abc");
  const Bytes again = co_await load(blobs, id);
  EXPECT_EQ(again, "abc");
}

namespace {

Task<bool> is_kept(std::set<BlobId>* rows, BlobId id) {
  co_return rows->contains(id);
}

// No row names it when it is asked; and then one is made, by the rule.
Task<bool> forward_meanwhile(Blobs& blobs, std::set<BlobId>* rows, BlobId id) {
  const bool named = rows->contains(id);
  EXPECT_TRUE(co_await blobs.renew(id));
  rows->insert(id);
  co_return named;
}

}  // namespace

Task<> the_sweep_keeps_what_rows_name(Blobs& blobs, Clock& clock, std::function<void(seconds)> advance) {
  std::set<BlobId> rows;
  for (int i = 0; i < 40; ++i) {
    const BlobId id = co_await store(blobs, content(i, 1'000));
    if (i % 2 == 0) rows.insert(id);
  }
  advance(kBlobLeftoverAge + kBlobGrace);
  const BlobId young = co_await store(blobs, "abc");
  int asked = 0;
  const auto kept = [&](BlobId id) {
    ++asked;
    return is_kept(&rows, id);
  };
  const BlobSwept swept = co_await sweep(blobs, clock, kept);
  EXPECT_EQ(swept.blobs, 20u);
  EXPECT_EQ(swept.bytes, 20'000u);
  EXPECT_EQ(asked, 40);  // Not about the young one.
  rows.insert(young);
  EXPECT_EQ(co_await count(blobs), 21u);
  for (const BlobId& id : rows) {
    const std::optional<std::uint64_t> size = co_await blobs.size_of(id);
    EXPECT_TRUE(size);
  }
}

Task<> a_row_made_during_the_sweep_keeps_its_blob(Blobs& blobs, Clock& clock, std::function<void(seconds)> advance) {
  std::set<BlobId> rows;
  co_await store(blobs, "abc");
  advance(kBlobLeftoverAge + kBlobGrace);
  const auto kept = [&blobs, &rows](BlobId id) { return forward_meanwhile(blobs, &rows, id); };
  const BlobSwept swept = co_await sweep(blobs, clock, kept);
  EXPECT_EQ(swept.blobs, 0u);
  EXPECT_EQ(rows.size(), 1u);
  const Bytes loaded = co_await load(blobs, id_of("abc"));
  EXPECT_EQ(loaded, "abc");
}

Task<> old_drafts_are_discarded(Blobs& blobs, std::function<void(seconds)> advance) {
  auto left = co_await start(blobs, std::nullopt);
  const auto open = co_await start(blobs, std::nullopt);
  const Bytes name = left->name();
  for (BlobDraft* draft : {left.get(), open.get()}) {
    co_await write(*draft, 0, Bytes("abc"));
    const BlobOutcome flushed = co_await draft->flush();
    EXPECT_EQ(flushed, BlobOutcome::kDone);
  }
  left.reset();
  advance(seconds(100));
  std::uint64_t discarded = co_await blobs.discard_drafts(seconds(200));
  EXPECT_EQ(discarded, 0u);
  std::vector<Stretch> there{{0, 3}};
  {
    const BlobStarted resumed = co_await blobs.resume(name, std::nullopt, there);
    EXPECT_EQ(resumed.outcome, BlobOutcome::kDone);
  }
  advance(seconds(150));
  // The engine may learn a little later that it is closed.
  for (int i = 0; i < 10'000 && discarded == 0; ++i) discarded = co_await blobs.discard_drafts(seconds(200));
  EXPECT_EQ(discarded, 1u);
  const BlobStarted gone = co_await blobs.resume(name, std::nullopt, there);
  EXPECT_EQ(gone.outcome, BlobOutcome::kGone);
  co_await finish(*open, "abc");
}

namespace {

Task<> store_for_ever(Blobs& blobs, int number) {
  for (std::uint64_t i = 0;; ++i) co_await store(blobs, content(number * 1'000 + i, 50'000));
}

}  // namespace

Task<> a_cancelled_caller_harms_nobody(Blobs& blobs) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 1; i <= 10; ++i) group.spawn(store_for_ever(blobs, i));
  co_await store(blobs, "abc");
  group.cancel();
  co_await group.join();
  const Bytes loaded = co_await load(blobs, id_of("abc"));
  EXPECT_EQ(loaded, "abc");
  for (int first = 0; first < 256; ++first) {
    const std::vector<BlobInfo> listed = co_await blobs.list(static_cast<std::uint8_t>(first));
    for (const BlobInfo& info : listed) {
      const BlobCheck check = co_await blobs.verify(info.id);
      EXPECT_EQ(check.state, BlobCheck::kIntact) << check.text;
    }
  }
}

}  // namespace helio::store::blob_conformance
