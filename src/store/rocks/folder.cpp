#include "store/rocks/folder.h"

#include <charconv>

#include "base/assert.h"
#include "base/log.h"

namespace helio::store::rocks {

namespace {

constexpr std::chrono::seconds kRetry{1};

// Every fold adds a file that reads have to look into until compaction merges it. RocksDB takes any number; we do not.
constexpr std::uint64_t kLooseTablesMax = 24;
constexpr std::chrono::milliseconds kLookAgain{20};
constexpr int kLooksPerResume = 50;

}  // namespace

Folder::Folder(Database& database, CurrentStack& stack, Failure& failure, const RocksOptions& options)
    : database_(database),
      stack_(stack),
      failure_(failure),
      options_(options),
      scratch_(options.directory / kScratchFolder),
      sequence_(database.folded().value_or(0)) {
  make_scratch(scratch_);
  thread_ = std::thread([this] { run(); });
}

Folder::~Folder() {
  stop();
}

void Folder::wake() {
  {
    const std::lock_guard lock(mutex_);
    awake_ = true;
  }
  changed_.notify_all();
}

bool Folder::wait_below(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return stack_.unfolded() < count || failed_ || stopped_ || no_room_; });
  return stack_.unfolded() < count;
}

bool Folder::wait_for(std::uint64_t sequence) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return sequence_ >= sequence || failed_ || stopped_; });
  return sequence_ >= sequence;
}

void Folder::hurry() {
  {
    const std::lock_guard lock(mutex_);
    hurried_ = true;
  }
  changed_.notify_all();
}

void Folder::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Folder::run() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      const auto ready = [&] { return awake_ || stopped_; };
      if (no_room_) {
        changed_.wait_for(lock, kRetry, [&] { return stopped_; });
      } else {
        changed_.wait(lock, ready);
      }
      if (stopped_) return;
      awake_ = false;
    }
    while (fold_one()) {
    }
    const std::lock_guard lock(mutex_);
    if (failed_) return;
  }
}

std::uint64_t Folder::loose_tables() const {
  // RocksDB has this number as text only.
  std::string text;
  const bool found =
      database_->GetProperty(database_.rows(), rocksdb::DB::Properties::kNumFilesAtLevelPrefix + "0", &text);
  std::uint64_t count = 0;
  const char* const end = text.data() + text.size();
  ASSERT(found && std::from_chars(text.data(), end, count).ptr == end);
  return count;
}

// False: the folder is stopping.
bool Folder::wait_for_compaction() {
  for (int looks = 1; loose_tables() > kLooseTablesMax; ++looks) {
    {
      std::unique_lock lock(mutex_);
      if (changed_.wait_for(lock, kLookAgain, [&] { return hurried_ || stopped_; })) break;
    }
    if (failure_.has_failed()) break;
    // A compaction that found no room has stopped all of them.
    if (looks % kLooksPerResume == 0) database_->Resume();
  }
  const std::lock_guard lock(mutex_);
  return !stopped_;
}

// Whether there may be another one.
bool Folder::fold_one() {
  const auto generation = stack_.oldest_unfolded();
  if (!generation) return false;
  if (!wait_for_compaction()) return false;
  if (no_room_) database_->Resume();
  const auto status = fold(database_, *generation, scratch_, options_.reached);
  const bool good = status.ok(), no_room = status.IsNoSpace();
  if (good) {
    stack_.folded();
    sequence_ = generation->last_sequence();
    ++folds_;
  }
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    is_news = no_room && !no_room_;
    no_room_ = no_room;
    failed_ = !good && !no_room;
  }
  changed_.notify_all();
  if (good) return true;
  if (is_news) log::error("store.disk_full", {{"reason", status.ToString()}});
  if (!no_room) failure_.fail(status.ToString());
  return false;
}

}  // namespace helio::store::rocks
