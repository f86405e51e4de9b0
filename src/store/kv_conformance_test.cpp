#include "store/kv_conformance.h"

#include <algorithm>
#include <map>

namespace helio::store::conformance {

const Bytes kHighest(kKeySizeMax, '\xff');

Scan all() {
  return {.from = "", .to = kHighest, .reverse = false, .limit = 1'000'000, .size_max = 1u << 30};
}

Bytes text_of(const Page& page) {
  Bytes text;
  for (const Put& row : page.rows) text += row.key + "=" + row.value + " ";
  return text;
}

Task<std::uint64_t> put(Kv& kv, Batch batch) {
  const std::uint64_t expect = batch.expect;
  const Commit done = co_await kv.commit(std::move(batch));
  EXPECT_EQ(done.outcome, Outcome::kCommitted);
  EXPECT_EQ(done.version, expect + 1);
  co_return done.version;
}

Task<std::string> rows_of(Kv& kv, Bytes partition) {
  Scan everything = all();
  const Page page = co_await kv.scan(std::move(partition), std::move(everything));
  EXPECT_FALSE(page.more);
  co_return text_of(page);
}

Bytes number_key(std::uint32_t number) {
  Bytes key = "m";
  append_be(key, number);
  return key;
}

Task<> an_unknown_partition_is_empty(Kv& kv) {
  std::vector<Bytes> keys{"a", ""};
  const Values values = co_await kv.get("u1", std::move(keys));
  EXPECT_EQ(values.version, 0u);
  EXPECT_EQ(values.values, (std::vector<std::optional<Bytes>>{std::nullopt, std::nullopt}));
  Scan everything = all();
  const Page page = co_await kv.scan("u1", std::move(everything));
  EXPECT_EQ(page.version, 0u);
  EXPECT_TRUE(page.rows.empty());
  EXPECT_FALSE(page.more);
}

Task<> a_batch_is_applied_whole_or_not_at_all(Kv& kv) {
  Batch first{.partition = "u1", .puts = {{"a", "1"}, {"b", "2"}, {"c", ""}}};
  co_await put(kv, std::move(first));
  Batch second{.partition = "u1", .expect = 1, .erase = {"a", "never there"}, .puts = {{"b", "3"}}};
  co_await put(kv, std::move(second));
  EXPECT_EQ(co_await rows_of(kv, "u1"), "b=3 c= ");

  std::vector<Bytes> keys{"c", "a", "b", "c"};
  const Values values = co_await kv.get("u1", std::move(keys));
  EXPECT_EQ(values.version, 2u);
  EXPECT_EQ(values.values, (std::vector<std::optional<Bytes>>{"", std::nullopt, "3", ""}));

  // One that conflicts leaves nothing behind, not even its erases.
  Batch stale{.partition = "u1", .expect = 1, .erase_ranges = {{"a", "z"}}, .puts = {{"x", "9"}}, .pending = true};
  const Commit refused = co_await kv.commit(std::move(stale));
  EXPECT_EQ(refused.outcome, Outcome::kConflict);
  EXPECT_EQ(co_await rows_of(kv, "u1"), "b=3 c= ");
  EXPECT_TRUE((co_await kv.pending(bucket_of("u1"))).empty());
}

Task<> a_commit_needs_the_version_it_expects(Kv& kv) {
  for (const std::uint64_t wrong : {1, 2, 1000}) {
    Batch batch{.partition = "u1", .expect = wrong, .puts = {{"a", "1"}}};
    const Commit done = co_await kv.commit(std::move(batch));
    EXPECT_EQ(done.outcome, Outcome::kConflict) << wrong;
  }
  Batch empty{.partition = "u1"};
  co_await put(kv, std::move(empty));  // Even a batch without changes is a commit.
  for (const std::uint64_t wrong : {0, 2}) {
    Batch batch{.partition = "u1", .expect = wrong, .puts = {{"a", "1"}}};
    const Commit done = co_await kv.commit(std::move(batch));
    EXPECT_EQ(done.outcome, Outcome::kConflict) << wrong;
    EXPECT_TRUE(done.version == 1 || done.version == 0) << done.version;
  }
  EXPECT_EQ(co_await rows_of(kv, "u1"), "");
  Batch right{.partition = "u1", .expect = 1, .puts = {{"a", "1"}}};
  co_await put(kv, std::move(right));
}

Task<> keys_order_as_unsigned_bytes(Kv& kv) {
  // In order. Kept as sizes matter: literals with zero bytes.
  const std::vector<Bytes> keys = {"",
                                   Bytes(1, '\0'),
                                   Bytes(2, '\0'),
                                   Bytes("\0\xff", 2),
                                   "\x01",
                                   "a",
                                   Bytes("a\0", 2),
                                   Bytes("a\0\0", 3),
                                   "a\x01",
                                   "a\x7f",
                                   "a\x80",
                                   "a\xff",
                                   "b",
                                   "\x7f",
                                   "\x80",
                                   "\xff",
                                   Bytes("\xff\0", 2),
                                   "\xff\xff"};
  // Names that begin alike must not run into each other either.
  const std::vector<Bytes> names = {"u",  Bytes("u\0", 2), "u\xff",        "ua", Bytes(1, '\0'), "\xff", "\x01", "v",
                                    "vv", "\xff\xff",      Bytes(2, '\0'), "w"};
  for (const Bytes& name : names) {
    Batch batch{.partition = name};
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) batch.puts.push_back({*key, name});
    co_await put(kv, std::move(batch));
  }
  for (const Bytes& name : names) {
    for (const bool reverse : {false, true}) {
      Scan everything = all();
      everything.reverse = reverse;
      const Page page = co_await kv.scan(name, std::move(everything));
      std::vector<Bytes> found;
      for (const Put& row : page.rows) {
        found.push_back(row.key);
        EXPECT_EQ(row.value, name);
      }
      if (reverse) std::reverse(found.begin(), found.end());
      EXPECT_EQ(found, keys);
    }
    // Every interval of two keys holds what lies between them: the lower end, not the upper one.
    for (std::size_t from = 0; from < keys.size(); from += 3) {
      for (std::size_t to = 0; to < keys.size(); to += 2) {
        Scan part{.from = keys[from], .to = keys[to]};
        const Page page = co_await kv.scan(name, std::move(part));
        EXPECT_EQ(page.rows.size(), to > from ? to - from : 0);
        if (to > from) {
          EXPECT_EQ(page.rows.front().key, keys[from]);
        }
      }
    }
  }
  // Erasing everything of one touches no neighbour.
  Batch erase{.partition = "u", .expect = 1, .erase_ranges = {{"", kHighest}}};
  co_await put(kv, std::move(erase));
  EXPECT_EQ(co_await rows_of(kv, "u"), "");
  for (const Bytes& name : names) {
    std::vector<Bytes> every = keys;
    const Values values = co_await kv.get(name, std::move(every));
    for (const auto& value : values.values) EXPECT_EQ(value.has_value(), name != "u");
  }
}

