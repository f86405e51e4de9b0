#include "store/rocks/writer.h"

#include <algorithm>

#include "base/assert.h"
#include "base/clock.h"
#include "base/log.h"

namespace helio::store::rocks {

namespace {

// Frozen generations that wait for the folder. With the active one they bound the memory, and what the next start
// has to replay.
constexpr std::size_t kUnfoldedMax = 1;

// So long after the last commit, or after so many groups, their place in the journal is marked as durable.
constexpr std::chrono::milliseconds kMarkAfter{20};
constexpr int kMarkGroups = 1'000;

// A record is longer than the four bytes that the journal keeps of its length; one alone is a batch at most.
constexpr std::size_t kGroupSizeMax = Journal::kGroupSizeMax / 2;
static_assert(kBatchSizeMax + kPartitionSizeMax + kBatchChangesMax * 16 < kGroupSizeMax);

// The disk's space is looked at each time so much was written.
constexpr std::size_t kLookEvery = 4 << 20;

}  // namespace

Writer::Writer(Database& database, CurrentStack& stack, Folder& folder, Failure& failure, const RocksOptions& options)
    : database_(database),
      stack_(stack),
      folder_(folder),
      failure_(failure),
      options_(options),
      generation_size_(options.generation_size != 0 ? options.generation_size : options.memory / 4),
      group_size_max_(std::min(options.group_size_max, kGroupSizeMax)),
      journal_({.directory = options.directory / kJournalFolder,
                .segment_size = options.segment_size,
                .must_exist = database.folded().has_value(),
                .reached = options.reached},
               database.folded().value_or(0),
               [this](std::uint64_t sequence, View record) { replay(sequence, record); }) {
  if (!database.folded()) database.begin_journal();
  released_ = database.folded().value_or(0);
  thread_ = std::thread([this] { run(); });
}

Writer::~Writer() {
  stop();
}

void Writer::replay(std::uint64_t sequence, View bytes) {
  const auto damaged = [&] {
    return OpenError("The store in " + options_.directory.string() + " is damaged (record " + std::to_string(sequence) +
                     " of its journal does not follow from the one before): restore it from a backup.");
  };
  if (!make_room_in_memory()) {
    throw OpenError("The store in " + options_.directory.string() + " finds no room on its disk: free some space.");
  }
  const auto stack = stack_.load();
  const Commit done = stage(*stack, bytes);
  if (done.outcome == Outcome::kUnavailable && !unreadable_.empty()) {
    throw OpenError("The store in " + options_.directory.string() + " is damaged (" + unreadable_ +
                    "): restore it from a backup.");
  }
  if (done.outcome != Outcome::kCommitted) throw damaged();
  stack->active().apply(sequence, staged_.back().record, *staged_.back().box);
  staged_.clear();
  encoded_.clear();
}

void Writer::submit(const Batch& batch, std::shared_ptr<Call<Commit>> call) {
  Bytes record = encode_record(batch);
  const std::size_t size = record.size();
  bool accepted = false, wake = false;
  {
    const std::lock_guard lock(mutex_);
    const bool full = queue_.size() >= options_.queue_commits_max || queue_size_ + size > options_.queue_size_max;
    accepted = !closed_ && !full;
    if (accepted) {
      queue_.push_back({std::move(record), call});
      queue_size_ += size;
      wake = std::exchange(asleep_, false);
    }
  }
  if (wake) arrived_.notify_one();
  if (accepted) return;
  call->done({Outcome::kUnavailable, 0});
  Answers answers;
  answers.add(std::move(call));
  answers.send();
}

Folded Writer::fold_all(std::chrono::milliseconds patience) {
  const Ticks until = SystemClock().ticks() + patience;
  while (true) {
    std::unique_lock lock(mutex_);
    if (closed_) return Folded::kEnded;
    freezes_asked_ += 1;
    const std::uint64_t mine = freezes_asked_;
    arrived_.notify_one();
    frozen_.wait_until(lock, until, [&] { return freezes_done_ >= mine || closed_; });
    if (freezes_done_ < mine) return closed_ ? Folded::kEnded : Folded::kTooLong;
    const std::optional<std::uint64_t> up_to = frozen_up_to_;
    lock.unlock();
    if (up_to) return folder_.wait_for(*up_to, until);
    // The folder has to be done with another one first.
    const auto another = stack_.oldest_unfolded();
    if (!another) continue;
    const Folded folded = folder_.wait_for(another->last_sequence(), until);
    if (folded != Folded::kDone) return folded;
  }
}

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_one();
  frozen_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Writer::Counts Writer::counts() const {
  return {commits_, groups_};
}

void Writer::run() {
  std::vector<Submission> group;
  try {
    while (true) {
      const Next next = take(group);
      if (next == Next::kEnd) break;
      if (next == Next::kGroup) write(group);
      if (next == Next::kFreeze) freeze_for_all();
      if (next == Next::kIdle || unmarked_ == kMarkGroups) mark();
      release();
      group.clear();
    }
    mark();
  } catch (const JournalFailed& failed) {
    refuse(group, Outcome::kUnknown);
    failure_.fail(failed.what());
    refuse_all();
  }
}

// What is to be done next; a group holds the oldest submissions, at least one, up to group_size_max.
Writer::Next Writer::take(std::vector<Submission>& group) {
  std::unique_lock lock(mutex_);
  while (queue_.empty() && freezes_done_ == freezes_asked_ && !closed_) {
    asleep_ = true;
    if (unmarked_ == 0) {
      arrived_.wait(lock);
    } else if (arrived_.wait_for(lock, kMarkAfter) == std::cv_status::timeout && queue_.empty()) {
      asleep_ = false;
      return Next::kIdle;
    }
  }
  asleep_ = false;
  // Before the queue, which may never be empty under load.
  if (freezes_done_ != freezes_asked_ && !closed_) return Next::kFreeze;
  if (queue_.empty()) return Next::kEnd;
  std::size_t size = 0;
  while (!queue_.empty() && (group.empty() || size + queue_.front().record.size() <= group_size_max_)) {
    size += queue_.front().record.size();
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queue_size_ -= size;
  return Next::kGroup;
}

void Writer::write(std::vector<Submission>& group) {
  if (failure_.has_failed()) return refuse(group, Outcome::kUnavailable);
  std::size_t size = 0;
  for (const Submission& submission : group) size += submission.record.size();
  const bool is_full = !has_room_on_disk(size) || !make_room_in_memory() || !journal_.has_room(group.size(), size);
  if (is_full != was_full_) {
    was_full_ = is_full;
    is_full ? log::error("store.no_room") : log::info("store.has_room_again");
  }
  if (is_full) return refuse(group, Outcome::kUnavailable);

  const auto stack = stack_.load();
  std::vector<Commit> commits;
  commits.reserve(group.size());
  for (const Submission& submission : group) commits.push_back(stage(*stack, submission.record));
  if (!staged_.empty()) {
    std::uint64_t sequence = journal_.last();
    journal_.append(encoded_);
    for (const auto& [record, box] : staged_) stack->active().apply(++sequence, record, *box);
    ASSERT(sequence == journal_.last());
    commits_ += staged_.size();
    ++groups_;
    ++unmarked_;
    unchecked_ += size;
    reached("applied");
  }
  staged_.clear();
  encoded_.clear();

  // Conflicts too are answered only now: the version they name may be one of this group.
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i].call->done(commits[i]);
    answers_.add(std::move(group[i].call));
  }
  answers_.send();
  reached("answered");
}

