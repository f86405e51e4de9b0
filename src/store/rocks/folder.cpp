#include "store/rocks/folder.h"

#include <charconv>
#include <utility>

#include "base/assert.h"
#include "base/log.h"

namespace helio::store::rocks {

namespace {

// Every fold adds a file that reads have to look into until compaction merges it. RocksDB takes any number; we do not.
constexpr std::uint64_t kLooseTablesMax = 24;
constexpr std::chrono::milliseconds kLookAgain{20};

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

Folded Folder::wait_for(std::uint64_t sequence, Ticks until) {
  std::unique_lock lock(mutex_);
  // There may be room since the last try, and since the one under way began.
  const std::uint64_t refused = refusals_ + 2;
  const auto ended = [&] { return failed_ || stopped_; };
  changed_.wait_until(lock, until, [&] { return sequence_ >= sequence || ended() || refusals_ >= refused; });
  if (sequence_ >= sequence) return Folded::kDone;
  if (ended()) return Folded::kEnded;
  return no_room_ ? Folded::kNoRoom : Folded::kTooLong;
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
        changed_.wait_for(lock, options_.full_disk_pause, [&] { return stopped_; });
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

// False: the folder is stopping, or a compaction finds no room.
bool Folder::wait_for_compaction() {
  while (loose_tables() > kLooseTablesMax && !failure_.has_failed()) {
    if (database_.lacks_room()) {
      found_no_room("compaction");
      return false;
    }
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, kLookAgain, [&] { return hurried_ || stopped_; })) break;
  }
  const std::lock_guard lock(mutex_);
  return !stopped_;
}

// Whether there may be another one.
bool Folder::fold_one() {
  const auto generation = stack_.oldest_unfolded();
  if (!generation) return false;
  if (no_room_ || database_.lacks_room()) database_.resume();
  if (!wait_for_compaction()) return false;
  const auto status = fold(database_, *generation, scratch_, options_.reached);
  if (status.IsNoSpace() && !failure_.has_failed()) {
    found_no_room(status.ToString());
    return false;
  }
  if (status.ok()) {
    stack_.folded();
    sequence_ = generation->last_sequence();
    ++folds_;
  }
  if (!status.ok()) failure_.fail(status.ToString());
  {
    const std::lock_guard lock(mutex_);
    no_room_ = false;
    failed_ = !status.ok();
  }
  changed_.notify_all();
  return status.ok();
}

void Folder::found_no_room(const std::string& reason) {
  bool is_news = false;
  {
    const std::lock_guard lock(mutex_);
    is_news = !std::exchange(no_room_, true);
    ++refusals_;
  }
  changed_.notify_all();
  if (is_news) log::error("store.disk_full", {{"reason", reason}});
}

}  // namespace helio::store::rocks
