// store/rocks/writer.h: the one thread that writes. It turns all commits that wait into one synced RocksDB batch.
//
// Conditions are checked against the head (version, pending) of each partition, which nobody else changes: the writer
// keeps the heads it has seen, including those of the batch it is building.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <unordered_map>

#include "store/rocks/call.h"
#include "store/rocks/database.h"
#include "store/rocks/layout.h"

namespace helio::store::rocks {

class Writer {
 public:
  Writer(Database& database, const RocksOptions& options);
  ~Writer();

  // Any thread. The call is answered later, in any case.
  void submit(Batch batch, std::shared_ptr<Call<Commit>> call);
  // Writes what waits and ends the thread.
  void stop();

  RocksKv::Counts counts() const;

 private:
  struct Submission {
    Batch batch;
    std::size_t size;
    std::shared_ptr<Call<Commit>> call;
  };

  void run();
  bool take(std::vector<Submission>& group);
  void write(std::vector<Submission>& group);
  Commit stage(const Batch& batch, rocksdb::WriteBatch& out);
  std::optional<Head> find_head(const Bytes& partition);
  void fail(const std::vector<Submission>& group, const rocksdb::Status& status);

  Database& database_;
  const RocksOptions& options_;

  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Submission> queue_;
  std::size_t queue_size_ = 0;
  bool asleep_ = false;
  bool closed_ = false;  // Stopped, or the disk failed.

  // The thread's own.
  std::unordered_map<Bytes, Head> heads_;
  Answers answers_;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<std::uint64_t> groups_ = 0;

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace helio::store::rocks
