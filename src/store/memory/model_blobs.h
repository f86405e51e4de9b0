// store/memory/model_blobs.h: the contract of store/blob.h in memory, with every misfortune it allows: what the rooms
// above the store are tested on.
//
// Parts:   ModelBlobDisk is what is stored; ModelBlobs is one process's way to it. One that is destroyed, or crash()ed,
//          is a dead process whose disk remains: of its drafts, what was flushed.
// Faults:  drawn from a seed; delays are slept on the injected clock. The same seed and calls give the same answers.
// Threads: one io_context.
#pragma once
#include <map>

#include "base/random.h"
#include "store/blob.h"

namespace helio::store {

struct ModelBlobDisk {
  struct Blob {
    Bytes content;
    Wall answered;
  };
  struct Draft {
    Bytes content;
    Wall changed;
  };
  std::map<BlobId, Blob> blobs;
  std::map<Bytes, Draft> drafts;
};

// How often what goes wrong: probabilities from 0 to 1, for every call. All off unless told.
struct ModelBlobFaults {
  milliseconds delay_max{0};  // Each call waits up to this before it takes effect, and again before it is answered.

  double busy = 0;     // start, resume, write, flush, finish, abandon: kBusy.
  double no_room = 0;  // start, resume, write, flush, finish: kNoRoom.
  double write_down =
      0;  // write, flush, finish: StoreDown, and the draft is gone. renew, erase, discard_drafts: StoreDown.
  double finish_lost = 0;  // finish: StoreDown, although the blob is there.
  double read_down = 0;    // read, size_of, verify, list: StoreDown.
};

class ModelBlobs final : public Blobs {
 public:
  // `disk` and `clock` outlive the tasks that call, not only this object.
  ModelBlobs(ModelBlobDisk& disk, Clock& clock, std::uint64_t seed, ModelBlobFaults faults = {});
  ~ModelBlobs() override;  // As crash().

  Task<BlobStarted> start(std::optional<std::uint64_t> size) override;
  Task<BlobStarted> resume(Bytes name, std::optional<std::uint64_t> size, std::vector<Stretch> there) override;
  Task<std::optional<Bytes>> read(BlobId id, std::uint64_t offset, std::size_t size) override;
  Task<std::optional<std::uint64_t>> size_of(BlobId id) override;
  Task<bool> renew(BlobId id) override;
  Task<BlobCheck> verify(BlobId id) override;
  Task<std::vector<BlobInfo>> list(std::uint8_t first) override;
  Task<bool> erase(BlobId id, seconds idle) override;
  Task<std::uint64_t> discard_drafts(seconds idle) override;

  void set_faults(ModelBlobFaults faults);  // From now on.
  // The process dies: calls in flight, and later ones, change nothing and end as if cancelled (operation_aborted).
  void crash();

  struct Counts {
    std::uint64_t stored = 0, busy = 0, no_room = 0, down = 0;
  };
  const Counts& counts() const;  // What the faults really did: a test that hits none proves nothing.

 private:
  struct Process;
  class Draft;
  // Calls in flight, and drafts, keep it alive.
  std::shared_ptr<Process> process_;
};

}  // namespace helio::store
