// The parts of the embedded engine together, where a test has to stand between them: memory, threads that wait for each
// other, readers beside the writer.
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "base/clock.h"
#include "gtest/gtest.h"
#include "store/rocks/backup.h"
#include "store/rocks/check.h"
#include "store/rocks/reads.h"
#include "store/rocks/writer.h"
#include "store/testing/scratch.h"

// The disk of this program: RocksDB's writes of some files find no room while a test says so. The journal writes in
// another way (journal_test.cpp).
namespace {
enum class Full { kNothing, kFolds, kCompactions, kManifest };
std::atomic<Full> full = Full::kNothing;
std::atomic<int> writes_refused = 0;

bool finds_no_room(int file) {
  if (full == Full::kNothing) return false;
  std::error_code error;
  const auto path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), error);
  const bool is_fold = path.parent_path().filename() == "fold", is_table = path.extension() == ".sst";
  switch (full) {
    case Full::kFolds: return is_fold;
    case Full::kCompactions: return (is_table && !is_fold) || path.filename() == "LOG";
    case Full::kManifest: return path.filename().string().starts_with("MANIFEST-");
    default: return false;
  }
}
}  // namespace

extern "C" ssize_t write(int file, const void* from, size_t size) {
  if (finds_no_room(file)) {
    ++writes_refused;
    errno = ENOSPC;
    return -1;
  }
  return ::syscall(SYS_write, file, from, size);
}