Task<> range_erases_come_first_then_erases_then_puts(Kv& kv) {
  Batch first{.partition = "u1", .puts = {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}, {"e", "1"}}};
  co_await put(kv, std::move(first));
  Batch second{.partition = "u1",
               .expect = 1,
               .erase_ranges = {{"b", "d"}, {"e", "a"}, {"x", "x"}},
               .erase = {"a", "e"},
               .puts = {{"c", "2"}, {"e", "2"}, {"e", "3"}}};
  co_await put(kv, std::move(second));
  EXPECT_EQ(co_await rows_of(kv, "u1"), "c=2 d=1 e=3 ");
}

Task<> what_fits_the_limits_is_stored(Kv& kv) {
  const Bytes name(kPartitionSizeMax, '\xff');
  Batch large{.partition = name};
  large.puts.push_back({kHighest, Bytes(kValueSizeMax, 'x')});
  co_await put(kv, std::move(large));
  std::vector<Bytes> keys{kHighest};
  const Values values = co_await kv.get(name, std::move(keys));
  EXPECT_EQ(values.values[0], Bytes(kValueSizeMax, 'x'));

  Batch many{.partition = name, .expect = 1};
  for (std::uint32_t i = 0; i < kBatchChangesMax; ++i) many.puts.push_back({number_key(i), Bytes(400, 'y')});
  co_await put(kv, std::move(many));
  Scan everything = all();
  const Page page = co_await kv.scan(name, std::move(everything));
  EXPECT_EQ(page.rows.size(), kBatchChangesMax);
}

// A partition that is left pending (kind 1), settled (kind 2), or never was pending (kind 0).
Task<> commit_pending(Kv& kv, Bytes name, int kind) {
  Batch batch{.partition = name, .pending = kind != 0};
  co_await put(kv, std::move(batch));
  Batch again{.partition = name, .expect = 1, .pending = kind == 1};
  co_await put(kv, std::move(again));
}

