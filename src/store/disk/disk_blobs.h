// store/disk/disk_blobs.h: store/blob.h as files in a local directory, owned by this process alone.
//
// Made:    a draft is a file of `drafts/`; finish() adds checksums, flushes it, renames it to its id and flushes the
//          directory (docs/storage.md, "Blobs"). Pieces are hashed as they come.
// Threads: two pools, so that a disk that is slow to flush does not keep readers waiting. No caller's thread touches
//          the disk.
// Bounded: open drafts, bytes of pieces that wait, reads. An open draft costs a file descriptor, its holes (some 50
//          bytes each, 8,192 at most), and 8 bytes for every 64 KiB of it.
// Room:    pieces are refused while less of the disk is free than its reserve, or by the quota.
// Failure: a failed write or flush removes the draft it happened to, and is never tried again; no other data rests on
//          it, so the process goes on. After a failed rename or flush of a directory no blob in it is answered until
//          the process starts anew; reads go on.
// Backup:  files of blobs never change: copy them in any way, names and all. keep_all() holds while that lasts.
#pragma once
#include <functional>
#include <memory>

#include "base/random.h"
#include "store/blob.h"
#include "store/disk/room.h"

namespace helio::store {

class Pool;
namespace disk {
struct Engine;
}

struct DiskOptions {
  std::string directory;   // Made when it does not exist. On one file system, with all that is in it.
  int reader_threads = 4;  // For reads.
  int writer_threads = 4;  // For everything else.
  std::size_t drafts_open_max = 1024;
  std::size_t reads_max = 1024;
  std::size_t waiting_size_max = 64 << 20;  // Bytes of pieces that wait for the disk.
  disk::RoomOptions room;                   // Its `space` is the disk of `directory` unless set.
  // Tests: called at named points on the engine's threads: "blob.written", "blob.flushed", "blob.renamed",
  // "blob.directory_flushed". What it throws reaches the caller of finish() and leaves the files as they are.
  std::function<void(View point)> reached;
};

class DiskBlobs final : public Blobs {
 public:
  // Throws OpenError. `clock` and `random` outlive it and its drafts, and may be used from any thread.
  DiskBlobs(DiskOptions options, const Clock& clock, Random& random);
  ~DiskBlobs() override;  // Finishes what is in flight.

  Task<BlobStarted> start(std::optional<std::uint64_t> size) override;
  Task<BlobStarted> resume(Bytes name, std::optional<std::uint64_t> size, std::vector<Stretch> there) override;
  Task<std::optional<Bytes>> read(BlobId id, std::uint64_t offset, std::size_t size) override;
  Task<std::optional<std::uint64_t>> size_of(BlobId id) override;
  Task<bool> renew(BlobId id) override;
  Task<BlobCheck> verify(BlobId id) override;
  Task<std::vector<BlobInfo>> list(std::uint8_t first) override;
  Task<bool> erase(BlobId id, seconds idle) override;
  Task<std::uint64_t> discard_drafts(seconds idle) override;

  // Nothing is erased while the answer lives: for a backup, which takes the rows first and the blobs they name later.
  std::shared_ptr<void> keep_all();

 private:
  std::shared_ptr<disk::Engine> engine_;
  std::shared_ptr<Pool> readers_, writers_;
};

}  // namespace helio::store
