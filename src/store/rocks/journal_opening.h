// store/rocks/journal_opening.h: what lies in a journal's directory: created, checked, replayed.
//
// Errors:  OpenError with a sentence for the owner; JournalFailed where the disk itself failed.
// Memory:  one group at a time, and a window of a file.
// Rules:   store/rocks/journal.h, "Opening"; docs/storage.md, "The journal".
#pragma once
#include <vector>

#include "store/rocks/journal.h"
#include "store/rocks/journal_format.h"

namespace helio::store::rocks::journal {

inline constexpr const char* kMarkFile = "durable";

struct Segment {
  std::string name = {};
  SegmentHeader header = {};
  std::uint64_t used = kBlock;  // Where its next group goes.
};

// What a journal writes into its mark file, in turn, so that a torn write leaves the one before.
struct Marks {
  Mark newest = {};
  unsigned next_block = 0;
};

struct Opened {
  Marks marks = {};
  std::vector<Segment> segments = {};  // In order; the last one is in use.
  std::uint64_t last = 0;
  std::vector<std::string> unneeded = {};  // Segments that hold only what is folded.
  std::vector<std::string> spares = {};    // By their names; nobody has looked into them.
};

// Whether a journal was ever created there; OpenError for one that has lost its mark file.
bool is_created(const std::filesystem::path& directory);
// The directory exists or its parent does; an interrupted creation is done again.
void create(const std::filesystem::path& directory, std::uint64_t folded);

// Of a directory in which a journal exists. Removes what a crash left in the making.
Opened open(const Directory& directory, std::uint64_t folded, const Journal::Replay& replay);

}  // namespace helio::store::rocks::journal