Task<> pending_partitions_are_listed_by_bucket(Kv& kv) {
  std::map<std::uint32_t, std::vector<Bytes>> expected;
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < 600; ++i) {
    const Bytes name = "u" + std::to_string(i);
    group.spawn(commit_pending(kv, name, i % 3));
    if (i % 3 == 1) expected[bucket_of(name)].push_back(name);
  }
  co_await group.join();
  for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
    std::vector<Bytes> found = co_await kv.pending(bucket);
    std::sort(found.begin(), found.end());
    std::sort(expected[bucket].begin(), expected[bucket].end());
    EXPECT_EQ(found, expected[bucket]) << bucket;
  }
}

Task<> write_rounds(Kv& kv, std::uint64_t rounds) {
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    Batch batch{.partition = "u1", .expect = round - 1};
    for (std::uint32_t i = 0; i < 20; ++i) batch.puts.push_back({number_key(i), std::to_string(round)});
    co_await put(kv, std::move(batch));
  }
}

Task<> read_rounds(Kv& kv, std::uint64_t rounds, bool scanning) {
  std::vector<Bytes> keys;
  for (std::uint32_t i = 0; i < 20; ++i) keys.push_back(number_key(i));
  std::uint64_t version = 0;
  while (version < rounds) {
    const std::uint64_t before = version;
    std::vector<Bytes> found;
    if (scanning) {
      Scan everything = all();
      Page page = co_await kv.scan("u1", std::move(everything));
      version = page.version;
      for (Put& row : page.rows) found.push_back(std::move(row.value));
    } else {
      std::vector<Bytes> asked = keys;
      Values values = co_await kv.get("u1", std::move(asked));
      version = values.version;
      for (auto& value : values.values) {
        if (value) found.push_back(*std::move(value));
      }
    }
    EXPECT_EQ(found, std::vector<Bytes>(version == 0 ? 0 : 20, std::to_string(version)));
    EXPECT_GE(version, before);
    // Others' turn: a read answered from memory does not wait for anything.
    co_await asio::post(co_await asio::this_coro::executor, use_task);
  }
}

Task<> a_read_sees_one_snapshot(Kv& kv) {
  constexpr std::uint64_t kRounds = 100;
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(read_rounds(kv, kRounds, false));
  group.spawn(read_rounds(kv, kRounds, true));
  group.spawn(write_rounds(kv, kRounds));
  co_await group.join();
}

Task<> scans_stop_where_they_are_told(Kv& kv) {
  Batch batch{.partition = "u1"};
  for (const char key : {'a', 'b', 'c', 'd', 'e'}) batch.puts.push_back({Bytes(1, key), Bytes(9, key)});
  co_await put(kv, std::move(batch));
  struct Case {
    Scan scan;
    std::string keys;
    bool more;
  };
  const std::vector<Case> cases = {
      {{.from = "", .to = "z"}, "abcde", false},
      {{.from = "", .to = "z", .reverse = true}, "edcba", false},
      {{.from = "b", .to = "d"}, "bc", false},
      {{.from = "b", .to = "d", .reverse = true}, "cb", false},
      {{.from = "b", .to = "b"}, "", false},
      {{.from = "d", .to = "b"}, "", false},
      {{.from = "f", .to = "z"}, "", false},
      {{.from = "", .to = "z", .limit = 2}, "ab", true},
      {{.from = "", .to = "z", .reverse = true, .limit = 2}, "ed", true},
      {{.from = "", .to = "z", .limit = 5}, "abcde", false},
      {{.from = "", .to = "z", .limit = 4}, "abcd", true},
      {{.from = "", .to = "c", .limit = 2}, "ab", false},
      {{.from = "", .to = "z", .size_max = 30}, "abc", true},
      {{.from = "", .to = "z", .size_max = 29}, "ab", true},
      {{.from = "", .to = "z", .reverse = true, .size_max = 25}, "ed", true},
      {{.from = "", .to = "z", .size_max = 1}, "a", true},
      {{.from = "e", .to = "z", .size_max = 1}, "e", false},
      {{.from = "", .to = "z", .size_max = 50}, "abcde", false},
  };
  for (std::size_t i = 0; i < cases.size(); ++i) {
    Scan scan = cases[i].scan;
    const Page page = co_await kv.scan("u1", std::move(scan));
    std::string keys;
    for (const Put& row : page.rows) {
      keys += row.key;
      EXPECT_EQ(row.value, Bytes(9, row.key[0]));
    }
    EXPECT_EQ(keys, cases[i].keys) << "case " << i;
    EXPECT_EQ(page.more, cases[i].more) << "case " << i;
    EXPECT_EQ(page.version, 1u);
  }
}

