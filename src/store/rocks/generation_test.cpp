#include "store/rocks/generation.h"

#include <algorithm>
#include <map>

#include "base/random.h"
#include "gtest/gtest.h"

namespace helio::store::rocks {

namespace {

// Commits as the writer does it.
class Filling {
 public:
  void commit(const Batch& batch, bool was_pending = false) {
    const Bytes encoded = encode_record(batch);
    char* const kept = generation_.keep(encoded);
    Record record = *Record::read({kept, encoded.size()});
    Generation::Box* box = generation_.find_staged(record.partition());
    if (!box) box = &generation_.stage(record.partition());
    record.set_was_pending(kept, was_pending);
    Generation::set_staged_head(*box, record.head());
    generation_.apply(++sequence_, record, *box);
  }
  Generation& operator*() { return generation_; }
  Generation* operator->() { return &generation_; }

 private:
  Generation generation_;
  std::uint64_t sequence_ = 0;
};

std::string to_text(const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) text += Bytes(row.key) + (row.value ? "=" + Bytes(*row.value) : "-") + " ";
  return text;
}

std::string to_text(const std::vector<Hidden>& hidden) {
  std::string text;
  for (const auto& [from, to] : hidden) text += "[" + Bytes(from) + "," + Bytes(to) + ")";
  return text;
}

std::string to_text(const Generation::Rows& rows) {
  return to_text(rows.rows) + to_text(rows.hidden) + (rows.more ? " more" : "");
}

constexpr std::size_t kAll = SIZE_MAX;
const Bytes kEnd(8, '\xff');

std::string rows_of(const Generation& generation, View partition) {
  return to_text(generation.rows(Name(partition), "", kEnd, false, kAll, kAll));
}

std::string get(const Generation& generation, const std::vector<Bytes>& keys) {
  std::vector<bool> known(keys.size(), false);
  std::vector<std::optional<Bytes>> values(keys.size());
  generation.get(Name("u1"), keys, known, values);
  std::string text;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    text += keys[i] + (!known[i] ? "?" : values[i] ? "=" + *values[i] : "-") + " ";
  }
  return text;
}

std::string folded_text(const Generation& generation) {
  std::string text;
  for (const auto& changes : generation.changes()) {
    const std::vector<Hidden> hidden = Generation::hidden(changes);
    std::vector<Row> rows;
    for (const auto& entry : Generation::rows(changes)) rows.push_back(entry.row());
    text += Bytes(changes.partition) + " " + std::to_string(changes.head.version) + ": " + to_text(rows) +
            to_text(hidden) + (changes.is_new ? " new" : "") + (changes.was_pending ? " was_pending" : "") + "\n";
  }
  return text;
}

}  // namespace

TEST(Generation, TheNewestOfARowCounts) {
  Filling filling;
  filling.commit({.partition = "u1", .expect = 4, .puts = {{"b", "1"}, {"a", "1"}}});
  filling.commit({.partition = "u1", .expect = 5, .erase = {"a", "c"}, .puts = {{"b", "2"}}});
  filling.commit({.partition = "u1", .expect = 6, .erase = {"b"}, .puts = {{"b", "3"}, {"b", "4"}}});
  EXPECT_EQ(get(*filling, {"a", "b", "c", "d"}), "a- b=4 c- d? ");
  EXPECT_EQ(rows_of(*filling, "u1"), "a- b=4 c- ");
  EXPECT_EQ(get(*filling, {"a", "b", "c", "d"}), "a- b=4 c- d? ");  // Sorted by now.
  EXPECT_EQ(filling->find(Name("u1"))->head.version, 7u);
  EXPECT_FALSE(filling->find(Name("u1"))->is_new);
  EXPECT_FALSE(filling->find(Name("u2")));
}

