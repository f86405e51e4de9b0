#include "store/rocks/backup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "store/rocks/check.h"
#include "store/rocks/rocks_kv.h"
#include "store/testing/scratch.h"

namespace helio::store::rocks {

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RocksBackup : public testing::Test {
 protected:
  RocksBackup() {
    Bytes name = (scratch_folder() / "backup_test.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~RocksBackup() override { fs::remove_all(path_); }

  fs::path store() const { return path_ / "store"; }
  fs::path backups() const { return path_ / "backups"; }
  fs::path restored() const { return path_ / "restored"; }

  static std::unique_ptr<RocksKv> open(const fs::path& directory) {
    RocksOptions options;
    options.directory = directory;
    options.memory = 16 << 20;
    options.reader_threads = 1;
    options.segment_size = 1 << 20;
    options.group_size_max = 256 << 10;
    options.fatal = [](std::string_view) {};  // A compaction may meet what a test has damaged.
    return std::make_unique<RocksKv>(std::move(options));
  }

  void put(RocksKv& kv, const Bytes& partition, std::uint64_t expect, const Bytes& value, bool pending = false) {
    Batch batch{.partition = partition, .expect = expect, .pending = pending};
    batch.puts = {{"k" + std::to_string(expect), value}, {"same", value}};
    run_until_done(context_, commit(kv, std::move(batch)));
  }
  static Task<> commit(RocksKv& kv, Batch batch) {
    const Commit done = co_await kv.commit(std::move(batch));
    EXPECT_EQ(done.outcome, Outcome::kCommitted);
  }
  // Some partitions, of which one is pending.
  void fill(RocksKv& kv, std::uint64_t round) {
    for (int i = 0; i < 20; ++i) put(kv, "u" + std::to_string(i), round, Bytes(1000, static_cast<char>(i)), i == 3);
  }

  std::vector<Put> rows_of(RocksKv& kv, const Bytes& partition) {
    std::vector<Put> rows;
    run_until_done(context_, read(kv, partition, rows));
    return rows;
  }
  static Task<> read(RocksKv& kv, Bytes partition, std::vector<Put>& rows) {
    Scan scan{.from = "", .to = "\xff"};
    Page page = co_await kv.scan(std::move(partition), std::move(scan));
    rows = std::move(page.rows);
  }

  static void flip_a_bit(const fs::path& file) {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    bytes.seekg(static_cast<std::streamoff>(fs::file_size(file) / 3));
    const auto at = bytes.tellg();
    const int byte = bytes.get();
    bytes.seekp(at);
    bytes.put(static_cast<char>(byte ^ 1));
  }
  static std::vector<fs::path> table_files(const fs::path& folder) {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
      if (entry.path().extension() == ".sst") files.push_back(entry.path());
    }
    return files;
  }

  asio::io_context context_;
  fs::path path_;
};

}  // namespace

TEST_F(RocksBackup, HoldsEverythingCommittedBeforeIt) {
  StoreBackup made;
  {
    const auto kv = open(store());
    fill(*kv, 0);
    made = kv->back_up(backups(), {});
    fill(*kv, 1);  // Not in it.
  }
  EXPECT_EQ(made.number, 1u);
  EXPECT_EQ(made.sequence, 20u);
  EXPECT_EQ(made.buckets, kBuckets);
  const Content content = content_of_backup(backups(), 1, {});
  EXPECT_EQ(content.partitions, 20u);
  EXPECT_EQ(content.pending, 1u);
  EXPECT_EQ(content.rows, 40u);

  restore_backup(backups(), 1, restored());
  EXPECT_EQ(content_of_store(restored(), {}), content);
  const auto kv = open(restored());
  EXPECT_EQ(rows_of(*kv, "u7").size(), 2u);
  EXPECT_EQ(rows_of(*kv, "u7")[0].value, Bytes(1000, 7));
  EXPECT_EQ(kv->check({}).faults, 0u);
  put(*kv, "u7", 1, "goes on");
}

TEST_F(RocksBackup, EveryFileItConsistsOfIsNamed) {
  const auto kv = open(store());
  fill(*kv, 0);
  const auto made = kv->back_up(backups(), {});
  std::set<std::string> named(made.files.begin(), made.files.end()), there;
  for (const auto& entry : fs::recursive_directory_iterator(backups())) {
    if (entry.is_regular_file()) there.insert(entry.path().lexically_relative(backups()).string());
  }
  EXPECT_EQ(named, there);
}

TEST_F(RocksBackup, TheSecondCopiesOnlyWhatIsNew) {
  const auto kv = open(store());
  fill(*kv, 0);
  kv->back_up(backups(), {});
  fs::path largest;
  for (const auto& file : table_files(backups())) {
    if (largest.empty() || fs::file_size(file) > fs::file_size(largest)) largest = file;
  }
  const auto written = fs::last_write_time(largest);
  put(*kv, "u1", 1, "one more");
  const auto second = kv->back_up(backups(), {});
  EXPECT_THAT(second.files, testing::Contains(largest.lexically_relative(backups()).string()));
  EXPECT_EQ(fs::last_write_time(largest), written);
  EXPECT_THAT(backups_in(backups()), testing::ElementsAre(1, 2));
  EXPECT_EQ(content_of_backup(backups(), 1, {}).rows, 40u);
  EXPECT_EQ(content_of_backup(backups(), 2, {}).rows, 41u);

  forget_backup(backups(), 1);
  EXPECT_THAT(backups_in(backups()), testing::ElementsAre(2));
  EXPECT_EQ(content_of_backup(backups(), 2, {}).rows, 41u);
}

TEST_F(RocksBackup, TheDigestSeesEveryKindOfChange) {
  std::set<Bytes> digests;
  const auto digest_of = [&](const char* name, auto change) {
    const auto kv = open(path_ / name);
    put(*kv, "u1", 0, "value");
    change(*kv);
    const auto made = kv->back_up(path_ / (std::string(name) + ".backups"), {});
    digests.insert(content_of_backup(path_ / (std::string(name) + ".backups"), made.number, {}).digest);
  };
  digest_of("plain", [](RocksKv&) {});
  digest_of("value", [&](RocksKv& kv) { put(kv, "u1", 1, "other"); });
  digest_of("pending", [&](RocksKv& kv) { put(kv, "u1", 1, "other", true); });
  digest_of("version", [&](RocksKv& kv) {
    put(kv, "u1", 1, "x");
    Batch back{.partition = "u1", .expect = 2, .erase = {"k1"}, .puts = {{"same", "value"}}};
    run_until_done(context_, commit(kv, std::move(back)));
  });
  digest_of("partition", [&](RocksKv& kv) { put(kv, "u2", 0, "value"); });
  EXPECT_EQ(digests.size(), 5u);
  digest_of("again", [](RocksKv&) {});
  EXPECT_EQ(digests.size(), 5u) << "the same content has the same digest";
}

TEST_F(RocksBackup, ADamagedStoreIsFoundByItsNextBackup) {
  const auto kv = open(store());
  fill(*kv, 0);
  ASSERT_TRUE(kv->fold_all());
  const auto files = table_files(store());
  ASSERT_FALSE(files.empty());
  for (const auto& file : files) flip_a_bit(file);
  try {
    kv->back_up(backups(), {});
    FAIL() << "it was not seen";
  } catch (const BackupFailed& failure) {
    EXPECT_THAT(failure.what(), HasSubstr("damaged"));
  }
  EXPECT_TRUE(backups_in(backups()).empty());
}

TEST_F(RocksBackup, ADamagedCopyIsNotTakenForTheContent) {
  Content content;
  {
    const auto kv = open(store());
    fill(*kv, 0);
    kv->back_up(backups(), {});
    content = content_of_backup(backups(), 1, {});
  }
  for (const auto& file : table_files(backups())) flip_a_bit(file);
  EXPECT_THROW(content_of_backup(backups(), 1, {}), BackupFailed);
  EXPECT_THROW(restore_backup(backups(), 1, restored()), BackupFailed);
}

TEST_F(RocksBackup, OneThatIsStoppedLeavesTheOlderOnes) {
  const auto kv = open(store());
  fill(*kv, 0);
  kv->back_up(backups(), {});
  fill(*kv, 1);
  Watch watch;
  watch.stopped = [] { return true; };
  EXPECT_THROW(kv->back_up(backups(), watch), Stopped);
  EXPECT_THAT(backups_in(backups()), testing::ElementsAre(1));
  EXPECT_EQ(content_of_backup(backups(), 1, {}).rows, 40u);
}

TEST_F(RocksBackup, LostIdsAddUpAndHaveAnEnd) {
  open(store()).reset();
  lose_ids(store(), 1 << 20);
  lose_ids(store(), 5);
  EXPECT_EQ(open(store())->lost_ids_max(), (1u << 20) + 5);
  EXPECT_THROW(lose_ids(store(), kLostIdsLimit - (1 << 20) - 4), BackupFailed);
  EXPECT_EQ(open(store())->lost_ids_max(), (1u << 20) + 5);
  lose_ids(store(), kLostIdsLimit - (1 << 20) - 5);
  EXPECT_EQ(open(store())->lost_ids_max(), kLostIdsLimit);
}

}  // namespace helio::store::rocks
