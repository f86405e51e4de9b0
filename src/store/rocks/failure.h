// store/rocks/failure.h: the disk failed, and the process has to end.
//
// What the kernel could not write it forgets: trying again would look as if it had worked. The next start reads the
// journal and knows what is durable.
// Threads: any.
#pragma once
#include <atomic>
#include <functional>
#include <string_view>

namespace helio::store::rocks {

class Failure {
 public:
  // `fatal`: as RocksOptions has it; empty: the process exits with code 1.
  explicit Failure(std::function<void(std::string_view reason)> fatal) : fatal_(std::move(fatal)) {}

  // The first call calls `fatal`. Returns only in tests, in which the engine goes on to refuse commits.
  void fail(std::string_view reason);
  bool has_failed() const { return failed_; }

 private:
  const std::function<void(std::string_view)> fatal_;
  std::atomic<bool> failed_ = false;
};

}  // namespace helio::store::rocks
