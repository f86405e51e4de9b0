#include "store/rocks/bench/bench.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "store/rocks/bench/senders.h"

namespace helio::store {
namespace {

namespace fs = std::filesystem;

struct BenchTest : testing::Test {
  BenchTest() { fs::create_directories(directory); }
  ~BenchTest() override { fs::remove_all(directory); }
  fs::path directory = fs::temp_directory_path() / ("helio-bench-test-" + std::to_string(::getpid()));
};

TEST_F(BenchTest, NamesTheRatioOfEachNumberInFlightAndLeavesNothingBehind) {
  BenchOptions options;
  options.directory = directory;
  options.duration = milliseconds(20);
  options.rounds = 1;
  options.flushes = 20;
  options.boxes = 100;
  options.memory = 16 << 20;
  options.in_flight = {8, 1};
  std::string lines;
  const BenchReport report = bench(options, [&](const std::string& line) { lines += line + '\n'; });

  ASSERT_EQ(report.loads.size(), 2);
  for (const auto& load : report.loads) {
    EXPECT_GE(load.store.messages, 1);
    EXPECT_EQ(load.store.messages, load.bare.messages);
    EXPECT_NEAR(load.ratio_to_rocksdb, load.bare.cpu_us_per_message / load.store.cpu_us_per_message, 1e-6);
    EXPECT_GT(load.store.commit_p50_us, 0);
    EXPECT_LE(load.store.commit_p50_us, load.store.commit_p99_us);
    EXPECT_GE(load.commits_per_flush, 1);
    // Settled: what was written is in table files.
    EXPECT_GT(load.store.table_bytes_per_message, 500);
    EXPECT_GT(load.bare.table_bytes_per_message, 500);
  }
  EXPECT_GT(report.commit_to_flush, 0);
  EXPECT_NE(lines.find("times the bare loop"), std::string::npos);
  const std::string json = to_json(options, report);
  EXPECT_NE(json.find(R"("ratio_to_rocksdb": {"8": )"), std::string::npos) << json;
  EXPECT_TRUE(fs::is_empty(directory));
}

TEST(BenchTraffic, AMessageIsFourRowsOfAHundredBytesInTheMean) {
  rocks::bench::Traffic traffic(10), same(10);
  std::size_t rows = 0, size = 0;
  Bytes first, second;
  traffic.each_row(3, 7, [&](View key, View value) {
    ++rows;
    size += value.size();
    first.append(key).append(value);
  });
  same.each_row(3, 7, [&](View key, View value) { second.append(key).append(value); });
  EXPECT_EQ(rows, rocks::bench::kRowsPerBox);
  EXPECT_EQ(size, 380);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace helio::store