constexpr std::uint32_t kBig = 100'000;

Task<> fill_big_partition(Kv& kv) {
  for (std::uint32_t i = 0; i < kBig; i += kBatchChangesMax) {
    Batch batch{.partition = "u1", .expect = i / kBatchChangesMax};
    for (std::uint32_t j = i; j < i + kBatchChangesMax; ++j) batch.puts.push_back({number_key(j), std::to_string(j)});
    co_await put(kv, std::move(batch));
  }
}

Task<> check_big_partition(Kv& kv) {
  Bytes from;
  std::uint32_t count = 0, pages = 0;
  bool more = true;
  while (more) {
    Scan scan{.from = from, .to = kHighest, .limit = 7'000};
    const Page page = co_await kv.scan("u1", std::move(scan));
    for (const Put& row : page.rows) {
      EXPECT_EQ(row.key, number_key(count));
      ++count;
    }
    more = page.more;
    from = number_key(count);
    ++pages;
  }
  EXPECT_EQ(count, kBig);
  EXPECT_EQ(pages, 15u);

  Scan newest{.from = "", .to = kHighest, .reverse = true, .limit = 50};
  const Page page = co_await kv.scan("u1", std::move(newest));
  EXPECT_EQ(page.rows.size(), 50u);
  EXPECT_TRUE(page.more);
  EXPECT_EQ(page.rows.front().key, number_key(kBig - 1));
  EXPECT_EQ(page.rows.back().key, number_key(kBig - 50));

  std::vector<Bytes> keys{number_key(77'777), number_key(kBig)};
  const Values values = co_await kv.get("u1", std::move(keys));
  EXPECT_EQ(values.values, (std::vector<std::optional<Bytes>>{"77777", std::nullopt}));
}

Task<> empty_big_partition(Kv& kv) {
  Batch batch{.partition = "u1", .expect = 10, .erase_ranges = {{number_key(100), number_key(kBig - 1)}}};
  co_await put(kv, std::move(batch));
  Scan everything = all();
  const Page page = co_await kv.scan("u1", std::move(everything));
  EXPECT_EQ(page.rows.size(), 101u);
  EXPECT_EQ(page.version, 11u);
}

Task<> increment(Kv& kv, int times, std::uint64_t* conflicts) {
  std::uint64_t version = 0, value = 0;
  while (times > 0) {
    Batch batch{.partition = "u1", .expect = version, .puts = {{"n", std::to_string(value + 1)}}};
    const Commit done = co_await kv.commit(std::move(batch));
    if (done.outcome == Outcome::kCommitted) {
      version = done.version;
      ++value;
      --times;
      continue;
    }
    EXPECT_EQ(done.outcome, Outcome::kConflict);
    ++*conflicts;
    std::vector<Bytes> keys{"n"};
    const Values values = co_await kv.get("u1", std::move(keys));
    version = values.version;
    value = std::stoull(values.values[0].value_or("0"));
  }
}

Task<> commits_of_two_writers_are_all_counted(Kv& kv, Kv& other) {
  constexpr int kTimes = 100;
  std::uint64_t conflicts = 0;
  TaskGroup group(co_await asio::this_coro::executor);
  group.spawn(increment(kv, kTimes, &conflicts));
  group.spawn(increment(other, kTimes, &conflicts));
  co_await group.join();
  std::vector<Bytes> keys{"n"};
  const Values values = co_await kv.get("u1", std::move(keys));
  EXPECT_EQ(values.version, 2u * kTimes);
  EXPECT_EQ(values.values[0], std::to_string(2 * kTimes));
  EXPECT_GT(conflicts, 0u);
}

Task<> commit_times(Kv& kv, Bytes partition, std::uint64_t times) {
  for (std::uint64_t i = 0; i < times; ++i) {
    Batch batch{.partition = partition, .expect = i, .puts = {{"n", std::to_string(i + 1)}}};
    co_await put(kv, std::move(batch));
  }
}

Task<> commit_stale(Kv& kv, Bytes partition) {
  Batch batch{.partition = std::move(partition), .expect = 7, .puts = {{"n", "lost"}}};
  const Commit done = co_await kv.commit(std::move(batch));
  EXPECT_EQ(done.outcome, Outcome::kConflict);
}

Task<> partitions_succeed_and_fail_by_themselves(Kv& kv) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < 100; ++i) {
    group.spawn(commit_times(kv, "good" + std::to_string(i), 5));
    group.spawn(commit_stale(kv, "bad" + std::to_string(i)));
  }
  co_await group.join();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(co_await rows_of(kv, "good" + std::to_string(i)), "n=5 ");
    EXPECT_EQ(co_await rows_of(kv, "bad" + std::to_string(i)), "");
  }
}