namespace helio::store::rocks {

namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds kPatience{10'000};  // For what takes a few,
constexpr std::chrono::milliseconds kMoment{50};        // and for what must not happen.

class Directory {
 public:
  Directory() {
    Bytes name = (scratch_folder() / "engine_test.XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  Directory(const Directory&) = delete;
  ~Directory() { fs::remove_all(path_); }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

class Parts {
 public:
  explicit Parts(const std::function<void(RocksOptions&)>& change = nullptr)
      : options(make_options(directory_, change)),
        failure(options.fatal),
        database(options, failure),
        stack(database, options.memory / 2),
        folder(database, stack, failure, options) {
    writer.emplace(database, stack, folder, failure, options);
  }

  // Answered when `context` runs.
  std::shared_ptr<Call<Commit>> submit(const Batch& batch) {
    auto call = std::make_shared<Call<Commit>>(context.get_executor());
    writer->submit(batch, call);
    return call;
  }
  Commit commit(Batch batch) {
    Commit answer;
    run_until_done(context, wait(*writer, std::move(batch), answer));
    return answer;
  }
  std::uint64_t loose_tables() {
    std::string count;
    EXPECT_TRUE(database->GetProperty(database.rows(), rocksdb::DB::Properties::kNumFilesAtLevelPrefix + "0", &count));
    return std::stoull(count);
  }
  void answer_all() {
    context.restart();
    context.run();
  }

 private:
  Directory directory_;

 public:
  asio::io_context context;
  const RocksOptions options;
  Failure failure;
  Database database;
  CurrentStack stack;
  Folder folder;
  std::optional<Writer> writer;

 private:
  static RocksOptions make_options(const Directory& directory, const std::function<void(RocksOptions&)>& change) {
    RocksOptions options;
    options.directory = directory.path() / "store";
    options.memory = 16 << 20;
    options.segment_size = 8 << 20;
    options.group_size_max = 2 << 20;
    if (change) change(options);
    return options;
  }
  static Task<> wait(Writer& writer, Batch batch, Commit& answer) {
    const Executor executor = co_await asio::this_coro::executor;
    auto call = std::make_shared<Call<Commit>>(executor);
    auto start = [&](std::shared_ptr<Call<Commit>> asked) { writer.submit(batch, std::move(asked)); };
    answer = co_await Call<Commit>::wait(std::move(call), std::move(start));
  }
};

Batch put(Bytes partition, std::uint64_t expect, Bytes value) {
  Batch batch{.partition = std::move(partition), .expect = expect};
  batch.puts.push_back({"n", std::move(value)});
  return batch;
}

Values read(Parts& parts, View partition) {
  Values values;
  EXPECT_TRUE(read_values(parts.database, *parts.stack.load(), partition, {"n"}, rocksdb::kReadAllTier, values));
  return values;
}

template <class Done>
bool soon(Done done, std::chrono::milliseconds patience = kPatience) {
  const SystemClock clock;
  for (const auto end = clock.now() + patience; clock.now() < end;) {
    if (done()) return true;
    std::this_thread::yield();
  }
  return false;
}

}  // namespace

TEST(Engine, AConflictTakesNoMemory) {
  Parts parts;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(parts.commit(put("u" + std::to_string(i), 7, Bytes(kValueSizeMax, 'x'))).outcome, Outcome::kConflict);
  }
  const std::uint64_t last = std::numeric_limits<std::uint64_t>::max();
  EXPECT_EQ(parts.commit(put("u1", last, "1")).outcome, Outcome::kConflict);
  EXPECT_EQ(parts.stack.load()->active().size(), 0u);
  EXPECT_EQ(parts.commit(put("u1", 0, "1")).outcome, Outcome::kCommitted);
}

TEST(Engine, FoldsOnRequestThoughCommitsNeverPause) {
  // Before a group is done the next commit waits already.
  Parts* all = nullptr;
  std::uint64_t submitted = 0;
  std::atomic<bool> done = false;
  Parts parts([&](RocksOptions& options) {
    options.reached = [&](View point) {
      if (point == "applied" && !done && submitted < 2'000) all->submit(put("u1", ++submitted, "1"));
    };
  });
  all = &parts;
  parts.submit(put("u1", 0, "1"));
  EXPECT_EQ(parts.writer->fold_all(), Folded::kDone);
  done = true;
  parts.writer->stop();
  EXPECT_LT(submitted, 2'000u);
  EXPECT_GE(parts.writer->counts().commits, submitted) << "all but one that came while it stopped";
  parts.answer_all();
}

// Every commit is a group and a generation, and so many were folded that the folder waits for compaction, which may not
// run, and the writer for the folder.
class Uncompacted : public Parts {
 public:
  Uncompacted()
      : Parts([](RocksOptions& options) {
          options.generation_size = 1;
          options.group_size_max = 1;
        }) {
    commit(put("u1", version++, "0"));
    EXPECT_EQ(writer->fold_all(), Folded::kDone);
    EXPECT_TRUE(database->PauseBackgroundWork().ok());
    while (loose_tables() < kLooseTables && version < 100) commit(put("u1", version++, "1"));
    // Two more may be in memory.
    for (int i = 0; i < 3; ++i) submit(put("u1", version++, "2"));
  }
  static constexpr std::uint64_t kLooseTables = 25;
  std::uint64_t version = 0;
};

TEST(Engine, WaitsForCompactionBeforeItFoldsMore) {
  Uncompacted parts;
  EXPECT_FALSE(soon([&] { return parts.writer->counts().commits == parts.version; }, kMoment));
  EXPECT_EQ(parts.loose_tables(), Uncompacted::kLooseTables);
  ASSERT_TRUE(parts.database->ContinueBackgroundWork().ok());
  EXPECT_TRUE(soon([&] { return parts.writer->counts().commits == parts.version; }));
  EXPECT_TRUE(soon([&] { return parts.loose_tables() < 20; }));
  parts.answer_all();
}

TEST(Engine, FoldsWithinABoundOrSaysThatItTakesTooLong) {
  Uncompacted parts;
  EXPECT_EQ(parts.writer->fold_all(kMoment), Folded::kTooLong);
  ASSERT_TRUE(parts.database->ContinueBackgroundWork().ok());
  EXPECT_EQ(parts.writer->fold_all(), Folded::kDone);
  parts.answer_all();
}

// RocksDB finds no room for a fold or for a compaction: commits are refused when memory is full, reads are
// answered, and when there is room again all goes on by itself.
class EngineWithoutRoom : public testing::TestWithParam<Full> {
 protected:
  ~EngineWithoutRoom() override { full = Full::kNothing; }
};

TEST_P(EngineWithoutRoom, RefusesCommitsServesReadsAndRecovers) {
  std::atomic<int> failures = 0;
  Parts parts([&](RocksOptions& options) {
    options.generation_size = 1;
    options.full_disk_pause = std::chrono::milliseconds(10);
    options.fatal = [&](std::string_view) { ++failures; };
  });
  std::uint64_t version = 0;
  for (; version < 10; ++version) ASSERT_EQ(parts.commit(put("u1", version, "1")).outcome, Outcome::kCommitted);
  full = GetParam();
  writes_refused = 0;
  Outcome outcome = Outcome::kCommitted;
  while (version < 100 && outcome == Outcome::kCommitted) {
    // More than RocksDB writes at once.
    Batch batch{.partition = "u1", .expect = version};
    for (int i = 0; i < 12; ++i) batch.puts.push_back({std::to_string(i), Bytes(kValueSizeMax, 'x')});
    outcome = parts.commit(std::move(batch)).outcome;
    if (outcome == Outcome::kCommitted) ++version;
  }
  EXPECT_EQ(outcome, Outcome::kUnavailable);
  EXPECT_GT(writes_refused, 0);
  EXPECT_EQ(read(parts, "u1").version, version);
  EXPECT_TRUE(read(parts, "u1").values.at(0));
  // However often it is asked to fold, memory takes one more generation, and not one each time.
  // RocksDB itself waits for a second after each compaction that failed.
  for (int i = 0; i < (GetParam() == Full::kCompactions ? 1 : 4); ++i) {
    EXPECT_EQ(parts.writer->fold_all(), Folded::kNoRoom);
    if (parts.commit(put("u1", version, "2")).outcome == Outcome::kCommitted) ++version;
  }
  EXPECT_LE(parts.stack.unfolded(), 2u);
  EXPECT_EQ(parts.commit(put("u1", version, "2")).outcome, Outcome::kUnavailable);

  full = Full::kNothing;
  EXPECT_TRUE(soon([&] {
    outcome = parts.commit(put("u1", version, "3")).outcome;
    version += outcome == Outcome::kCommitted ? 1 : 0;
    return outcome == Outcome::kCommitted;
  }));
  EXPECT_EQ(parts.writer->fold_all(), Folded::kDone);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(parts.commit(put("u1", version++, "4")).outcome, Outcome::kCommitted);
  EXPECT_EQ(parts.writer->fold_all(), Folded::kDone);
  EXPECT_TRUE(soon([&] { return parts.loose_tables() < 20; })) << "compaction goes on too";
  EXPECT_EQ(read(parts, "u1").version, version);
  EXPECT_EQ(failures, 0);
}

INSTANTIATE_TEST_SUITE_P(Engine, EngineWithoutRoom, testing::Values(Full::kFolds, Full::kCompactions),
                         [](const auto& one) {
                           return one.param == Full::kFolds ? "WhereItFolds" : "WhereItCompacts";
                         });

TEST(Engine, AListOfFilesThatCannotBeWrittenIsFatal) {
  std::mutex mutex;
  std::string reason;
  Parts parts([&](RocksOptions& options) {
    options.fatal = [&](std::string_view why) {
      const std::lock_guard lock(mutex);
      reason = why;
    };
  });
  ASSERT_EQ(parts.commit(put("u1", 0, "1")).outcome, Outcome::kCommitted);
  full = Full::kManifest;
  EXPECT_EQ(parts.writer->fold_all(), Folded::kEnded);
  full = Full::kNothing;
  EXPECT_EQ(parts.commit(put("u1", 1, "2")).outcome, Outcome::kUnavailable);
  const std::lock_guard lock(mutex);
  EXPECT_NE(reason.find("MANIFEST"), std::string::npos) << reason;
}

TEST(Engine, NoBackupIsMadeOfAFullDiskAndItsOwnerIsToldWhy) {
  Directory directory;
  RocksOptions options;
  options.directory = directory.path() / "store";
  options.memory = 16 << 20;
  options.full_disk_pause = std::chrono::milliseconds(10);
  RocksKv kv(options);
  asio::io_context context;
  run_until_done(context, [](Kv& store) -> Task<> {
    Batch batch = put("u1", 0, "1");
    EXPECT_EQ((co_await store.commit(std::move(batch))).outcome, Outcome::kCommitted);
  }(kv));
  full = Full::kFolds;
  const std::string why = "the disk of the store in " + options.directory.string() + " is full: free some space on it";
  std::string backup_said, check_said;
  try {
    kv.back_up(directory.path() / "backups", {});
  } catch (const BackupFailed& failure) {
    backup_said = failure.what();
  }
  try {
    kv.check({});
  } catch (const StoreDown& failure) {
    check_said = failure.what();
  }
  full = Full::kNothing;
  EXPECT_EQ(backup_said, "No backup was made, because " + why + ", then try again.");
  EXPECT_EQ(check_said, "nothing was checked, because " + why + ", then try again.");
  EXPECT_EQ(kv.back_up(directory.path() / "backups", {}).sequence, 1u);
}

TEST(Engine, StopsWhileItWaitsForCompaction) {
  Uncompacted parts;
  parts.folder.hurry();
  parts.writer->stop();
  parts.folder.stop();
  parts.answer_all();
  EXPECT_EQ(parts.writer->counts().commits, parts.version);
  EXPECT_EQ(read(parts, "u1").version, parts.version);
  ASSERT_TRUE(parts.database->ContinueBackgroundWork().ok());
}

TEST(Engine, KeepsFoldedGenerationsWhileMemoryAllows) {
  Parts parts;
  const auto generations = [&] { return parts.stack.load()->generations.size(); };
  // What is in none of them is read as the folds have left it.
  parts.commit({.partition = "u2", .puts = {{"a", "1"}, {"b", "1"}, {"c", "1"}, {"d", "1"}}});
  ASSERT_EQ(parts.writer->fold_all(), Folded::kDone);
  parts.commit({.partition = "u2", .expect = 1, .erase_ranges = {{"b", "d"}}, .erase = {"a"}, .puts = {{"c", "2"}}});
  ASSERT_EQ(parts.writer->fold_all(), Folded::kDone);
  std::uint64_t version = 0;
  const auto fill = [&] {
    // Each about 1 MiB of memory, of 8.
    for (int i = 0; i < 3; ++i) parts.commit(put("u1", version++, Bytes(kValueSizeMax, 'x')));
    ASSERT_EQ(parts.writer->fold_all(), Folded::kDone);
  };
  for (int i = 1; i <= 3; ++i) {
    fill();
    EXPECT_EQ(generations(), 3u + i);
  }
  for (int i = 0; i < 10; ++i) fill();
  EXPECT_EQ(parts.stack.unfolded(), 0u);
  std::size_t size = 0;
  for (const auto& generation : parts.stack.load()->generations) size += generation->size();
  EXPECT_LE(size, parts.options.memory / 2);
  EXPECT_GE(generations(), 4u);
  EXPECT_EQ(read(parts, "u1").version, version);
  EXPECT_FALSE(parts.stack.load()->generations.back()->find(Name("u2")));
  Page page;
  EXPECT_TRUE(
      read_page(parts.database, *parts.stack.load(), "u2", {.from = "", .to = "z"}, rocksdb::kReadAllTier, page));
  EXPECT_EQ(page.version, 2u);
  ASSERT_EQ(page.rows.size(), 2u);
  EXPECT_EQ(page.rows[0].key + page.rows[0].value + page.rows[1].key + page.rows[1].value, "c2d1");
}

TEST(Engine, NeverDropsAGenerationThatIsNotFolded) {
  Directory directory;
  RocksOptions options;
  options.directory = directory.path() / "store";
  options.memory = 16 << 20;
  Failure failure(nullptr);
  Database database(options, failure);
  CurrentStack stack(database, /*memory=*/0);
  const auto first = stack.load()->generations[0];
  first->keep("x");
  stack.freeze();
  stack.load()->active().keep("x");
  stack.freeze();
  EXPECT_EQ(stack.load()->generations.size(), 3u);
  EXPECT_EQ(stack.unfolded(), 2u);
  EXPECT_EQ(stack.oldest_unfolded(), first);
  stack.folded();
  EXPECT_EQ(stack.load()->generations.size(), 2u);
  EXPECT_NE(stack.oldest_unfolded(), first);
  stack.folded();
  EXPECT_EQ(stack.load()->generations.size(), 1u);
  EXPECT_EQ(stack.oldest_unfolded(), nullptr);
}

// A mark is set and taken back in generations of their own: each knows what was before it.
TEST(Engine, MarksOverSeveralGenerations) {
  Parts parts([](RocksOptions& options) { options.generation_size = 1; });
  const std::uint32_t bucket = bucket_of("u1");
  const auto marked = [&] {
    std::vector<Bytes> out;
    EXPECT_TRUE(read_pending(parts.database, *parts.stack.load(), bucket, rocksdb::kReadAllTier, out));
    // And in RocksDB alone.
    std::string value;
    const auto key = pending_key(bucket, "u1");
    const auto status = parts.database->Get(rocksdb::ReadOptions(), parts.database.meta(), key, &value);
    EXPECT_EQ(status.ok(), !out.empty());
    return !out.empty();
  };
  std::uint64_t version = 0;
  for (const bool pending : {true, true, false, true, false, false}) {
    Batch batch = put("u1", version++, "1");
    batch.pending = pending;
    ASSERT_EQ(parts.commit(std::move(batch)).outcome, Outcome::kCommitted);
    ASSERT_EQ(parts.writer->fold_all(), Folded::kDone);
    EXPECT_EQ(marked(), pending);
  }
}

// Each commit sets all keys of its partition to one value, by putting them or by erasing them in one way or another.
// Whoever reads sees one value, which never goes back, and which is the version's.
TEST(Engine, ReadersSeeWholeCommitsInOrder) {
  constexpr int kPartitions = 3, kReaders = 3;
  constexpr std::uint64_t kVersions = 100;
  const std::vector<Bytes> keys{"a", "b", "c", "d", "e"};
  Parts parts([](RocksOptions& options) { options.generation_size = 1; });
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::array<std::atomic<std::uint64_t>, kPartitions> applied{};

  // Versions that divide by 7 leave nothing but the first key.
  const auto value_of = [](std::uint64_t version, std::size_t key) {
    const bool is_there = version != 0 && (version % 7 != 0 || key == 0);
    return is_there ? std::optional(std::to_string(version)) : std::nullopt;
  };
  const auto commit_of = [&](int partition, std::uint64_t version) {
    Batch batch{.partition = "u" + std::to_string(partition), .expect = version - 1};
    batch.pending = version % 2 == 0;
    if (version % 14 == 0) batch.erase_ranges.push_back({"", "z"});
    if (version % 14 == 7) batch.erase.assign(keys.begin() + 1, keys.end());
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (const auto value = value_of(version, i)) batch.puts.push_back({keys[i], *value});
    }
    return batch;
  };
  const auto read_one = [&](int partition, int way, std::uint64_t& newest) {
    const Bytes name = "u" + std::to_string(partition);
    const std::uint64_t least = applied[partition];
    const auto stack = parts.stack.load();
    std::vector<std::optional<Bytes>> found(keys.size());
    std::uint64_t version = 0;
    if (way == 0) {
      Values values;
      read_values(parts.database, *stack, name, keys, rocksdb::kReadAllTier, values);
      version = values.version;
      found = values.values;
    } else {
      Page page;
      read_page(parts.database, *stack, name, {.from = "", .to = "z", .reverse = way == 2}, rocksdb::kReadAllTier,
                page);
      version = page.version;
      for (const Put& row : page.rows) {
        found[static_cast<std::size_t>(std::find(keys.begin(), keys.end(), row.key) - keys.begin())] = row.value;
      }
    }
    bool good = version >= newest && version >= least;
    for (std::size_t i = 0; i < keys.size(); ++i) good = good && found[i] == value_of(version, i);
    wrong += good ? 0 : 1;
    newest = version;
  };

  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, i] {
      std::array<std::uint64_t, kPartitions> newest{};
      for (int round = i; !done; ++round) {
        const int partition = round % kPartitions;
        read_one(partition, (round / kPartitions) % 3, newest[partition]);
      }
    });
  }
  for (std::uint64_t version = 1; version <= kVersions; ++version) {
    for (int partition = 0; partition < kPartitions; ++partition) parts.submit(commit_of(partition, version));
    // One group may hold several of one partition; now and then all of them are waited for.
    if (version % 4 != 0) continue;
    const bool reached = soon([&] { return parts.writer->counts().commits == version * kPartitions; });
    EXPECT_TRUE(reached);
    for (auto& one : applied) one = version;
    if (!reached) break;
    if (version % 20 == 0) {
      EXPECT_EQ(parts.writer->fold_all(), Folded::kDone);
    }
  }
  parts.writer->stop();
  done = true;
  for (auto& reader : readers) reader.join();
  parts.answer_all();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(parts.writer->counts().commits, kVersions * kPartitions);
  EXPECT_GT(parts.folder.folds(), 10u);
}

// More than the cache holds may have to be walked over for a page.
TEST(Engine, AScanOfMoreThanTheCacheHoldsIsNoDamage) {
  Parts parts([](RocksOptions& options) { options.generation_size = 1; });
  std::uint64_t version = 0;
  for (int i = 0; i < 60; ++i) {
    Batch batch{.partition = "u1", .expect = version++};
    batch.puts.push_back({std::to_string(100 + i), Bytes(kValueSizeMax, 'x')});
    ASSERT_EQ(parts.commit(std::move(batch)).outcome, Outcome::kCommitted);
  }
  parts.commit({.partition = "u1", .expect = version++, .erase_ranges = {{"", "159"}}});
  Page page;
  EXPECT_NO_THROW(
      read_page(parts.database, *parts.stack.load(), "u1", {.from = "", .to = "z"}, rocksdb::kReadAllTier, page));
  EXPECT_EQ(page.rows.size(), 1u);
  parts.commit({.partition = "u1", .expect = version++});
  EXPECT_EQ(parts.writer->fold_all(), Folded::kDone);
  EXPECT_NO_THROW(
      read_page(parts.database, *parts.stack.load(), "u1", {.from = "", .to = "z"}, rocksdb::kReadAllTier, page));
  EXPECT_EQ(page.rows.size(), 1u);
}

}  // namespace helio::store::rocks
