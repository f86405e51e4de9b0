// A table file in which one bit flips: whatever reads the block, a scan or a compaction, says so and leaves nothing
// out.
#include <fcntl.h>
#include <unistd.h>

#include <fstream>

#include "gtest/gtest.h"
#include "store/kv_conformance.h"
#include "store/rocks/database.h"
#include "store/rocks/rocks_kv.h"
#include "store/testing/scratch.h"

namespace helio::store {

namespace {

namespace fs = std::filesystem;

constexpr int kPartitions = 20, kRows = 60;

// Several tables that overlap, with range erases, as boxes that grow and are trimmed leave them.
class DamagedTable : public testing::Test {
 protected:
  DamagedTable() {
    Bytes name = (scratch_folder() / "damage_test.XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    options_.directory = folder_ / "store";
    options_.memory = 16 << 20;
    options_.reader_threads = 1;
    options_.segment_size = 1 << 20;
    options_.group_size_max = 256 << 10;
    RocksKv kv(options_);
    for (int round = 0; round < 3; ++round) {
      run_until_done(context_, fill(kv, round));
      EXPECT_TRUE(kv.fold_all());
    }
  }
  ~DamagedTable() override { fs::remove_all(folder_); }

  static Bytes value_of(int partition, int row) {
    return Bytes(700, static_cast<char>('a' + (partition * 7 + row) % 26)) + std::to_string(row);
  }
  static Bytes key_of(int row) {
    Bytes key = "m";
    append_be(key, row);
    return key;
  }

  static Task<> fill(Kv& kv, int round) {
    for (int p = 0; p < kPartitions; ++p) {
      Batch batch{.partition = "u" + std::to_string(p), .expect = static_cast<std::uint64_t>(round)};
      for (int row = round; row < kRows; row += 3) batch.puts.push_back({key_of(row), value_of(p, row)});
      if (round == 2) batch.erase_ranges.push_back({key_of(10), key_of(20)});
      co_await conformance::put(kv, std::move(batch));
    }
  }
  // Rows of all partitions, each as it should be; nullopt: the engine refused to read one.
  static Task<> count(Kv& kv, bool reverse, std::optional<int>& rows) {
    rows = 0;
    for (int p = 0; p < kPartitions; ++p) {
      Scan scan{.from = "", .to = "\xff", .reverse = reverse, .limit = 1'000};
      try {
        const Page page = co_await kv.scan("u" + std::to_string(p), std::move(scan));
        for (const Put& row : page.rows) {
          EXPECT_EQ(row.value, value_of(p, load_be<int>(row.key.data() + 1)));
          *rows += 1;
        }
      } catch (const StoreDown&) {
        rows.reset();
        co_return;
      }
    }
  }

  std::vector<fs::path> tables() const {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(options_.directory)) {
      if (entry.path().extension() == ".sst" && fs::file_size(entry.path()) > 20'000) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  static void flip(const fs::path& file, std::uint64_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char byte = static_cast<char>(stream.get());
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(byte ^ 0x10));
  }
  // Of each table so many places in its data blocks.
  template <class Check>
  void each_damage(std::uint64_t places, Check check) {
    for (const fs::path& table : tables()) {
      const std::uint64_t size = fs::file_size(table);
      for (std::uint64_t at = 1'000; at < size * 9 / 10; at += size / places) {
        SCOPED_TRACE(table.filename().string() + " at " + std::to_string(at));
        flip(table, at);
        check();
        flip(table, at);
      }
    }
  }

  asio::io_context context_;
  fs::path folder_;
  RocksOptions options_;
};

}  // namespace

TEST_F(DamagedTable, AScanLeavesNothingOut) {
  std::optional<int> whole;
  {
    RocksKv kv(options_);
    run_until_done(context_, count(kv, false, whole));
  }
  ASSERT_TRUE(whole && *whole > 0);
  int refused = 0;
  each_damage(8, [&] {
    for (const bool reverse : {false, true}) {
      RocksKv kv(options_);
      std::optional<int> rows;
      run_until_done(context_, count(kv, reverse, rows));
      if (rows) {
        EXPECT_EQ(rows, whole);
      } else {
        ++refused;
      }
    }
  });
  EXPECT_GT(refused, 0);
}

TEST_F(DamagedTable, ACompactionRefusesIt) {
  int refused = 0;
  const fs::path whole = folder_ / "whole";
  fs::copy(options_.directory, whole, fs::copy_options::recursive);
  each_damage(1, [&] {
    std::string reason;
    RocksOptions options = options_;
    options.fatal = [&](std::string_view why) { reason = why; };
    {
      rocks::Failure failure(options.fatal);
      rocks::Database database(options, failure);
      rocksdb::CompactRangeOptions all;
      all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
      const auto status = database->CompactRange(all, database.rows(), nullptr, nullptr);
      if (!status.ok()) ++refused;
      EXPECT_FALSE(status.ok());
      EXPECT_NE(reason, "");
    }
    fs::remove_all(options_.directory);
    fs::copy(whole, options_.directory, fs::copy_options::recursive);
  });
  EXPECT_GT(refused, 0);
}

}  // namespace helio::store