Task<> fill_before_reopening(Kv& kv) {
  Batch first{.partition = "u1", .puts = {{"a", "1"}, {"b", "2"}}, .pending = true};
  co_await put(kv, std::move(first));
  Batch second{.partition = "u1", .expect = 1, .erase = {"a"}, .puts = {{"c", "3"}}, .pending = true};
  co_await put(kv, std::move(second));
}

Task<> check_after_reopening(Kv& kv) {
  EXPECT_EQ(co_await rows_of(kv, "u1"), "b=2 c=3 ");
  const std::vector<Bytes> pending = co_await kv.pending(bucket_of("u1"));
  EXPECT_EQ(pending, std::vector<Bytes>{"u1"});
  Batch stale{.partition = "u1"};
  const Commit refused = co_await kv.commit(std::move(stale));
  EXPECT_EQ(refused.outcome, Outcome::kConflict);
}

Task<> settle_after_reopening(Kv& kv) {
  Batch third{.partition = "u1", .expect = 2, .puts = {{"d", "4"}}};
  co_await put(kv, std::move(third));
  EXPECT_TRUE((co_await kv.pending(bucket_of("u1"))).empty());
}

Task<> check_settled(Kv& kv) {
  EXPECT_EQ(co_await rows_of(kv, "u1"), "b=2 c=3 d=4 ");
  EXPECT_TRUE((co_await kv.pending(bucket_of("u1"))).empty());
}