Commit Writer::stage(const Stack& stack, View encoded) {
  Generation& active = stack.active();
  const auto asked = Record::read(encoded);
  if (!asked) return {Outcome::kUnavailable, 0};
  Generation::Box* box = active.find_staged(asked->partition());
  const auto known = find_head(stack, box, asked->partition());
  if (!known) return {Outcome::kUnavailable, 0};
  const std::uint64_t version = asked->head().version;
  if (known->version + 1 != version) return {Outcome::kConflict, known->version};

  // Only what is committed takes memory: a generation without a commit is never frozen, so that it must not grow.
  char* const kept = active.keep(encoded);
  Record record = asked->moved(encoded, kept);
  if (!box) box = &active.stage(record.partition());
  record.set_was_pending(kept, known->pending);
  Generation::set_staged_head(*box, record.head());
  encoded_.emplace_back(kept, encoded.size());
  staged_.push_back({record, box});
  return {Outcome::kCommitted, version};
}

// nullopt when the disk does not tell.
std::optional<Head> Writer::find_head(const Stack& stack, const Generation::Box* box, View partition) {
  if (box) {
    if (const auto staged = Generation::staged_head(*box)) return staged;
  }
  const Name name(partition);
  for (std::size_t i = 1; i < stack.generations.size(); ++i) {
    if (const auto found = stack.generations[i]->find(name)) return found->head;
  }
  std::string value;
  const auto status = database_->Get(read_options(), database_.meta(), head_key(partition), &value);
  if (status.IsNotFound()) return Head{};
  const auto head = status.ok() ? decode_head(value) : std::nullopt;
  if (!head) {
    unreadable_ = status.ok() ? "the version of a partition" : status.ToString();
    log::error("store.read_failed", {{"reason", unreadable_}});
  }
  return head;
}