TEST(Generation, ARangeHidesWhatIsOlderOnly) {
  Filling filling;
  filling.commit({.partition = "u1", .expect = 1, .puts = {{"a", "1"}, {"b", "1"}, {"c", "1"}}});
  filling.commit(
      {.partition = "u1", .expect = 2, .erase_ranges = {{"b", "d"}, {"x", "x"}, {"z", "y"}}, .puts = {{"c", "2"}}});
  EXPECT_EQ(rows_of(*filling, "u1"), "a=1 c=2 [b,d)");
  EXPECT_EQ(get(*filling, {"a", "b", "bb", "c", "d", "x"}), "a=1 b- bb- c=2 d? x? ");
}

TEST(Generation, RangesThatTouchBecomeOne) {
  Filling filling;
  filling.commit({.partition = "u1", .expect = 1, .erase_ranges = {{"c", "e"}, {"g", "i"}, {"k", "m"}}});
  EXPECT_EQ(rows_of(*filling, "u1"), "[c,e)[g,i)[k,m)");
  filling.commit({.partition = "u1", .expect = 2, .erase_ranges = {{"e", "f"}}});
  EXPECT_EQ(rows_of(*filling, "u1"), "[c,f)[g,i)[k,m)");
  filling.commit({.partition = "u1", .expect = 3, .erase_ranges = {{"b", "c"}}});
  EXPECT_EQ(rows_of(*filling, "u1"), "[b,f)[g,i)[k,m)");
  filling.commit({.partition = "u1", .expect = 4, .erase_ranges = {{"d", "l"}}});
  EXPECT_EQ(rows_of(*filling, "u1"), "[b,m)");
  filling.commit({.partition = "u1", .expect = 5, .erase_ranges = {{"d", "e"}}});
  EXPECT_EQ(rows_of(*filling, "u1"), "[b,m)");
  EXPECT_EQ(to_text(filling->rows(Name("u1"), "m", "z", false, kAll, kAll)), "");
  EXPECT_EQ(to_text(filling->rows(Name("u1"), "c", "d", false, kAll, kAll)), "[b,m)");
  EXPECT_EQ(to_text(filling->rows(Name("u1"), "", "b", false, kAll, kAll)), "");
}

TEST(Generation, RowsStopWhereTheyAreTold) {
  Filling filling;
  filling.commit({.partition = "u1", .erase = {"b", "c"}, .puts = {{"a", "1"}, {"d", "1"}, {"e", "1"}}});
  const auto rows = [&](View from, View to, bool reverse, std::size_t live_max, std::size_t rows_max) {
    return to_text(filling->rows(Name("u1"), from, to, reverse, live_max, rows_max));
  };
  EXPECT_EQ(rows("", "z", false, 2, kAll), "a=1 b- c- d=1  more");
  EXPECT_EQ(rows("", "z", true, 2, kAll), "e=1 d=1  more");
  EXPECT_EQ(rows("", "z", false, kAll, 3), "a=1 b- c-  more");
  EXPECT_EQ(rows("", "z", true, kAll, 3), "e=1 d=1 c-  more");
  EXPECT_EQ(rows("", "z", true, 3, 5), "e=1 d=1 c- b- a=1 ");
  EXPECT_EQ(rows("b", "d", true, kAll, kAll), "c- b- ");
  EXPECT_EQ(rows("b", "b", false, kAll, kAll), "");
  EXPECT_EQ(rows("d", "b", false, kAll, kAll), "");
  EXPECT_TRUE(filling->rows(Name("u1"), "d", "b", false, kAll, kAll).partition->is_new);
}

TEST(Generation, KnowsWhatWasBefore) {
  Filling filling;
  filling.commit({.partition = "new", .pending = true});
  filling.commit({.partition = "new", .expect = 1}, true);
  filling.commit({.partition = "old", .expect = 8, .erase = {"a"}, .pending = true}, true);
  filling.commit({.partition = "old", .expect = 9, .pending = false}, true);
  std::string text = folded_text(*filling);
  EXPECT_NE(text.find("new 2:  new\n"), std::string::npos) << text;
  EXPECT_NE(text.find("old 10: a-  was_pending\n"), std::string::npos) << text;

  filling.commit({.partition = "old", .expect = 10, .pending = true});
  std::map<Bytes, bool> marks;
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
    for (const auto& [partition, pending] : filling->marks(bucket)) {
      EXPECT_EQ(bucket_of(partition), bucket);
      marks[Bytes(partition)] = pending;
    }
  }
  EXPECT_EQ(marks, (std::map<Bytes, bool>{{"new", false}, {"old", true}}));
}

