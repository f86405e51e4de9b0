// mtproto/transport/input.h: bytes that have arrived and are not used yet.
//
// While frames arrive whole, nothing is copied: they are parsed where the socket put them. Only the tail of a read that
// ends inside a frame is kept, so memory follows what was received, never what a length promises.
#pragma once
#include <span>

#include "base/bytes.h"

namespace helio::mtproto {

class Input {
 public:
  // Adds `fresh`, which stays the caller's and must live until keep().
  void add(std::span<char> fresh) {
    if (held_.size() == used_) {
      held_.clear();
      used_ = 0;
      fresh_ = fresh;
    } else {
      held_.append(fresh.data(), fresh.size());
    }
  }

  // Everything not yet dropped, in order. Valid until the next call that is not drop().
  std::span<char> bytes() {
    if (!fresh_.empty()) return fresh_;
    return std::span(held_).subspan(used_);
  }

  void drop(std::size_t size) {
    if (!fresh_.empty()) {
      fresh_ = fresh_.subspan(size);
    } else {
      used_ += size;
    }
  }

  // Copies what is left, so that the caller's buffer may be used for something else.
  void keep() {
    if (!fresh_.empty()) {
      held_.assign(fresh_.data(), fresh_.size());
      used_ = 0;
      fresh_ = {};
    } else if (used_ == held_.size()) {
      Bytes().swap(held_);
      used_ = 0;
    } else if (used_ > held_.size() / 2) {
      held_.erase(0, used_);
      used_ = 0;
    }
  }

  // What is kept, in bytes of memory.
  std::size_t held() const { return held_.capacity() < kInPlace ? 0 : held_.capacity(); }

  bool empty() const { return fresh_.empty() && used_ == held_.size(); }

 private:
  static constexpr std::size_t kInPlace = 16;  // So little needs no memory of its own.
  Bytes held_;
  std::size_t used_ = 0;  // Of held_.
  std::span<char> fresh_;
};

}  // namespace helio::mtproto
