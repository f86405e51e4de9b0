#include "store/rocks/writer.h"

#include <cstdlib>

#include "base/log.h"
#include "store/limits.h"

namespace helio::store::rocks {

namespace {

// Heads kept in memory: a few MiB.
constexpr std::size_t kHeadsMax = 65'536;

// Eight bytes of checksum go with each key and value from here to the memtable.
constexpr std::size_t kProtectionBytes = 8;

rocksdb::Slice slice(View bytes) {
  return {bytes.data(), bytes.size()};
}

}  // namespace

Writer::Writer(Database& database, const RocksOptions& options)
    : database_(database), options_(options), thread_([this] { run(); }) {}

Writer::~Writer() {
  stop();
}

void Writer::submit(Batch batch, std::shared_ptr<Call<Commit>> call) {
  const std::size_t size = size_of(batch);
  bool accepted = false, wake = false;
  {
    const std::lock_guard lock(mutex_);
    const bool full = queue_.size() >= options_.queue_commits_max || queue_size_ + size > options_.queue_size_max;
    accepted = !closed_ && !full;
    if (accepted) {
      queue_.push_back({std::move(batch), size, call});
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

void Writer::stop() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  arrived_.notify_one();
  if (thread_.joinable()) thread_.join();
}

RocksKv::Counts Writer::counts() const {
  return {commits_, groups_};
}

void Writer::run() {
  std::vector<Submission> group;
  while (take(group)) {
    write(group);
    group.clear();
  }
}

// The oldest submissions, at least one, up to group_size_max; false when there are none and none will come.
bool Writer::take(std::vector<Submission>& group) {
  std::unique_lock lock(mutex_);
  while (queue_.empty() && !closed_) {
    asleep_ = true;
    arrived_.wait(lock);
  }
  asleep_ = false;
  std::size_t size = 0;
  while (!queue_.empty() && (group.empty() || size + queue_.front().size <= options_.group_size_max)) {
    size += queue_.front().size;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  queue_size_ -= size;
  return !group.empty();
}

void Writer::write(std::vector<Submission>& group) {
  if (heads_.size() > kHeadsMax) heads_.clear();

  std::size_t size = 0;
  for (const Submission& submission : group) size += submission.size;
  rocksdb::WriteBatch batch(size + size / 2, 0, kProtectionBytes, 0);

  std::vector<Commit> commits;
  commits.reserve(group.size());
  std::uint64_t committed = 0;
  for (const Submission& submission : group) {
    commits.push_back(stage(submission.batch, batch));
    if (commits.back().outcome == Outcome::kCommitted) ++committed;
  }

  if (committed > 0) {
    rocksdb::WriteOptions synced;
    synced.sync = true;
    synced.protection_bytes_per_key = kProtectionBytes;
    const auto status = database_->Write(synced, &batch);
    if (!status.ok()) return fail(group, status);
    commits_ += committed;
    ++groups_;
  }

  // Conflicts too are answered only now: the version they name may be one of this batch.
  for (std::size_t i = 0; i < group.size(); ++i) {
    group[i].call->done(commits[i]);
    answers_.add(std::move(group[i].call));
  }
  answers_.send();
}

Commit Writer::stage(const Batch& batch, rocksdb::WriteBatch& out) {
  const auto known = find_head(batch.partition);
  if (!known) return {Outcome::kUnavailable, 0};
  if (known->version != batch.expect) return {Outcome::kConflict, known->version};

  // In the order of the contract: for RocksDB the later of two operations on a key wins.
  const Bytes prefix = row_prefix(batch.partition);
  Bytes key = prefix, to = prefix;
  const auto row = [&](Bytes& buffer, View name) {
    buffer.resize(prefix.size());
    buffer.append(name);
    return slice(buffer);
  };
  rocksdb::ColumnFamilyHandle* const rows = database_.rows();
  rocksdb::ColumnFamilyHandle* const meta = database_.meta();
  for (const Range& range : batch.erase_ranges) {
    if (range.from < range.to) out.DeleteRange(rows, row(key, range.from), row(to, range.to));
  }
  for (const Bytes& name : batch.erase) out.Delete(rows, row(key, name));
  for (const Put& put : batch.puts) out.Put(rows, row(key, put.key), slice(put.value));

  const Head head{.version = known->version + 1, .pending = batch.pending};
  out.Put(meta, head_key(batch.partition), encode_head(head));
  if (head.pending != known->pending) {
    const Bytes mark = pending_key(bucket_of(batch.partition), batch.partition);
    if (head.pending) {
      out.Put(meta, mark, {});
    } else {
      out.Delete(meta, mark);
    }
  }
  heads_[batch.partition] = head;
  return {Outcome::kCommitted, head.version};
}

// nullopt when the disk does not tell.
std::optional<Head> Writer::find_head(const Bytes& partition) {
  if (const auto found = heads_.find(partition); found != heads_.end()) return found->second;
  std::string value;
  const auto status = database_->Get(rocksdb::ReadOptions(), database_.meta(), head_key(partition), &value);
  std::optional<Head> head;
  if (status.IsNotFound()) {
    head = Head{};
  } else if (status.ok()) {
    head = decode_head(value);
  }
  if (head) {
    heads_[partition] = *head;
  } else {
    log::error("store.read_failed", {{"reason", status.ToString()}});
  }
  return head;
}

void Writer::fail(const std::vector<Submission>& group, const rocksdb::Status& status) {
  const std::string reason = status.ToString();
  log::error("store.write_failed", {{"reason", reason}});
  std::deque<Submission> rest;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    rest.swap(queue_);
    queue_size_ = 0;
  }
  for (const Submission& submission : group) {
    submission.call->done({Outcome::kUnknown, 0});
    answers_.add(submission.call);
  }
  for (const Submission& submission : rest) {
    submission.call->done({Outcome::kUnavailable, 0});
    answers_.add(submission.call);
  }
  answers_.send();

  if (options_.fatal) {
    options_.fatal(reason);
    return;
  }
  log::stop();
  std::_Exit(1);
}

}  // namespace helio::store::rocks
