// store/disk/draft_file.h: a blob in the making: a file among the drafts that takes pieces in any order.
//
// The digest follows the pieces: what has come without a hole from the beginning is hashed at once, so that finish()
// has little left to read. A piece that changes bytes already hashed makes finish() read them all again.
//
// Failure: a failed write or flush removes the draft. Nothing that was answered rests on it except its own earlier
//          flushes, so the process can go on.
// Crash:   an exception that is neither StoreDown nor DiskFull (tests throw them at the named points) leaves all
//          files as they are, as the end of the process would.
// Threads: one at a time (store/disk/turns.h). Every call blocks.
#pragma once
#include "store/disk/blob_file.h"
#include "store/disk/drafts.h"
#include "store/disk/room.h"
#include "store/disk/shelf.h"

namespace helio::store::disk {

// What drafts need of their engine; outlives them.
struct Engine;

class DraftFile {
 public:
  // Its name is taken at `drafts`, and `there` at `room`.
  DraftFile(std::shared_ptr<Engine> engine, Drafts::Name name, File file, std::optional<std::uint64_t> size,
            Stretches there, bool kept);
  ~DraftFile();                                             // Removes it, unless it was flushed.
  const std::string& name() const { return name_.text(); }  // Any thread.

  BlobOutcome write(std::uint64_t offset, View piece);
  BlobOutcome flush();
  // Nothing: it hashed for a while and is not done; call again.
  std::optional<BlobStored> finish();
  BlobOutcome abandon();

 private:
  template <class T, class F>
  T guarded(T no_room, F work);
  BlobOutcome write(Stretch stretch, View piece);
  void follow(Stretch stretch, View piece);
  void digest_more(std::uint64_t bytes_max);
  void flush_file();
  BlobStored publish();
  void discard() noexcept;

  const std::shared_ptr<Engine> engine_;
  const Drafts::Name name_;
  std::optional<File> file_;  // None: it was finished or discarded, or left as a crash leaves it.
  const std::optional<std::uint64_t> size_;
  Stretches there_;
  std::uint64_t taken_;  // At the room.
  Digest digest_;
  bool following_ = true;
  std::uint64_t unflushed_ = 0;  // Bytes written since the last flush.
  bool kept_;                    // Flushed, with its name: whoever remembers it may resume it.
};

}  // namespace helio::store::disk
