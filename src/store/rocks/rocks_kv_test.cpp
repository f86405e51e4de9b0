#include "store/rocks/rocks_kv.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <fstream>

#include "base/cores.h"
#include "base/random.h"
#include "store/kv_conformance.h"
#include "store/rocks/database.h"
#include "store/rocks/journal.h"
#include "store/rocks/layout.h"
#include "store/testing/scratch.h"

namespace helio::store {

namespace {

namespace fs = std::filesystem;

// A directory of this test's own, gone with it.
class Folder {
 public:
  Folder() {
    Bytes name = (scratch_folder() / "rocks_kv_test.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }
  fs::path store() const { return path_ / "a" / "store"; }

 private:
  fs::path path_;
};

RocksOptions options_for(const Folder& folder) {
  RocksOptions options;
  options.directory = folder.store();
  options.memory = 16 << 20;
  options.reader_threads = 2;
  options.segment_size = 8 << 20;
  options.group_size_max = 2 << 20;
  return options;
}

class RocksEngine {
 public:
  RocksEngine() { reopen(); }
  Kv& kv() { return *kv_; }
  Kv& other() { return *kv_; }
  void reopen() {
    kv_.reset();
    RocksOptions options = options_for(folder_);
    change(options);
    kv_ = std::make_unique<RocksKv>(std::move(options));
  }
  void run(Task<> task) { run_until_done(context_, std::move(task)); }

 protected:
  virtual void change(RocksOptions&) {}

 private:
  asio::io_context context_;
  Folder folder_;
  std::unique_ptr<RocksKv> kv_;
};

// Every group is a generation of its own, and all are on their way into RocksDB all the time.
class FoldingEngine : public RocksEngine {
 public:
  FoldingEngine() { reopen(); }

 private:
  void change(RocksOptions& options) override { options.generation_size = 1; }
};

Task<Commit> commit_value(Kv& kv, Bytes partition, std::uint64_t expect, Bytes value) {
  Batch batch{.partition = std::move(partition), .expect = expect};
  batch.puts.push_back({"n", std::move(value)});
  co_return co_await kv.commit(std::move(batch));
}

Task<> commit_into(Kv& kv, Bytes partition, Commit& commit) {
  commit = co_await commit_value(kv, std::move(partition), 0, "1");
}

Task<> commit_batch(Kv& kv, Batch batch) {
  co_await conformance::put(kv, std::move(batch));
}

Task<> expect_rows(Kv& kv, Scan scan, std::string rows) {
  const Page page = co_await kv.scan("u1", std::move(scan));
  std::string found;
  for (const Put& row : page.rows) found += row.key + "=" + row.value + " ";
  EXPECT_EQ(found, rows);
}

// What the engine's threads say of themselves.
struct Watched {
  std::atomic<bool> flush_fails = false;
  std::atomic<std::uint64_t> written = 0, flushed = 0;  // Groups of the journal.

  void reached(std::string_view point) {
    if (point == "journal.written") {
      ++written;
      if (flush_fails) throw rocks::JournalFailed("the disk is broken");
    }
    if (point == "journal.flushed") ++flushed;
  }
};

Task<> check_each_answer_is_flushed(Kv& kv, Watched& watched) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const Commit commit = co_await commit_value(kv, "u1", i, Bytes(1'000, 'x'));
    EXPECT_EQ(commit.outcome, Outcome::kCommitted);
    EXPECT_EQ(watched.written, i + 1);
    EXPECT_EQ(watched.flushed, i + 1);
  }
}

Task<> break_the_disk(Kv& kv, Watched& watched, std::vector<Commit>& commits) {
  EXPECT_EQ((co_await commit_value(kv, "before", 0, "1")).outcome, Outcome::kCommitted);
  watched.flush_fails = true;
  TaskGroup group(co_await asio::this_coro::executor);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    group.spawn(commit_into(kv, "u" + std::to_string(i), commits[i]));
  }
  co_await group.join();
  watched.flush_fails = false;
  // A disk that works again is not believed.
  EXPECT_EQ((co_await commit_value(kv, "after", 0, "1")).outcome, Outcome::kUnavailable);
}

Task<> fill_the_disk(Kv& kv, std::atomic<std::uint64_t>& free) {
  EXPECT_EQ((co_await commit_value(kv, "u1", 0, "1")).outcome, Outcome::kCommitted);
  free = 0;
  // The disk is looked at every few megabytes.
  std::uint64_t version = 1;
  Commit commit;
  for (int i = 0; i < 100; ++i) {
    commit = co_await commit_value(kv, "u1", version, Bytes(kValueSizeMax, 'x'));
    if (commit.outcome != Outcome::kCommitted) break;
    version = commit.version;
  }
  EXPECT_EQ(commit.outcome, Outcome::kUnavailable);
  std::vector<Bytes> keys{"n"};
  EXPECT_EQ((co_await kv.get("u1", std::move(keys))).version, version);
  free = std::uint64_t{100} << 30;
  EXPECT_EQ((co_await commit_value(kv, "u1", version, "2")).outcome, Outcome::kCommitted);
}

std::string refusal(const RocksOptions& options) {
  try {
    RocksKv kv(options);
  } catch (const OpenError& error) {
    return error.what();
  }
  return "opened";
}

void change_meta(const RocksOptions& options, View key, std::uint32_t value) {
  rocks::Failure failure(nullptr);
  rocks::Database database(options, failure);
  Bytes bytes;
  append_le(bytes, value);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  ASSERT(database->Put(synced, database.meta(), rocksdb::Slice(key.data(), key.size()), bytes).ok());
}

Task<> increment_on_core(Cores& cores, Kv& kv, int core, int& running) {
  Bytes name = "core" + std::to_string(core);
  co_await conformance::commit_times(kv, std::move(name), 100);
  EXPECT_EQ(cores.here(), core);
  std::uint64_t conflicts = 0;
  co_await conformance::increment(kv, 50, &conflicts);
  EXPECT_EQ(cores.here(), core);
  cores.post(0, [&] {
    if (--running == 0) cores.stop();
  });
}

Task<> submit_and_leave(Kv& kv, std::vector<Commit>& commits) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (std::size_t i = 0; i < commits.size(); ++i) {
    group.spawn(commit_into(kv, "u" + std::to_string(i), commits[i]));
  }
  co_await group.join();
}

// Another process with the store open: this program again, at the test RocksKvVictim, which commits to its partitions
// for ever and says each acknowledged version on a pipe.
class Victim {
 public:
  explicit Victim(const fs::path& directory) {
    int ends[2] = {-1, -1};
    if (::pipe(ends) != 0) return;
    const std::string pipe = std::to_string(ends[1]);
    ::setenv("ROCKS_KV_VICTIM", directory.c_str(), 1);
    ::setenv("ROCKS_KV_VICTIM_PIPE", pipe.c_str(), 1);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::close(ends[0]);
      ::execl("/proc/self/exe", "store_test", "--gtest_filter=RocksKvVictim.*", nullptr);
      ::_exit(127);
    }
    ::unsetenv("ROCKS_KV_VICTIM");
    ::close(ends[1]);
    pipe_ = ends[0];
  }
  Victim(const Victim&) = delete;
  ~Victim() {
    kill();
    while (next_line()) {
    }
    ::close(pipe_);
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    EXPECT_TRUE(WIFSIGNALED(status)) << "it should have lived until it was killed";
  }