TEST(Generation, WhatIsOnlyStagedIsNotThere) {
  Generation generation;
  Generation::Box& box = generation.stage({generation.keep("u1"), 2});
  EXPECT_EQ(generation.find_staged("u1"), &box);
  EXPECT_EQ(generation.find_staged("u2"), nullptr);
  EXPECT_FALSE(Generation::staged_head(box));
  Generation::set_staged_head(box, {.version = 3, .pending = true});
  EXPECT_EQ(Generation::staged_head(box)->version, 3u);
  EXPECT_FALSE(generation.find(Name("u1")));
  EXPECT_TRUE(generation.marks(bucket_of("u1")).empty());
  EXPECT_TRUE(generation.changes().empty());
  EXPECT_EQ(generation.last_sequence(), 0u);
}

TEST(Generation, CountsItsMemory) {
  Filling filling;
  EXPECT_EQ(filling->size(), 0u);
  const std::vector<Put> puts{{"k", Bytes(kValueSizeMax, 'v')}};
  for (std::uint64_t i = 0; i < 100; ++i) filling.commit({.partition = "u1", .expect = i, .puts = puts});
  EXPECT_GE(filling->size(), 100 * kValueSizeMax);
  EXPECT_LE(filling->size(), 100 * kValueSizeMax + (8 << 20));
}

TEST(Generation, IsAsPlainAsAMap) {
  SeededRandom random(1);
  std::map<Bytes, std::optional<Bytes>> plain;  // What every key of the partition is here; absent: unknown.
  std::vector<Bytes> keys;
  for (int i = 0; i < 400; ++i) keys.push_back(std::to_string(1'000 + i).substr(1));
  Filling filling;
  for (std::uint64_t version = 5; version < 600; ++version) {
    Batch batch{.partition = "u1", .expect = version};
    const auto key = [&] { return keys[random.below(keys.size())]; };
    if (random.below(20) == 0) {
      // Short ones: what is hidden stays in pieces.
      const std::size_t from = random.below(keys.size() - 3), to = from + random.below(4);
      batch.erase_ranges.push_back({keys[from], keys[to]});
      for (std::size_t i = from; i < to; ++i) plain[keys[i]] = std::nullopt;
    }
    for (std::uint64_t i = random.below(3); i > 0; --i) {
      batch.erase.push_back(key());
      plain[batch.erase.back()] = std::nullopt;
    }
    for (std::uint64_t i = random.below(5); i > 0; --i) {
      batch.puts.push_back({key(), std::to_string(version)});
      plain[batch.puts.back().key] = batch.puts.back().value;
    }
    filling.commit(batch);

    std::string wanted;
    for (const Bytes& name : keys) {
      const auto row = plain.find(name);
      wanted += name + (row == plain.end() ? "?" : row->second ? "=" + *row->second : "-") + " ";
    }
    ASSERT_EQ(get(*filling, keys), wanted);
    if (random.below(50) != 0) continue;
    const auto sorted = filling->rows(Name("u1"), "", kEnd, false, kAll, kAll);
    auto reversed = filling->rows(Name("u1"), "", kEnd, true, kAll, kAll);
    std::reverse(reversed.rows.begin(), reversed.rows.end());
    ASSERT_EQ(to_text(sorted), to_text(reversed));
    const auto disorder = std::adjacent_find(sorted.rows.begin(), sorted.rows.end(),
                                             [](const Row& a, const Row& b) { return a.key >= b.key; });
    ASSERT_EQ(disorder, sorted.rows.end());
    for (const Row& row : sorted.rows) ASSERT_EQ(row.value, plain.at(Bytes(row.key)));
    ASSERT_EQ(get(*filling, keys), wanted);
  }
}

}  // namespace helio::store::rocks
