// store/rocks/journal.h: the log of the embedded engine: every commit, in order, durable before anyone is answered.
//
// Shape:    segment files, mostly of one size, in a directory of their own, written through beforehand, because to
//           flush into blocks that exist already is cheaper than to grow a file. A group is a number of records with
//           consecutive sequence numbers, under one header and one checksum: written with one system call and flushed
//           with one. The records are bytes to this file; what they mean is store/rocks/record.h.
// Sequence: the first record ever is 1. A group is written only after the one before it is durable, and a segment is
//           begun only after the one before it is: whatever lies before a whole group was acknowledged.
// Opening:  replays every record after `folded`. A group that is not whole is the torn end of the log, and is dropped,
//           only if nothing acknowledged can lie in or behind it: in the newest segment, no whole group after it, and
//           its sequence above the durable mark. Else OpenError, which names the file. What is replayed was flushed and
//           read back from the disk: a failed flush before the last end may have left more in memory than on it.
//           The next group overwrites a torn one; why no remains of that can come back says docs/storage.md.
// Mark:     `durable` is a small file beside the segments with the newest sequence known to be durable. It is written
//           some time after the group (mark()), never in its way; without it the loss of the last groups could not be
//           told from a torn end. The caller marks before it closes. Opening and every new segment mark too.
// Failure:  what fails is never tried again: after a failed flush the kernel has forgotten the bytes. The caller ends
//           the process. Full disk is different: a new segment that finds no room leaves all as it was (has_room()).
// Space:    segments whose records are all folded are used again under a new number, up to Options::spares of them are
//           kept. A thread of the journal's own prepares the next segment before it is needed (journal_spares.h).
// Threads:  append(), has_room(), mark() and release() on one thread; size() too.
// Format:   docs/storage.md, "The journal".
#pragma once
#include <functional>
#include <memory>
#include <span>

#include "store/rocks/journal_files.h"

namespace helio::store::rocks {

class Journal {
 public:
  static constexpr std::size_t kGroupSizeMax = 16 << 20;  // In the file, with header and lengths.

  struct Options {
    std::filesystem::path directory;  // Made when it does not exist; its parent exists.
    // Of new segments, made up to whole blocks of 4 KiB, two at least; one for a group that needs more is larger. Those
    // that exist keep theirs.
    std::size_t segment_size = 64 << 20;
    std::size_t spares = 2;  // Released segments that are kept.
    // RocksDB says that there is a journal: one that is gone is an OpenError, instead of made when `folded` is 0.
    bool must_exist = false;
    // Tests: a named point of the code was reached, on the journal's own thread too: "journal.written",
    // "journal.flushed", "journal.marked", "journal.segment_made", "journal.spare_made", "journal.recycled".
    std::function<void(View point)> reached = nullptr;
  };
  // Called for each record after `folded`, in order. An OpenError may still follow.
  using Replay = std::function<void(std::uint64_t sequence, View record)>;

  // An empty journal whose first record will be `folded` + 1, for a restored store. Throws OpenError, also when there
  // is one.
  static void create(const std::filesystem::path& directory, std::uint64_t folded);

  // `folded`: what RocksDB has already. Throws OpenError: the journal is damaged, ends below `folded`, or begins above.
  Journal(Options options, std::uint64_t folded, const Replay& replay);
  ~Journal();

  // The sequence of the newest durable record; 0 = none was ever written.
  std::uint64_t last() const;

  // Makes sure that a group of so many records, of `size` bytes together, fits into the segment in use, or begins
  // another one. Less fits then, too. False: the disk has no room; nothing changed, and a later call may succeed.
  // Throws JournalFailed for any other error. The group must not be larger than kGroupSizeMax.
  bool has_room(std::size_t records, std::size_t size);
  // Writes the records, at least one, which get the sequences last() + 1 and so on, and flushes them. has_room() was
  // asked before. Throws JournalFailed; then nothing is known of the group, and the journal may not be used any more.
  void append(std::span<const View> records);
  // Writes the durable mark if it is behind. Throws JournalFailed.
  void mark();
  // Records up to `sequence` are needed no more: RocksDB has them, and has flushed them. Throws JournalFailed.
  void release(std::uint64_t sequence);

  struct Size {
    std::size_t segments = 0;    // In use.
    std::uint64_t unfolded = 0;  // Bytes of the groups in them, which is what a start has to read.
  };
  Size size() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace helio::store::rocks