Task<> a_cancelled_caller_harms_nobody(Kv& kv) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < 50; ++i) group.spawn(commit_times(kv, "gone" + std::to_string(i), 1'000));
  co_await commit_times(kv, "stays", 3);
  group.cancel();
  co_await group.join();
  co_await commit_times(kv, "later", 3);
  EXPECT_EQ(co_await rows_of(kv, "stays"), "n=3 ");
  for (int i = 0; i < 50; ++i) {
    // Whatever was applied was applied whole.
    std::vector<Bytes> keys{"n"};
    const Values values = co_await kv.get("gone" + std::to_string(i), std::move(keys));
    EXPECT_EQ(values.values[0].value_or("0"), std::to_string(values.version));
  }
}

Task<> an_emptied_partition_keeps_its_version(Kv& kv) {
  Batch first{.partition = "u1", .puts = {{"a", "1"}, {"b", "2"}}};
  co_await put(kv, std::move(first));
  Batch second{.partition = "u1", .expect = 1, .erase_ranges = {{"", kHighest}}};
  co_await put(kv, std::move(second));
  Batch anew{.partition = "u1", .puts = {{"a", "3"}}};  // As if it did not exist.
  const Commit refused = co_await kv.commit(std::move(anew));
  EXPECT_EQ(refused.outcome, Outcome::kConflict);
  std::vector<Bytes> keys{"a"};
  const Values values = co_await kv.get("u1", std::move(keys));
  EXPECT_EQ(values.version, 2u);
  EXPECT_FALSE(values.values[0]);
}

Task<> it_was_never_restored(Kv& kv) {
  EXPECT_EQ(kv.lost_ids_max(), 0u);
  co_return;
}

// Few keys, so that they meet; bytes that are awkward in keys.
Bytes random_key(SeededRandom& random) {
  static const Bytes kBytes(
      "\0\x01"
      "em\xff",
      5);
  Bytes key;
  for (auto size = random.below(4); size > 0; --size) key += kBytes[random.below(kBytes.size())];
  return key;
}

Bytes random_partition(SeededRandom& random) {
  static const std::vector<Bytes> kNames = {"u1", Bytes("u1\0", 3), "u1\xff", "u2", "v"};
  return kNames[random.below(kNames.size())];
}

Batch random_batch(const PlainMaps::Partition& now, Bytes name, SeededRandom& random) {
  Batch batch{.partition = std::move(name), .expect = now.version, .pending = random.below(3) == 0};
  const auto times = [&random](unsigned most) { return random.below(most + 1); };
  if (random.below(4) == 0) {
    for (auto i = times(3); i > 0; --i) batch.erase_ranges.push_back({random_key(random), random_key(random)});
  }
  for (auto i = times(4); i > 0; --i) batch.erase.push_back(random_key(random));
  for (auto i = times(8); i > 0; --i) {
    batch.puts.push_back({random_key(random), Bytes(random.below(50), static_cast<char>('a' + random.below(26)))});
  }
  return batch;
}

void apply(PlainMaps::Partition& to, const Batch& batch) {
  for (const Range& range : batch.erase_ranges) {
    std::erase_if(to.rows, [&](const auto& row) { return range.from <= row.first && row.first < range.to; });
  }
  for (const Bytes& key : batch.erase) to.rows.erase(key);
  for (const Put& row : batch.puts) to.rows[row.key] = row.value;
  to.pending = batch.pending;
  ++to.version;
}

// std::string compares its bytes as unsigned ones.
Page page_of(const PlainMaps::Partition& partition, const Scan& scan) {
  Page page{.version = partition.version, .rows = {}, .more = false};
  std::vector<Put> inside;
  for (const auto& [key, value] : partition.rows) {
    if (scan.from <= key && key < scan.to) inside.push_back({key, value});
  }
  if (scan.reverse) std::ranges::reverse(inside);
  std::size_t size = 0;
  for (Put& row : inside) {
    size += row.key.size() + row.value.size();
    page.more = page.rows.size() == scan.limit || (!page.rows.empty() && size > scan.size_max);
    if (page.more) break;
    page.rows.push_back(std::move(row));
  }
  return page;
}

Task<> a_random_read_agrees_with(Kv& kv, PlainMaps& maps) {
  const Bytes name = random_partition(maps.random);
  const PlainMaps::Partition& expected = maps.partitions[name];
  std::vector<Bytes> keys;
  for (int i = 0; i < 5; ++i) keys.push_back(random_key(maps.random));
  std::vector<Bytes> asked = keys;
  const Values values = co_await kv.get(name, std::move(asked));
  EXPECT_EQ(values.version, expected.version);
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const auto row = expected.rows.find(keys[i]);
    EXPECT_EQ(values.values[i], row == expected.rows.end() ? std::nullopt : std::optional(row->second));
  }
  Scan scan{.from = random_key(maps.random),
            .to = maps.random.below(3) == 0 ? kHighest : random_key(maps.random),
            .reverse = maps.random.below(2) == 0,
            .limit = static_cast<std::uint32_t>(1 + maps.random.below(20)),
            .size_max = static_cast<std::uint32_t>(maps.random.below(4) == 0 ? 1 + maps.random.below(200) : 1 << 20)};
  const Page wanted = page_of(expected, scan);
  const Page page = co_await kv.scan(name, std::move(scan));
  EXPECT_EQ(page.version, wanted.version);
  EXPECT_EQ(text_of(page), text_of(wanted));
  EXPECT_EQ(page.more, wanted.more);
}

Task<> random_commits_agree_with(Kv& kv, PlainMaps& maps, int rounds) {
  for (int round = 0; round < rounds; ++round) {
    const Bytes name = random_partition(maps.random);
    PlainMaps::Partition& partition = maps.partitions[name];
    Batch batch = random_batch(partition, name, maps.random);
    if (maps.random.below(8) == 0) {
      batch.expect += 1;
      const Commit refused = co_await kv.commit(std::move(batch));
      EXPECT_EQ(refused.outcome, Outcome::kConflict);
    } else {
      apply(partition, batch);
      co_await put(kv, std::move(batch));
    }
    co_await a_random_read_agrees_with(kv, maps);
  }
}

Task<> everything_agrees_with(Kv& kv, PlainMaps& maps) {
  for (const auto& [name, expected] : maps.partitions) {
    for (const bool reverse : {false, true}) {
      Scan everything = all();
      everything.reverse = reverse;
      const Page wanted = page_of(expected, everything);
      const Page page = co_await kv.scan(name, std::move(everything));
      EXPECT_EQ(page.version, expected.version);
      EXPECT_EQ(text_of(page), text_of(wanted));
    }
    const std::vector<Bytes> pending = co_await kv.pending(bucket_of(name));
    EXPECT_EQ(std::ranges::count(pending, name), expected.pending ? 1 : 0);
  }
}

}  // namespace helio::store::conformance