  void kill() { ::kill(pid_, SIGKILL); }
  // What was acknowledged before the death can still be read after it.
  std::optional<Bytes> next_line() {
    Bytes line;
    for (char c = 0; ::read(pipe_, &c, 1) == 1; line += c) {
      if (c == '\n') return line;
    }
    return std::nullopt;
  }

 private:
  pid_t pid_ = -1;
  int pipe_ = -1;
};

Task<> commit_and_tell(Kv& kv, Bytes partition, std::uint64_t version, int pipe) {
  while (true) {
    const Commit commit = co_await commit_value(kv, partition, version, std::to_string(version + 1));
    ASSERT(commit.outcome == Outcome::kCommitted);
    version = commit.version;
    const Bytes line = partition + " " + std::to_string(version) + "\n";
    ASSERT(::write(pipe, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
  }
}

constexpr int kVictimPartitions = 8;

Task<> live_as_victim(Kv& kv, int pipe) {
  TaskGroup group(co_await asio::this_coro::executor);
  for (int i = 0; i < kVictimPartitions; ++i) {
    const Bytes name = "u" + std::to_string(i);
    std::vector<Bytes> none;
    const Values values = co_await kv.get(name, std::move(none));
    group.spawn(commit_and_tell(kv, name, values.version, pipe));
  }
  co_await group.join();
}

Task<> check_victim(Kv& kv, std::map<Bytes, std::uint64_t>& acknowledged) {
  for (auto& [name, version] : acknowledged) {
    std::vector<Bytes> keys{"n"};
    const Values values = co_await kv.get(name, std::move(keys));
    // At most one commit of a partition was in flight.
    EXPECT_TRUE(values.version == version || values.version == version + 1) << values.version << " " << version;
    EXPECT_EQ(values.values[0].value_or("0"), std::to_string(values.version));
    version = values.version;
  }
}

}  // namespace

INSTANTIATE_TYPED_TEST_SUITE_P(Rocks, KvConformance, RocksEngine);
INSTANTIATE_TYPED_TEST_SUITE_P(RocksFolding, KvConformance, FoldingEngine);

TEST(RocksKv, AnswersACommitOnlyWhenItsJournalIsFlushed) {
  Folder folder;
  Watched watched;
  RocksOptions options = options_for(folder);
  options.reached = [&](std::string_view point) { watched.reached(point); };
  asio::io_context context;
  RocksKv kv(options);
  run_until_done(context, check_each_answer_is_flushed(kv, watched));
}

TEST(RocksKv, AFailedFlushIsFatalAndNeverTriedAgain) {
  Folder folder;
  Watched watched;
  RocksOptions options = options_for(folder);
  options.reached = [&](std::string_view point) { watched.reached(point); };
  std::string reason;
  options.fatal = [&](std::string_view why) { reason = why; };
  asio::io_context context;
  {
    RocksKv kv(options);
    std::vector<Commit> commits(100);
    run_until_done(context, break_the_disk(kv, watched, commits));
    int unknown = 0;
    for (const Commit& commit : commits) {
      if (commit.outcome == Outcome::kUnknown) {
        ++unknown;
      } else {
        EXPECT_EQ(commit.outcome, Outcome::kUnavailable);
      }
    }
    EXPECT_GT(unknown, 0);
    EXPECT_EQ(watched.written, watched.flushed + 1);
    EXPECT_FALSE(kv.fold_all());
  }
  EXPECT_NE(reason.find("the disk is broken"), std::string::npos);
  RocksKv again(options_for(folder));  // What was acknowledged is still there.
  run_until_done(context,
                 [](Kv& kv) -> Task<> { EXPECT_EQ(co_await conformance::rows_of(kv, "before"), "n=1 "); }(again));
}

TEST(RocksKv, AFullDiskRefusesCommitsAndServesReadsUntilThereIsRoom) {
  Folder folder;
  std::atomic<std::uint64_t> free = std::uint64_t{100} << 30;
  RocksOptions options = options_for(folder);
  options.disk_space = [&] { return DiskSpace{free, std::uint64_t{200} << 30}; };
  asio::io_context context;
  RocksKv kv(options);
  run_until_done(context, fill_the_disk(kv, free));
}

TEST(RocksKv, AStoreOfTheFormatBeforeTheJournalOpens) {
  Folder folder;
  const RocksOptions options = options_for(folder);
  {
    rocks::Failure failure(nullptr);
    rocks::Database database(options, failure);
    rocksdb::WriteOptions synced;
    synced.sync = true;
    const Bytes prefix = rocks::row_prefix("u1");
    ASSERT_TRUE(database->Put(synced, database.rows(), prefix + "n", "7").ok());
    ASSERT_TRUE(database->Put(synced, database.rows(), prefix + "erased", "7").ok());
    ASSERT_TRUE(database->DeleteRange(synced, database.rows(), prefix + "e", prefix + "f").ok());
    const Bytes head = rocks::encode_head({.version = 7, .pending = false});
    ASSERT_TRUE(database->Put(synced, database.meta(), rocks::head_key("u1"), head).ok());
  }
  change_meta(options, rocks::kFormatKey, 1);
  asio::io_context context;
  for (int i = 0; i < 2; ++i) {
    RocksKv kv(options);
    run_until_done(context, [](Kv& store, std::uint64_t version) -> Task<> {
      EXPECT_EQ((co_await commit_value(store, "u1", version, std::to_string(version + 1))).version, version + 1);
      EXPECT_EQ(co_await conformance::rows_of(store, "u1"), "n=" + std::to_string(version + 1) + " ");
    }(kv, 7 + static_cast<std::uint64_t>(i)));
  }
}

// Where an iterator of RocksDB 7.8 leaves out "a" and says OK: its block is not in memory, and a range erase covers a
// block that is.
TEST(RocksKv, AScanInMemoryLeavesNothingOut) {
  Folder folder;
  asio::io_context context;
  const auto commit = [&](std::uint64_t expect, std::vector<Range> erase_ranges, std::vector<Put> puts) {
    RocksKv kv(options_for(folder));
    Batch batch{.partition = "u1", .expect = expect, .erase_ranges = erase_ranges, .puts = puts};
    run_until_done(context, commit_batch(kv, std::move(batch)));
    ASSERT_TRUE(kv.fold_all());  // What was committed becomes a file, and the next engine has no generation that knows.
  };
  commit(0, {}, {{"a", "1"}});
  commit(1, {}, {{"m", "2"}, {"n", "3"}});
  RocksKv kv(options_for(folder));
  run_until_done(context, expect_rows(kv, {.from = "m", .to = "z"}, "m=2 n=3 "));
  Batch erase{.partition = "u1", .expect = 2, .erase_ranges = {{"m", "n"}}};
  run_until_done(context, commit_batch(kv, std::move(erase)));
  ASSERT_TRUE(kv.fold_all());
  run_until_done(context, expect_rows(kv, {.from = "", .to = "z"}, "a=1 n=3 "));
  run_until_done(context, expect_rows(kv, {.from = "", .to = "z", .reverse = true}, "n=3 a=1 "));
}

// The same iterator forgets that a block is damaged.
TEST(RocksKv, AScanFromTheDiskLeavesNothingOut) {
  Folder folder;
  asio::io_context context;
  const auto commit = [&](std::uint64_t expect, std::vector<Range> erase_ranges, std::vector<Put> puts) {
    RocksKv kv(options_for(folder));
    Batch batch{.partition = "u1", .expect = expect, .erase_ranges = erase_ranges, .puts = puts};
    run_until_done(context, commit_batch(kv, std::move(batch)));
    ASSERT_TRUE(kv.fold_all());
  };
  const Bytes value = "the value of the damaged row";
  commit(0, {}, {{"a", value}});
  commit(1, {}, {{"m", "2"}, {"n", "3"}});
  for (const auto& entry : fs::directory_iterator(folder.store())) {
    if (entry.path().extension() != ".sst") continue;
    std::fstream file(entry.path(), std::ios::in | std::ios::out | std::ios::binary);
    const Bytes bytes(std::istreambuf_iterator<char>(file), {});
    const auto at = bytes.find(value);
    if (at == Bytes::npos) continue;
    file.seekp(static_cast<std::streamoff>(at));
    file.put('T');
  }

  RocksKv kv(options_for(folder));
  run_until_done(context, expect_rows(kv, {.from = "m", .to = "z"}, "m=2 n=3 "));
  Batch erase{.partition = "u1", .expect = 2, .erase_ranges = {{"m", "n"}}};
  run_until_done(context, commit_batch(kv, std::move(erase)));
  ASSERT_TRUE(kv.fold_all());
  for (const bool reverse : {false, true}) {
    const Scan scan{.from = "", .to = "z", .reverse = reverse};
    EXPECT_THROW(run_until_done(context, expect_rows(kv, scan, "a=? n=3 ")), StoreDown) << reverse;
  }
}

TEST(RocksKv, AFullQueueIsUnavailable) {
  Folder folder;
  RocksOptions options = options_for(folder);
  options.queue_commits_max = 10;
  asio::io_context context;
  RocksKv kv(options);
  std::vector<Commit> commits(1'000);
  run_until_done(context, submit_and_leave(kv, commits));
  int committed = 0, unavailable = 0;
  for (const Commit& commit : commits) {
    if (commit.outcome == Outcome::kCommitted) ++committed;
    if (commit.outcome == Outcome::kUnavailable) ++unavailable;
  }
  EXPECT_GE(committed, 10);
  EXPECT_GT(unavailable, 0);
  EXPECT_EQ(committed + unavailable, 1'000);
}

TEST(RocksKv, SharesAFlushAmongAllThatWait) {
  Folder folder;
  asio::io_context context;
  RocksKv kv(options_for(folder));
  std::vector<Commit> commits(1'000);
  run_until_done(context, submit_and_leave(kv, commits));
  EXPECT_EQ(kv.counts().commits, 1'000u);
  EXPECT_LT(kv.counts().groups, 500u);
}

TEST(RocksKv, StopsWithEverythingInFlightAnswered) {
  Folder folder;
  asio::io_context context;
  std::vector<Commit> commits(500);
  for (Commit& commit : commits) commit.outcome = Outcome::kUnknown;
  auto kv = std::make_unique<RocksKv>(options_for(folder));
  TaskGroup group(context.get_executor());
  for (std::size_t i = 0; i < commits.size(); ++i) {
    group.spawn(commit_into(*kv, "u" + std::to_string(i), commits[i]));
  }
  context.poll();
  kv.reset();  // Before its answers were taken.
  run_until_done(context, group.join());
  for (const Commit& commit : commits) EXPECT_EQ(commit.outcome, Outcome::kCommitted);
}

TEST(RocksKv, AnswersOnTheCoreThatAsked) {
  Folder folder;
  Cores cores(3);
  RocksKv kv(options_for(folder));
  int running = cores.count();
  std::vector<std::unique_ptr<TaskGroup>> groups;
  for (int core = 0; core < cores.count(); ++core) {
    groups.push_back(std::make_unique<TaskGroup>(cores.executor(core)));
    cores.post(core, [&, core] {
      groups[static_cast<std::size_t>(core)]->spawn(increment_on_core(cores, kv, core, running));
    });
  }
  cores.run();
}

TEST(RocksKv, ContextsMayEndWhileCallsWait) {
  Folder folder;
  std::vector<Commit> commits(100);
  asio::io_context context;
  RocksKv kv(options_for(folder));
  for (std::size_t i = 0; i < commits.size(); ++i) {
    asio::co_spawn(context, commit_into(kv, "u" + std::to_string(i), commits[i]), [](std::exception_ptr) {});
  }
  context.poll();
  // The engine ends first, then the context with the answers that nobody takes.
}

TEST(RocksKv, RefusesAStoreInUse) {
  Folder folder;
  const RocksOptions options = options_for(folder);
  RocksKv kv(options);
  EXPECT_NE(refusal(options).find("in use by another process"), std::string::npos) << refusal(options);
}

TEST(RocksKv, RefusesAStoreThatAnotherProcessHas) {
  Folder folder;
  Victim other(folder.store());
  ASSERT_TRUE(other.next_line());
  const std::string why = refusal(options_for(folder));
  EXPECT_NE(why.find("in use by another process"), std::string::npos) << why;
}

TEST(RocksKv, RefusesAnotherFormat) {
  Folder folder;
  const RocksOptions options = options_for(folder);
  change_meta(options, rocks::kBucketsKey, 64);
  EXPECT_NE(refusal(options).find("64 buckets"), std::string::npos) << refusal(options);
}

TEST(RocksKv, RefusesANewerFormat) {
  Folder folder;
  const RocksOptions options = options_for(folder);
  change_meta(options, rocks::kFormatKey, rocks::kFormat + 1);
  EXPECT_NE(refusal(options).find("start a newer release"), std::string::npos) << refusal(options);
}

TEST(RocksKv, RefusesAFamilyItDoesNotKnow) {
  Folder folder;
  const RocksOptions options = options_for(folder);
  {
    rocks::Failure failure(nullptr);
    rocks::Database database(options, failure);
    rocksdb::ColumnFamilyHandle* family = nullptr;
    ASSERT_TRUE(database->CreateColumnFamily({}, "from the future", &family).ok());
    database->DestroyColumnFamilyHandle(family);
  }
  EXPECT_NE(refusal(options).find("newer release"), std::string::npos) << refusal(options);
}

TEST(RocksKv, RefusesAFolderThatCannotBeMade) {
  RocksOptions options;
  options.directory = "/dev/null/store";
  EXPECT_NE(refusal(options).find("cannot be made"), std::string::npos) << refusal(options);
}

TEST(RocksKv, RefusesDamagedFilesAndLostOnes) {
  Folder folder;
  const RocksOptions options = options_for(folder);
  asio::io_context context;
  for (int i = 0; i < 2; ++i) {
    RocksKv kv(options);
    if (i == 0) run_until_done(context, conformance::fill_before_reopening(kv));
    ASSERT_TRUE(kv.fold_all());
  }
  fs::path table;
  for (const auto& entry : fs::directory_iterator(options.directory)) {
    if (entry.path().extension() == ".sst") table = entry.path();
  }
  ASSERT_FALSE(table.empty());
  fs::rename(table, options.directory / "hidden");
  EXPECT_NE(refusal(options).find(table.stem().string()), std::string::npos) << refusal(options);
  fs::rename(options.directory / "hidden", table);
  EXPECT_EQ(refusal(options), "opened");

  fs::remove(options.directory / "CURRENT");
  EXPECT_NE(refusal(options).find("lacks the file CURRENT"), std::string::npos) << refusal(options);
}

TEST(RocksKv, KeepsEveryAcknowledgedCommitThroughKill9) {
  Folder folder;
  const RocksOptions options = options_for(folder);
  SeededRandom random(7);
  std::map<Bytes, std::uint64_t> acknowledged;
  for (int i = 0; i < kVictimPartitions; ++i) acknowledged["u" + std::to_string(i)] = 0;
  for (int cycle = 0; cycle < 3; ++cycle) {
    {
      Victim victim(options.directory);
      const std::uint64_t lines_max = 1'000 + random.below(1'000);
      std::uint64_t lines = 0;
      while (const auto line = victim.next_line()) {
        const std::size_t space = line->find(' ');
        acknowledged[line->substr(0, space)] = std::stoull(line->substr(space + 1));
        if (++lines == lines_max) victim.kill();
      }
      EXPECT_GE(lines, lines_max);
    }
    asio::io_context context;
    RocksKv kv(options);
    run_until_done(context, check_victim(kv, acknowledged));
  }
}

// Not a test: the other process of class Victim.
TEST(RocksKvVictim, CommitsUntilKilled) {
  const char* const directory = ::getenv("ROCKS_KV_VICTIM");
  if (!directory) return;
  RocksOptions options;
  options.directory = directory;
  options.memory = 16 << 20;
  options.segment_size = 1 << 20;
  options.group_size_max = 512 << 10;
  options.generation_size = 256 << 10;
  asio::io_context context;
  RocksKv kv(options);
  run_until_done(context, live_as_victim(kv, std::atoi(::getenv("ROCKS_KV_VICTIM_PIPE"))));
}

}  // namespace helio::store
