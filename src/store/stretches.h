// store/stretches.h: which bytes of a file have come, when they come in any order.
//
// Neighbours merge, so memory follows the number of holes, which is bounded.
#pragma once
#include <cstdint>
#include <map>

namespace helio::store {

struct Stretch {
  std::uint64_t from = 0, to = 0;  // from <= byte < to
};

class Stretches {
 public:
  static constexpr std::size_t kMax = 8192;  // Half of a file of 16,384 parts, every other one missing.

  // Needs from < to. False, and nothing changes, when this would be a stretch too many.
  bool add(Stretch stretch);
  bool takes(Stretch stretch) const;  // Whether add() would.
  // How many bytes of `stretch` are not there.
  std::uint64_t missing(Stretch stretch) const;
  // Where the stretch that begins with byte 0 ends; 0 when there is none.
  std::uint64_t reached() const;
  // How many bytes there are.
  std::uint64_t size() const { return size_; }
  // One past the last byte.
  std::uint64_t end() const;
  // Every byte below end() is there, and there is one.
  bool whole() const { return end() > 0 && reached() == end(); }

 private:
  using Ends = std::map<std::uint64_t, std::uint64_t>;
  Ends::const_iterator first_touched(Stretch stretch) const;

  std::uint64_t size_ = 0;
  Ends ends_;  // By their beginnings; neither overlapping nor touching.
};

}  // namespace helio::store
