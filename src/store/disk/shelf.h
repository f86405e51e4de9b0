// store/disk/shelf.h: the published blobs of a directory, under their names for ever.
//
// Files:   docs/storage.md, "Blobs". One process at a time, which holds the lock of the file `format`.
// Order:   place() a file, then settle() its directory, and only then tell anybody: until a directory is flushed, what
//          lies in it may be gone after a loss of power. renew() settles too.
// Failure: after a failed rename or flush of a directory the kernel's view of it proves nothing any more. From then on
//          this process answers no blob of that directory (1/256 of all), and reads go on.
// Threads: any. Every call blocks.
#pragma once
#include <array>
#include <atomic>
#include <mutex>
#include <unordered_set>

#include "store/blob.h"
#include "store/disk/file.h"

namespace helio::store::disk {

// The ids that were answered within the last kBlobGrace, by ticks: a wall clock that is set forward makes no blob old.
// Also some that were answered within the last two, and all ids while there are more than it remembers.
class Recent {
 public:
  explicit Recent(const Clock& clock) : clock_(clock) {}
  void add(const BlobId& id);
  bool holds(const BlobId& id);

 private:
  static constexpr std::size_t kMax = 100'000;
  struct Span {
    std::unordered_set<std::string> ids;
    bool all = false;
  };
  void turn();

  const Clock& clock_;
  std::mutex mutex_;
  Ticks since_{};  // Where `now_` began.
  Span now_, before_;
};

class Shelf {
 public:
  // Makes what is not there. Throws OpenError. `clock` outlives it.
  Shelf(std::string directory, const Clock& clock);
  void unlock();  // Another process, or another shelf of this one, may have the directory now. Nothing is asked later.

  std::string path_of(const BlobId& id) const;
  std::string drafts() const { return directory_ + "/drafts"; }

  // Gives a whole, flushed file the blob's name. The size of the content that had it before: the same, and so both
  // exist once. The newer file wins, because the older may have been damaged since.
  std::optional<std::uint64_t> place(const std::string& file, const BlobId& id);
  void settle(const BlobId& id);
  bool renew(const BlobId& id);

  struct Erased {
    bool gone = false;
    std::uint64_t size = 0;  // Of the content that was removed.
  };
  Erased erase(const BlobId& id, seconds idle);
  std::vector<BlobInfo> list(std::uint8_t first) const;

  // Nothing is erased while this lives.
  std::shared_ptr<void> keep_all();

 private:
  struct Directory {
    std::mutex mutex;
    std::uint64_t changed = 1;  // Of what earlier processes did we do not know whether it was flushed.
    std::uint64_t flushed = 0;
    bool broken = false;
  };
  std::string directory_of(std::uint8_t first) const;
  Directory& directory_at(const BlobId& id) { return directories_[static_cast<std::uint8_t>(id.hash[0])]; }
  void open();

  const std::string directory_;
  const Clock& clock_;
  std::optional<File> format_;
  std::array<Directory, 256> directories_;
  Recent recent_;
  std::shared_ptr<std::atomic<int>> keepers_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace helio::store::disk
