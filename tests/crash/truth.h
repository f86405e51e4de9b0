// tests/crash/truth.h: what a store must contain, kept outside of the process and the directory under test.
//
// A box (one partition) is what was acknowledged, and at most one commit that was asked for and not answered: after a
// crash the version tells whether it is there. Values are made from a seed, so that the truth about many megabytes is
// small, and its file tells everything.
// File: one line for each thing asked, before it is sent, and one for each answer; append-only, flushed by flush().
// Errors: a complaint is a sentence; an empty one means that all is as it must be.
#pragma once
#include <cstdio>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "store/kv.h"

namespace helio::crash {

// `size` bytes that begin with the seed, as far as they reach, and go on at random.
struct Value {
  std::uint64_t seed = 0;
  std::uint32_t size = 0;

  Bytes bytes() const;
  bool is(View bytes) const;
};
using Rows = std::map<Bytes, Value>;

struct Change {
  std::uint64_t expect = 0;
  std::vector<store::Range> erase_ranges = {};
  std::vector<Bytes> erase = {};
  std::vector<std::pair<Bytes, Value>> puts = {};
  bool pending = false;

  void apply(Rows& rows) const;
};

struct Box {
  std::uint64_t version = 0;
  bool pending = false;
  Rows rows = {};
  std::optional<Change> asked = {};  // In flight, or unknown since the victim died.
  bool shown = false;                // A read showed `asked` before it was answered.
};

class Truth {
 public:
  explicit Truth(const std::filesystem::path& file);
  Truth(const Truth&) = delete;
  ~Truth();

  Box& box(const Bytes& partition) { return boxes_[partition]; }
  const std::map<Bytes, Box>& boxes() const { return boxes_; }
  std::map<Bytes, Box>& boxes() { return boxes_; }

  void asked(std::uint64_t number, const Bytes& partition, const Change& change);
  // The answer to what was asked of `partition`.
  [[nodiscard]] std::string answered(std::uint64_t number, const Bytes& partition, store::Commit commit);
  // The answer to a batch that was computed from a version which was not the current one.
  [[nodiscard]] std::string answered_stale(std::uint64_t number, const Bytes& partition, store::Commit commit);

  // A page that was read while nothing, or what is in `asked`, was in flight.
  [[nodiscard]] std::string read(const Bytes& partition, const store::Scan& scan, const store::Page& page);
  [[nodiscard]] std::string read(const Bytes& partition, const std::vector<Bytes>& keys, const store::Values& values);
  // After a crash: the version decides about `asked`.
  [[nodiscard]] std::string settle(const Bytes& partition, std::uint64_t version);

  // Blobs, by id (32 bytes).
  Bytes blob_asked(Value content);  // Its id.
  [[nodiscard]] std::string blob_answered(const Bytes& id, const Bytes& answer, Value content);
  [[nodiscard]] std::string blob_read(const Bytes& id, View content) const;
  const std::map<Bytes, Value>& blobs() const { return blobs_; }  // Answered.
  bool was_blob_asked(const Bytes& id) const { return blobs_asked_.contains(id); }

  std::uint64_t next_number() { return ++number_; }  // Of a request; never used twice.
  void note(const std::string& line);                // For the reader of the file.
  void flush();

 private:
  std::FILE* file_;
  std::uint64_t number_ = 0;
  std::map<Bytes, Box> boxes_;
  std::map<Bytes, Value> blobs_;
  std::set<Bytes> blobs_asked_;
};

}  // namespace helio::crash
