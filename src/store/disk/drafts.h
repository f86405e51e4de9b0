// store/disk/drafts.h: the directory of blobs in the making, and which of them are open.
//
// Threads: any. Every call but the constructor blocks.
#pragma once
#include <mutex>
#include <optional>
#include <set>

#include "base/clock.h"
#include "base/random.h"

namespace helio::store::disk {

class Drafts {
 public:
  // `clock` and `random` outlive it; `random` is asked by one thread at a time.
  Drafts(std::string directory, const Clock& clock, Random& random, std::size_t open_max);

  // An open draft's name. Outlived by its Drafts.
  class Name {
   public:
    Name(Name&& other) noexcept : drafts_(std::exchange(other.drafts_, nullptr)), text_(std::move(other.text_)) {}
    Name& operator=(Name&&) = delete;
    ~Name();
    const std::string& text() const { return text_; }
    std::string path() const { return drafts_->directory_ + "/" + text_; }

   private:
    friend Drafts;
    Name(Drafts& drafts, std::string text) : drafts_(&drafts), text_(std::move(text)) {}
    Drafts* drafts_;
    std::string text_;
  };
  static bool is_name(std::string_view text);  // 32 digits 0-9a-f: no other name reaches the file system.
  // nullopt when it is open already, or too many are.
  std::optional<Name> take_new();
  std::optional<Name> take(const std::string& name);  // Needs is_name().

  std::uint64_t discard(seconds idle);
  void flush();  // Its names are durable then.

 private:
  std::optional<Name> take_locked(const std::string& name);

  const std::string directory_;
  const Clock& clock_;
  Random& random_;
  const std::size_t open_max_;
  std::mutex mutex_;
  std::set<std::string> open_;
};

}  // namespace helio::store::disk
