// The embedded engine against the plainest store there is, with the same seeded commits: generations, folds and the
// journal must never show. After each step some reads, after each seed all rows are compared.
#include <fcntl.h>
#include <unistd.h>

#include <map>

#include "base/random.h"
#include "gtest/gtest.h"
#include "store/rocks/rocks_kv.h"
#include "store/testing/scratch.h"

namespace helio::store {

namespace {

namespace fs = std::filesystem;

struct PlainPartition {
  std::uint64_t version = 0;
  bool pending = false;
  std::map<Bytes, Bytes> rows;
};
using Plain = std::map<Bytes, PlainPartition>;

void apply(PlainPartition& partition, const Batch& batch) {
  ++partition.version;
  partition.pending = batch.pending;
  for (const Range& range : batch.erase_ranges) {
    if (range.from >= range.to) continue;
    partition.rows.erase(partition.rows.lower_bound(range.from), partition.rows.lower_bound(range.to));
  }
  for (const Bytes& key : batch.erase) partition.rows.erase(key);
  for (const Put& put : batch.puts) partition.rows[put.key] = put.value;
}

Page scan_plain(const PlainPartition& partition, const Scan& scan) {
  Page page{.version = partition.version};
  if (scan.from >= scan.to) return page;
  std::vector<Put> rows;
  for (auto row = partition.rows.lower_bound(scan.from); row != partition.rows.lower_bound(scan.to); ++row) {
    rows.push_back({row->first, row->second});
  }
  if (scan.reverse) std::reverse(rows.begin(), rows.end());
  std::size_t size = 0;
  for (Put& row : rows) {
    size += row.key.size() + row.value.size();
    page.more = page.rows.size() == scan.limit || (!page.rows.empty() && size > scan.size_max);
    if (page.more) break;
    page.rows.push_back(std::move(row));
  }
  return page;
}

std::string to_text(const Page& page) {
  std::string text = std::to_string(page.version) + (page.more ? " more" : "") + ":";
  for (const Put& row : page.rows) text += " " + to_hex(row.key) + "=" + to_hex(row.value);
  return text;
}

class Comparison {
 public:
  explicit Comparison(std::uint64_t seed) : random_(seed) {
    Bytes name = (scratch_folder() / "rocks_kv_random.XXXXXX").string();
    options_.directory = ::mkdtemp(name.data());
    options_.memory = 16 << 20;
    options_.reader_threads = 1;
    options_.segment_size = 64 << 10;
    options_.group_size_max = 16 << 10;
    // From a generation for every commit to none ever folded by itself.
    options_.generation_size = std::size_t{1} << (random_.below(2) == 0 ? 0 : 24);
    reopen();
  }
  Comparison(const Comparison&) = delete;
  ~Comparison() {
    kv_.reset();
    fs::remove_all(options_.directory);
  }

  void step() {
    const std::uint64_t what = random_.below(100);
    if (what < 60) {
      run(commit());
    } else if (what < 75) {
      run(get());
    } else if (what < 92) {
      run(scan());
    } else if (what < 94) {
      run(pending());
    } else if (what < 98) {
      ASSERT_TRUE(kv_->fold_all());
    } else {
      reopen();
    }
  }

  void compare_all() {
    for (const auto& [name, partition] : plain_) run(compare(name));
    run(pending());
  }

 private:
  void run(Task<> task) { run_until_done(context_, std::move(task)); }

  void reopen() {
    kv_.reset();
    kv_ = std::make_unique<RocksKv>(options_);
  }

  // Few names and keys, so that they meet; of different lengths, some the beginning of others, with extreme bytes.
  Bytes name() {
    static const std::vector<Bytes> names{"u", "u1", "u12", Bytes("u\0", 2), "v", "\xff", "\xff\xff"};
    return names[random_.below(names.size())];
  }
  Bytes key() {
    static const std::vector<Bytes> bytes{Bytes(1, '\0'), "a", "b", "m", "\xff"};
    Bytes key;
    for (std::uint64_t i = random_.below(4); i > 0; --i) key += bytes[random_.below(bytes.size())];
    return key;
  }
  Range range() {
    Bytes from = key(), to = key();
    if (random_.below(8) != 0 && to < from) std::swap(from, to);
    return {from, to};
  }

  Task<> commit() {
    Batch batch{.partition = name(), .pending = random_.below(3) == 0};
    PlainPartition& partition = plain_[batch.partition];
    const bool is_right = random_.below(10) != 0;
    batch.expect = is_right ? partition.version : partition.version + 1 + random_.below(2);
    for (std::uint64_t i = random_.below(3); i > 0; --i) batch.erase_ranges.push_back(range());
    for (std::uint64_t i = random_.below(3); i > 0; --i) batch.erase.push_back(key());
    for (std::uint64_t i = random_.below(6); i > 0; --i) {
      batch.puts.push_back({key(), Bytes(random_.below(40), static_cast<char>(random_.below(256)))});
    }
    if (is_right) apply(partition, batch);
    const Commit done = co_await kv_->commit(std::move(batch));
    EXPECT_EQ(done.outcome, is_right ? Outcome::kCommitted : Outcome::kConflict);
    EXPECT_EQ(done.version, partition.version);
  }

  Task<> get() {
    const Bytes partition = name();
    std::vector<Bytes> keys;
    for (std::uint64_t i = random_.below(6); i > 0; --i) keys.push_back(key());
    const PlainPartition& wanted = plain_[partition];
    const std::vector<Bytes> asked = keys;
    const Values values = co_await kv_->get(partition, std::move(keys));
    EXPECT_EQ(values.version, wanted.version);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const auto row = wanted.rows.find(asked[i]);
      EXPECT_EQ(values.values[i], row == wanted.rows.end() ? std::nullopt : std::optional(row->second));
    }
  }

  Task<> scan() {
    const Bytes partition = name();
    const auto [from, to] = range();
    Scan scan{.from = from, .to = to, .reverse = random_.below(2) == 0};
    scan.limit = static_cast<std::uint32_t>(1 + random_.below(12));
    scan.size_max = static_cast<std::uint32_t>(random_.below(2) == 0 ? 1 << 20 : random_.below(200));
    const std::string wanted = to_text(scan_plain(plain_[partition], scan));
    const Page page = co_await kv_->scan(partition, std::move(scan));
    EXPECT_EQ(to_text(page), wanted);
  }

  Task<> compare(Bytes partition) {
    Scan scan{.from = "", .to = Bytes(8, '\xff'), .limit = 10'000};
    const std::string wanted = to_text(scan_plain(plain_[partition], scan));
    const Page page = co_await kv_->scan(partition, std::move(scan));
    EXPECT_EQ(to_text(page), wanted);
  }

  Task<> pending() {
    for (std::uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
      std::vector<Bytes> wanted;
      for (const auto& [partition, state] : plain_) {
        if (state.pending && bucket_of(partition) == bucket) wanted.push_back(partition);
      }
      EXPECT_EQ(co_await kv_->pending(bucket), wanted);
    }
  }

  SeededRandom random_;
  asio::io_context context_;
  RocksOptions options_;
  std::unique_ptr<RocksKv> kv_;
  Plain plain_;
};

}  // namespace

TEST(RocksKvRandom, IsAsPlainAsAMap) {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Comparison comparison(seed);
    for (int i = 0; i < 200 && !testing::Test::HasFailure(); ++i) comparison.step();
    comparison.compare_all();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace helio::store