bool Writer::has_room_on_disk(std::size_t size) {
  unchecked_ += was_full_ ? kLookEvery : 0;
  if (unchecked_ < kLookEvery) return true;
  unchecked_ = 0;
  const DiskSpace space = options_.disk_space ? options_.disk_space() : disk_space(options_.directory);
  return space.free >= space.reserve() / 2 + size;
}

// An active generation that takes more.
bool Writer::make_room_in_memory() {
  if (stack_.load()->active().size() < generation_size_) return true;
  if (!folder_.wait_below(kUnfoldedMax)) return false;
  freeze();
  return true;
}

void Writer::freeze() {
  if (stack_.load()->active().last_sequence() == 0) return;
  stack_.freeze();
  reached("fold.frozen");
  folder_.wake();
}

void Writer::freeze_for_all() {
  // One more than commits alone bring, not as many as are asked for while the disk is full.
  const bool may_freeze = folder_.wait_below(kUnfoldedMax + 1);
  if (may_freeze) freeze();
  {
    const std::lock_guard lock(mutex_);
    freezes_done_ = freezes_asked_;
    frozen_up_to_ = may_freeze ? std::optional(journal_.last()) : std::nullopt;
  }
  frozen_.notify_all();
}

void Writer::mark() {
  journal_.mark();
  unmarked_ = 0;
}

// Segments of the journal that are folded are used again.
void Writer::release() {
  const std::uint64_t folded = folder_.sequence();
  if (folded == released_) return;
  journal_.release(folded);
  released_ = folded;
  reached("fold.released");
}

void Writer::refuse(std::vector<Submission>& group, Outcome outcome) {
  for (Submission& submission : group) {
    if (!submission.call) continue;  // Answered.
    submission.call->done({outcome, 0});
    answers_.add(std::move(submission.call));
  }
  answers_.send();
}

// The journal can be used no more: what comes is refused until stop().
void Writer::refuse_all() {
  std::vector<Submission> rest;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    for (Submission& submission : queue_) rest.push_back(std::move(submission));
    queue_.clear();
    queue_size_ = 0;
  }
  frozen_.notify_all();
  refuse(rest, Outcome::kUnavailable);
}

void Writer::reached(View point) const {
  if (options_.reached) options_.reached(point);
}

}  // namespace helio::store::rocks
